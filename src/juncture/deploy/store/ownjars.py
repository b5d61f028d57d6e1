"""Jobs' own jars in the store, so that a version of a job comes back with the classes that it had."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Bundle, Manifest, read_manifest
from juncture.errors import JunctureError
from juncture.project.jars import kept, put


def keep_own(bundle: Bundle, store: Store) -> None:
    """Put those of a bundle's jars into the store that are the job's own."""
    manifest = read_manifest(bundle.files)
    files = {jar.name: jar for jar in bundle.jars}
    for each in manifest.own_jars:
        store.put_jar(manifest.job, each.sha256, files[each.name].read_bytes())


def bring_back(manifest: Manifest, store: Store) -> Iterator[Path]:
    """Copies of the own jars of a job that was deployed. Raises JunctureError if the store lacks one of them."""
    for each in manifest.own_jars:
        found = kept(each.sha256, each.name)
        if found is None:
            data = store.get_jar(manifest.job, each.sha256)
            if data is None or hashlib.sha256(data).hexdigest() != each.sha256:
                raise JunctureError(
                    f"the store has no whole copy of {each.path} as it was deployed with '{manifest.job}'",
                    state="nothing was changed",
                    remedy=f"put it back from a backup: {store.jar_address(manifest.job, each.sha256)}",
                )
            found = put(data, each.sha256, each.name)
        yield found


def rebuilt(former: Manifest, manifest: Manifest, version: int) -> Iterator[str]:
    """What of a job's own differs from `version` before it, and what that does to state; a sentence each."""
    before = {each.path: each.sha256 for each in former.own_jars}
    changed = [
        f"{each.path} is another build"
        for each in manifest.own_jars
        if before.get(each.path, each.sha256) != each.sha256
    ]
    changed += [
        f"The function {name} is another class"
        for name, written in manifest.functions.items()
        if former.functions.get(name, written) != written
    ]
    for each in changed:
        yield (
            f"{each} than version {version}'s: state is kept as it is, and what functions have computed of earlier"
            " records is not computed anew"
        )
