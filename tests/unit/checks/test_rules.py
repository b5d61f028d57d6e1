"""Rules are registered, documented in full, and their page is up to date."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import get_origin

import pytest

from juncture.checks import rules
from juncture.checks.documentation import reference
from juncture.checks.refusals import _OWNERS
from juncture.checks.registry import RULES, known_rules
from juncture.checks.rule import Rule

PAGE = Path(__file__).parents[3] / "docs/reference/rules.md"


def test_every_file_holds_one_registered_rule() -> None:
    for module in pkgutil.iter_modules(rules.__path__):
        members = vars(importlib.import_module(f"{rules.__name__}.{module.name}")).values()
        # On Python 3.10 `dict[str, str]` passes for a class.
        classes = [m for m in members if inspect.isclass(m) and get_origin(m) is None]
        own = [m for m in classes if issubclass(m, Rule) and not inspect.isabstract(m)]
        (rule,) = own
        assert rule in RULES
        assert module.name == rule.id.replace("-", "_")
    assert len({rule.id for rule in RULES}) == len(RULES) == len(list(pkgutil.iter_modules(rules.__path__)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_documentation_is_whole(rule: type[Rule]) -> None:
    doc = rule.doc()
    assert doc.summary.endswith(".")
    assert "\n" not in doc.summary
    assert len(doc.reason) > 100
    assert doc.bad != doc.good
    assert doc.bad.startswith("-- ")
    assert doc.good.startswith("-- ")


def test_a_docstring_without_a_part_is_refused() -> None:
    class Undocumented(Rule):
        """Only this."""

    with pytest.raises(ValueError, match="Undocumented lacks a part"):
        Undocumented.doc()


def test_page_is_up_to_date() -> None:
    mend = "run: python -m juncture.checks.documentation docs/reference/rules.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), mend


def test_refusals_belong_to_rules() -> None:
    assert {rule for rule, _ in _OWNERS} <= set(known_rules())
