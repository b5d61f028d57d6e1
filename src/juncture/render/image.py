"""The Dockerfile of a job's image: Flink with Python, its jars, the plugins for its state, and job.py."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import urlsplit

FOLDER = "/opt/flink/usrlib"
"""Where job.py and the files beside it lie in the image, each job's in a folder of its own."""
LIBRARIES = "lib"
"""The folder beside the Dockerfile for the connectors' jars."""
PYTHON = "/usr/bin/python3"

_FILES = ("job.py", "plan.json", "statements.sql", "manifest.json")
_PLUGINS = {
    "s3": "flink-s3-fs-presto",
    "s3p": "flink-s3-fs-presto",
    "s3a": "flink-s3-fs-hadoop",
    "gs": "flink-gs-fs-hadoop",
    "abfs": "flink-azure-fs-hadoop",
    "abfss": "flink-azure-fs-hadoop",
    "wasb": "flink-azure-fs-hadoop",
    "wasbs": "flink-azure-fs-hadoop",
    "oss": "flink-oss-fs-hadoop",
}
"""Flink's plugins by the schemes that they are for: those that checkpoints are recommended to use, where two are."""


def dockerfile(name: str, flink: str, jars: Iterable[str], state: Iterable[str]) -> str:
    """The text; it is built in the folder that holds job.py.

    Args:
        name: the deployment's, in Kubernetes.
        flink: its version, as '2.3.0'.
        jars: files below the folder, for Flink's lib/: loaded once, and by TaskManagers as by the JobManager.
        state: addresses of state, which may need plugins.
    """
    schemes = {urlsplit(address).scheme for address in state}
    plugins = sorted({_PLUGINS[scheme] for scheme in schemes if scheme in _PLUGINS})
    target = f"{FOLDER}/{name}/"
    lines = [
        f"# The image of {name}. Build it in this folder; kubernetes.yaml has its name.",
        f"FROM flink:{flink}",
        "",
        "# job.py runs in the JobManager, so that Python is needed there alone, and PyFlink with it.",
        "USER root",
        "RUN apt-get update \\",
        "    && apt-get install -y --no-install-recommends python3 python3-pip python3-dev build-essential \\",
        "    && rm -rf /var/lib/apt/lists/*",
        "# Ubuntu's Python asks for the flag.",
        f"RUN {PYTHON} -m pip install --no-cache-dir --break-system-packages apache-flink=={flink}",
        "",
    ]
    for plugin in plugins:
        folder = f"/opt/flink/plugins/{plugin}"
        lines += [f"RUN mkdir -p {folder} && cp /opt/flink/opt/{plugin}-{flink}.jar {folder}/"]
    if plugins:
        lines.append("")
    lines += [f"COPY --chown=flink:flink {_copied(jar)}" for jar in sorted(jars)]
    lines += [f"COPY --chown=flink:flink {' '.join(_FILES)} {target}", "", "USER flink"]
    return "\n".join(lines) + "\n"


def _copied(jar: str) -> str:
    """A file and where it goes, as COPY takes them: in its other form where blanks would part the name."""
    target = "/opt/flink/lib/"
    return json.dumps([jar, target], ensure_ascii=False) if any(map(str.isspace, jar)) else f"{jar} {target}"
