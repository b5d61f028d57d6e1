"""A rendered job as files: statements.sql, job.py, plan.json, manifest.json."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import jinja2

from juncture import __version__
from juncture.errors import JunctureError
from juncture.model.joins import TESTED_FLINK
from juncture.model.operators import JoinOperators, join_operators
from juncture.model.plan import CompiledPlan
from juncture.model.rendered import RenderedJob
from juncture.model.startpoint import NOW_MINUS, knows_flink
from juncture.render.options import event_join_options

FILES = ("statements.sql", "job.py", "plan.json", "manifest.json")
OPERATORS_JAR = f"juncture-operators-{__version__}.jar"
"""What job.py calls the jar of the event join, where it lies beside it."""
TABLE_OPTIONS = "juncture.table."
"""An option of job.py that begins so goes on with a table and one of its connector's options, for one start."""


def bundle(
    rendered: RenderedJob, plan: CompiledPlan, jars: Sequence[tuple[str, str]], templates: Sequence[Path]
) -> dict[str, str]:
    """The text of each file, by name: the same bytes for the same input.

    Args:
        rendered: the job.
        plan: what the planner made of it.
        jars: (coordinates, sha256) of what the job needs besides Flink and its own jars.
        templates: folders that hold job.py.j2, the first one wins.

    Raises JunctureError if the project's job.py.j2 is older than what the job needs of it.
    """
    joins = join_operators(rendered, plan)
    if joins.taken:
        options = event_join_options(rendered.job) | rendered.options
        rendered = rendered.model_copy(update={"options": dict(sorted(options.items()))})
    files = {
        "statements.sql": _script(rendered),
        "job.py": _program(rendered, plan, joins, templates),
        "plan.json": plan.text,
    }
    manifest = {
        "schema_version": 1,
        "job": rendered.job.name,
        "project": rendered.project,
        "environment": rendered.environment,
        "juncture": __version__,
        "flink": plan.flink_version,
        "jars": [{"coordinates": name, "sha256": digest} for name, digest in jars],
        **_own(rendered),
        "topics": rendered.topics,
        "sources": {
            name: {"connector": table.connector, "startpoint": start.model_dump(mode="json")}
            for name, start in rendered.startpoints.items()
            if (table := rendered.statement("source", name))
        },
        "variables": list(rendered.placeholders),
        "options": rendered.options,
        "parallelism": rendered.job.parallelism,
        "operators": {node.uid: node.kind for node in plan.nodes},
        "event_join": {
            "flink": TESTED_FLINK,
            "joins": [each.uid for each in joins.taken],
            "chains": joins.chains,
            "apart": [uid for uid in rendered.apart if uid in joins.grouping.apart],
        }
        if joins.taken
        else None,
        "inputs": rendered.inputs,
        "files": {name: _sha256(text) for name, text in files.items()},
    }
    files["manifest.json"] = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    return files


def _own(rendered: RenderedJob) -> dict[str, object]:
    """What the manifest says of a job that brings jars of its own."""
    if not rendered.jars:
        return {}
    jars = [{"path": each.path, "sha256": each.sha256} for each in rendered.jars]
    return {"own_jars": jars, "functions": dict(sorted(rendered.job.functions.items()))}


def digest(files: Mapping[str, str]) -> str:
    """One name for a bundle's content: sha256 over its manifest, which holds those of the other files."""
    return _sha256(files["manifest.json"])


