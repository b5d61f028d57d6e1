"""Rules are registered, documented in full, and their page is up to date."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import get_origin

import pytest

from juncture.diagnosis import rules
from juncture.diagnosis.documentation import reference
from juncture.diagnosis.registry import RULES
from juncture.diagnosis.rule import Rule

PAGE = Path(__file__).parents[3] / "docs/reference/diagnoses.md"


def test_every_file_holds_one_registered_rule() -> None:
    names = [module.name for module in pkgutil.iter_modules(rules.__path__)]
    for name in names:
        members = vars(importlib.import_module(f"{rules.__name__}.{name}")).values()
        # On Python 3.10 `dict[str, str]` passes for a class.
        classes = [m for m in members if inspect.isclass(m) and get_origin(m) is None]
        (rule,) = [m for m in classes if issubclass(m, Rule) and not inspect.isabstract(m)]
        assert rule in RULES
        assert name == rule.id.replace("-", "_")
    assert len({rule.id for rule in RULES}) == len(RULES) == len(names)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_documentation_is_whole(rule: type[Rule]) -> None:
    doc = rule.doc()
    assert doc.summary.endswith(".")
    assert "\n" not in doc.summary
    assert min(len(part) for part in (doc.reason, doc.seen, doc.change)) > 50


def test_the_page_is_up_to_date() -> None:
    mend = "run: python -m juncture.diagnosis.documentation docs/reference/diagnoses.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), mend
