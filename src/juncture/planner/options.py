"""Flink's own options, found in its classes: which keys there are, what their values are, what is near to a wrong one.

For the planner's process alone. Nothing here is a list of options: it is read from the Flink that is installed.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import pyflink
from pyflink.java_gateway import get_gateway

_CLASS = re.compile(
    r"(?P<name>org/apache/flink/(?!connector/|formats/)(?!.*shaded).*(?:Options|ConfigConstants))\.class"
)
_IN_PLANNER = (
    "org.apache.flink.table.planner.plan.utils.WindowEmitStrategy$",
    "org.apache.flink.table.planner.utils.InternalConfigOptions",
)
"""Classes of options in the jar that Flink's planner keeps to itself."""
_KINDS = {
    "java.lang.Boolean": "true or false",
    "java.lang.Integer": "a whole number",
    "java.lang.Long": "a whole number",
    "java.lang.Double": "a number",
    "java.lang.Float": "a number",
    "java.time.Duration": "a duration, for instance '10 min'",
    "org.apache.flink.configuration.MemorySize": "a memory size, for instance '64 mb'",
    "java.util.Map": "pairs, for instance 'key1:value1,key2:value2'",
}


@dataclass(frozen=True)
class _Option:
    key: str
    owner: str
    field: str
    kind: str
    is_list: bool
    values: tuple[str, ...]


class FlinkOptions:
    """The options of the Flink that runs in this process's JVM. They are looked for when first asked about."""

    def examine(self, authored: Mapping[str, str]) -> list[dict[str, Any]]:
        """The fields of model.compilation.JobOption for each option, in the order given."""
        return [self._examine(key, value) for key, value in authored.items()]

    def _examine(self, key: str, value: str) -> dict[str, Any]:
        option = self._by_name.get(key)
        fact: dict[str, Any] = {"key": key, "value": value, "known_as": option.key if option else None}
        if option is None:
            fact["is_open"] = key.startswith(self._prefixes)
            fact["is_foreign"] = key.split(".")[0] not in {name.split(".")[0] for name in self._by_name}
            keys = [known for known in self._by_name if not known.startswith("$")]
            fact["nearest"] = get_close_matches(key, keys, n=3, cutoff=0.8)
        elif (
            refusal := self._java.refusal(self._loader, option.owner, option.field, key, value)
        ) is not None:
            kind = _KINDS.get(option.kind, "another value")
            fact["expected"] = f"several, parted by ';', each {kind}" if option.is_list else kind
            fact["values"] = option.values
            fact["refusal"] = str(refusal)
        return fact

    @property
    def _loader(self) -> Any:
        planner = get_gateway().jvm.org.apache.flink.table.planner.loader.PlannerModule
        return planner.getInstance().getSubmoduleClassLoader()

    @cached_property
    def _java(self) -> Any:
        """What reads the classes: one call for all of them, as each call from Python takes its time."""
        jvm = get_gateway().jvm
        name = "ListOptions"
        source = Path(__file__).with_name(f"{name}.java").read_text(encoding="utf-8")
        loader = jvm.Thread.currentThread().getContextClassLoader()
        compiler = jvm.org.apache.flink.table.runtime.generated.CompileUtils
        return compiler.compile(loader, name, source).newInstance()

    @cached_property
    def _rows(self) -> list[list[str]]:
        text = self._java.of(self._loader, ",".join((*_classes(), *_IN_PLANNER)))
        return [line.split("\t") for line in text.splitlines()]

    @cached_property
    def _prefixes(self) -> tuple[str, ...]:
        """What a key may begin with whatever follows: maps, and the settings of things that have names."""
        declared = (row[0][1:] if row[0].startswith("*") else row[0] for row in self._rows)
        begun = (text.split("<")[0] if "<" in text else text for text in declared)
        return tuple(sorted({text for text in begun if text.endswith(".") and text.count(".") > 0}))

    @cached_property
    def _by_name(self) -> dict[str, _Option]:
        """Options by their keys and by the names they had before."""
        found: dict[str, _Option] = {}
        earlier: dict[str, _Option] = {}
        for row in self._rows:
            if row[0].startswith("*") or "<" in row[0]:
                continue
            key, others, owner, field, kind, is_list, values = row
            if "." not in key and not owner.startswith("org.apache.flink.configuration."):
                continue  # of a connector or a catalog
            option = _Option(key, owner, field, kind, bool(is_list), tuple(filter(None, values.split(","))))
            found[key] = option
            earlier |= dict.fromkeys(filter(None, others.split(",")), option)
        return earlier | found


def _classes() -> Iterator[str]:
    """Names of the classes that declare options, in the jars of the distribution."""
    for jar in _jars(Path(pyflink.__file__).parent):
        with zipfile.ZipFile(jar) as archive:
            for name in archive.namelist():
                if match := _CLASS.fullmatch(name):
                    yield match["name"].replace("/", ".")


def _jars(home: Path) -> Iterable[Path]:
    return (*sorted((home / "lib").glob("flink-*.jar")), *sorted((home / "opt").glob("flink-python*.jar")))
