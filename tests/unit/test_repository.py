"""The conventions of CONTRIBUTING.md that hold for the repository as a whole."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tomli
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.10", "3.11", "3.12")
PLATFORMS = (("linux", "Linux"), ("darwin", "Darwin"))
LONGEST_MODULE = 350
LONGEST_INIT = 3

REGISTRY_HOST = re.compile(
    r"pypi\.org|pythonhosted\.org|repo1?\.maven|maven\.org|search\.maven|registry\.npmjs|"
    r"docker\.io|ghcr\.io|quay\.io|conda\.anaconda"
)
MACHINE_PATH = re.compile(r"(?<![\w.:/$}-])/(?:home/\w+|Users/\w+|root|work)/")
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")


@cache
def files(suffix: str = "") -> tuple[Path, ...]:
    """What git tracks, or would with `git add --all`, relative to the root."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = sorted({Path(name) for name in listed.split("\0") if name.endswith(suffix)})
    return tuple(path for path in paths if path.name and (ROOT / path).is_file())


def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in files()
        for number, line in enumerate(text(path).splitlines(), start=1)
        if pattern.search(line)
    ]


@cache
def pyproject() -> dict[str, Any]:
    return tomli.loads(text(Path("pyproject.toml")))


@cache
def pins() -> tuple[tuple[Requirement, int], ...]:
    """The requirements of constraints.txt, each with its number of hashes."""
    joined = text(Path("constraints.txt")).replace("\\\n", " ")
    entries = [line.split("--hash=") for line in joined.splitlines() if not line.startswith("#")]
    return tuple((Requirement(entry[0].strip()), len(entry) - 1) for entry in entries)


def required() -> list[Requirement]:
    """Every dependency pyproject.toml names: of the package, of its extras, of the build."""
    project = pyproject()["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    names = [*project["dependencies"], *extras, *pyproject()["build-system"]["requires"]]
    return [requirement for requirement in map(Requirement, names) if requirement.name != project["name"]]


def environment(python: str, platform: tuple[str, str]) -> dict[str, str]:
    machine = {"python_version": python, "python_full_version": f"{python}.13"}
    return {**default_environment(), **machine, "sys_platform": platform[0], "platform_system": platform[1]}  # type: ignore[dict-item]


def applies(requirement: Requirement, where: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(where)


def test_no_registry_is_named() -> None:
    assert lines_matching(REGISTRY_HOST) == []


def test_no_path_of_one_machine_is_recorded() -> None:
    assert lines_matching(MACHINE_PATH) == []


def test_the_patterns_find_what_they_are_for() -> None:
    """Examples are put together here, so that this file keeps the conventions too."""
    for host in (("pypi", "org"), ("repo1", "maven", "org"), ("ghcr", "io")):
        assert REGISTRY_HOST.search(f"https://{'.'.join(host)}/x")
    for top in ("home/me", "Users/me", "root", "work"):
        assert MACHINE_PATH.search(f"see /{top}/x")
        assert not MACHINE_PATH.search(f"build/{top}/x $HOME/{top}/x https://example.com/{top}/x")


def test_lock_files_hold_no_addresses() -> None:
    locks = [path for path in files() if path.name == "constraints.txt" or path.suffix == ".lock"]
    assert Path("constraints.txt") in locks
    assert [str(path) for path in locks if "://" in text(path) or "--index" in text(path)] == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform[0])
def test_pins_satisfy_pyproject(python: str, platform: tuple[str, str]) -> None:
    where = environment(python, platform)
    pinned: dict[str, list[Requirement]] = {}
    for pin, _ in pins():
        if applies(pin, where):
            pinned.setdefault(canonicalize_name(pin.name), []).append(pin)
    assert {name for name, several in pinned.items() if len(several) > 1} == set()
    unmet = []
    for requirement in required():
        if applies(requirement, where):
            found = pinned.get(canonicalize_name(requirement.name), [])
            if not found or not requirement.specifier.contains(version_of(found[0]), prereleases=True):
                unmet.append(f"{requirement}: {', '.join(map(str, found)) or 'not pinned'}; run 'make lock'")
    assert unmet == []


def version_of(pin: Requirement) -> Version:
    (only,) = pin.specifier
    assert only.operator == "==", pin
    return Version(only.version)


def test_every_pin_has_hashes() -> None:
    assert [str(pin) for pin, hashes in pins() if hashes == 0] == []


def test_modules_are_short() -> None:
    lengths = {str(path): len(text(path).splitlines()) for path in files(".py")}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_public_modules_say_what_they_are_for() -> None:
    modules = [path for path in files(".py") if path.parts[0] == "src" and not path.name.startswith("_")]
    assert modules
    assert [str(path) for path in modules if not ast.get_docstring(ast.parse(text(path)))] == []


def test_package_inits_are_near_empty() -> None:
    """A docstring and nothing that costs an import; the package's root also holds its version."""
    inits = [path for path in files("__init__.py") if path != Path("src/juncture/__init__.py")]
    assert inits
    beyond = {
        str(path)
        for path in inits
        if any(not isinstance(node, ast.Expr) for node in ast.parse(text(path)).body)
        or len(text(path).splitlines()) > LONGEST_INIT
    }
    assert beyond == set()


def test_every_make_target_is_listed_by_help() -> None:
    makefile = text(Path("Makefile"))
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    described = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert targets == phony == described


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.*)$", text(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_relative_links_resolve() -> None:
    broken = []
    for page in files(".md"):
        for match in LINK.finditer(re.sub(r"```.*?```", "", text(page), flags=re.DOTALL)):
            target, anchor = match.groups()
            place = (ROOT / page.parent / target).resolve() if target else ROOT / page
            if not place.exists():
                broken.append(f"{page}: {match.group(0)}")
            elif anchor and place.suffix == ".md" and anchor not in anchors(place):
                broken.append(f"{page}: {match.group(0)} (no such heading)")
    assert broken == []


def test_python_in_the_docs_is_code_of_a_test() -> None:
    blocks = [
        (page, block)
        for page in files(".md")
        for block in re.findall(r"^```python\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL)
    ]
    tests = [text(path) for path in files(".py") if path.parts[0] == "tests"]

    assert blocks
    for page, block in blocks:
        shown = [each for each in re.split(r"\n\n\n", block.strip()) if "def test_" in each]
        assert shown, f"{page}: a block without a test"
        for each in shown:
            assert any(each in code for code in tests), f"{page}: no test under tests/ has\n{each}"