def write(files: Mapping[str, str], directory: Path, beside: Mapping[str, Path] | None = None) -> Path:
    """Write a bundle into `directory`, whole or not at all: what was there is replaced in one step.

    `beside` are files to copy there, by the names that they get, in a folder of their own or not.

    Raises JunctureError if it can't be written, or if a folder is there that is no bundle; what was there before is
    there then.
    """
    if _is_anothers(directory):
        raise JunctureError(
            f"{directory} is there, and is no folder that was rendered",
            state="it is as it was",
            remedy="move it away, or write elsewhere with --to",
        )
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    except OSError as error:
        raise _unwritable(directory, error) from error
    try:
        for name, text in files.items():
            (fresh / name).write_bytes(text.encode())
        for name, path in (beside or {}).items():
            (fresh / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(path, fresh / name)
        fresh.chmod(0o755)
        _put(fresh, directory)
    except OSError as error:
        raise _unwritable(directory, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return directory


def _is_anothers(directory: Path) -> bool:
    """Whether there are files, and none says that they are a bundle; others may put one there at this moment."""
    while True:
        try:
            looked = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # none, or one that can't be replaced either
            return False
        try:
            names = os.listdir(looked)  # noqa: PTH208
            if not names or "manifest.json" in names:
                return False
            # One that was put away while it was looked at is being removed.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(looked), directory.stat()):
                    return True
        finally:
            os.close(looked)


def _put(fresh: Path, directory: Path) -> None:
    """Have a folder in the place of another, or of none, though others do the same at this moment."""
    if directory.is_file():
        raise NotADirectoryError(errno.ENOTDIR, "a file is there")
    old = fresh.with_name(f"{fresh.name}-old")
    while True:
        with suppress(FileNotFoundError):
            directory.rename(old)
        try:
            os.rename(fresh, directory)  # noqa: PTH104
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                if old.exists():
                    old.rename(directory)
                raise
        finally:
            shutil.rmtree(old, ignore_errors=True)


def _unwritable(directory: Path, error: OSError) -> JunctureError:
    return JunctureError(
        f"{directory} can't be written: {error.strerror or error}",
        state="what was rendered before, if anything, is still there",
        remedy="free space, or mend the folder's permissions",
    )


def _script(rendered: RenderedJob) -> str:
    options = (
        f"SET '{name}' = '{value.replace(chr(39), chr(39) * 2)}';" for name, value in rendered.options.items()
    )
    statements = (f"{statement.text};\n" for statement in rendered.statements)
    functions = (f"{statement};\n" for statement in rendered.functions.values())
    return "\n".join((*options, "", *functions, *statements))


def _program(
    rendered: RenderedJob,
    plan: CompiledPlan,
    joins: JoinOperators,
    templates: Sequence[Path],
) -> str:
    engine = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder) for folder in templates]),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Python, not HTML
    )
    engine.filters["python"] = repr
    engine.filters["python_block"] = _python_block
    starts = rendered.startpoints
    chains = [
        [
            [join.operator_uid, None if columns is None else list(columns)]
            for join, columns in zip(chain.joins, (None, *chain.columns), strict=True)
        ]
        for chain in joins.grouping.chains
    ]
    program = engine.get_template("job.py.j2").render(
        rendered=rendered,
        plan=plan,
        version=__version__,
        flink_version=plan.flink_version,
        event_joins=[each.operator_uid for each in joins.grouping.single],
        existence_joins={
            each.operator_uid: [bounds.left_time, bounds.right_time, bounds.lower, bounds.upper]
            for each in joins.existence
            if (bounds := each.bounds)
        },
        event_join_chains=chains,
        operators_jar=OPERATORS_JAR,
        tested_flink=TESTED_FLINK,
        job_path=f"jobs/{rendered.job.name}.yaml",
        description=rendered.job.description.replace("\\", "\\\\").replace('"""', "'''"),
        now_minus=NOW_MINUS,
        table_options=TABLE_OPTIONS,
        resolved_starts=[name for name, start in sorted(starts.items()) if not knows_flink(start)],
    )
    if any(
        repr(each) not in program
        for each in (*rendered.functions.values(), *(jar.name for jar in rendered.jars))
    ):
        raise JunctureError(
            "the project's own templates/job.py.j2 does not take the job's own jars and functions along",
            remedy="take over what Juncture's does with `rendered.jars` and `rendered.functions`",
        )
    if starts and repr(TABLE_OPTIONS) not in program:
        raise JunctureError(
            "the project's own templates/job.py.j2 does not apply startpoints",
            remedy="take over what Juncture's does with `table_options` and `resolved_starts`",
        )
    if any(repr(each.operator_uid) not in program for each in joins.taken):
        raise JunctureError(
            "the project's own templates/job.py.j2 does not start the event join",
            remedy="take over what Juncture's does with `event_joins`, `existence_joins` and `event_join_chains`, or"
            f" write `join_strategy: flink` in jobs/{rendered.job.name}.yaml",
        )
    return program


def _python_block(text: str) -> str:
    """A Python literal over several lines where the text allows it, as it is easier to read."""
    if '"""' in text or text.endswith(('"', "\\")) or "\r" in text:
        return repr(text)
    return f'r"""{text}"""'


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
