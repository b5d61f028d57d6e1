"""A rendered job as files: statements.sql, job.py, plan.json, manifest.json."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from juncture import __version__
from juncture.errors import JunctureError
from juncture.model.plan import CompiledPlan
from juncture.model.rendered import RenderedJob
from juncture.render.connectors import NOW_MINUS

FILES = ("statements.sql", "job.py", "plan.json", "manifest.json")


def bundle(
    rendered: RenderedJob, plan: CompiledPlan, jars: Sequence[tuple[str, str]], templates: Sequence[Path]
) -> dict[str, str]:
    """The text of each file, by name: the same bytes for the same input.

    Args:
        rendered: the job.
        plan: what the planner made of it.
        jars: (coordinates, sha256) of what the job needs besides Flink.
        templates: folders that hold job.py.j2, the first one wins.
    """
    files = {
        "statements.sql": _script(rendered),
        "job.py": _program(rendered, plan, templates),
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
        "topics": rendered.topics,
        "variables": list(rendered.placeholders),
        "options": rendered.options,
        "parallelism": rendered.job.parallelism,
        "operators": {node.uid: node.kind for node in plan.nodes},
        "inputs": rendered.inputs,
        "files": {name: _sha256(text) for name, text in files.items()},
    }
    files["manifest.json"] = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    return files


def digest(files: Mapping[str, str]) -> str:
    """One name for a bundle's content: sha256 over its manifest, which holds those of the other files."""
    return _sha256(files["manifest.json"])


def write(files: dict[str, str], directory: Path) -> Path:
    """Write a bundle into `directory`, whole or not at all: what was there is replaced in one step.

    Raises JunctureError if it can't be written; what was there before is then still there.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    except OSError as error:
        raise _unwritable(directory, error) from error
    try:
        for name, text in files.items():
            (fresh / name).write_bytes(text.encode())
        fresh.chmod(0o755)
        if directory.exists():
            old = fresh.with_name(fresh.name + "-old")
            directory.rename(old)
            os.rename(fresh, directory)  # noqa: PTH104
            shutil.rmtree(old)
        else:
            fresh.rename(directory)
    except OSError as error:
        raise _unwritable(directory, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return directory


def _unwritable(directory: Path, error: OSError) -> JunctureError:
    return JunctureError(
        f"{directory} can't be written: {error.strerror or error}",
        state="what was rendered before is still there",
        remedy="free space, or mend the folder's permissions",
    )


def _script(rendered: RenderedJob) -> str:
    options = (
        f"SET '{name}' = '{value.replace(chr(39), chr(39) * 2)}';" for name, value in rendered.options.items()
    )
    statements = (f"{statement.text};\n" for statement in rendered.statements)
    return "\n".join((*options, "", *statements))


def _program(rendered: RenderedJob, plan: CompiledPlan, templates: Sequence[Path]) -> str:
    engine = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder) for folder in templates]),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Python, not HTML
    )
    engine.filters["python"] = repr
    engine.filters["python_block"] = _python_block
    return engine.get_template("job.py.j2").render(
        rendered=rendered,
        plan=plan,
        version=__version__,
        flink_version=plan.flink_version,
        job_path=f"jobs/{rendered.job.name}.yaml",
        description=rendered.job.description.replace("\\", "\\\\").replace('"""', "'''"),
        now_minus=NOW_MINUS,
    )


def _python_block(text: str) -> str:
    """A Python literal over several lines where the text allows it, as it is easier to read."""
    if '"""' in text or text.endswith(('"', "\\")) or "\r" in text:
        return repr(text)
    return f'r"""{text}"""'


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
