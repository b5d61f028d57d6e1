"""What a change of an operator's input does to rows that it has kept."""

from __future__ import annotations

from juncture.checks.wording import listed
from juncture.model.plan import PlanNode
from juncture.verdicts.finding import Finding
from juncture.verdicts.lineage import Column
from juncture.verdicts.version import Version


def compare_rows(
    finding: Finding, before: tuple[Column, ...], after: tuple[Column, ...], operator: str
) -> None:
    """Rows that Flink's operators keep as they came, by position: each column's type must be what it was."""
    if [each.type for each in before] == [each.type for each in after]:
        for old, new in zip(before, after, strict=True):
            if not _includes(new, old):
                finding.wrong(
                    f"where rows kept from before have {told(old)}, this version expects {told(new)}, of the same"
                    " type: Flink takes one for the other"
                )
        return
    were, are = ({each.meanings for each in columns} for columns in (before, after))
    added = [told(each) for each in after if each.meanings not in were]
    removed = [told(each) for each in before if each.meanings not in are]
    if added:
        finding.lost(f"{listed(added)} now {_become(added)} part of the state of {operator}")
    if removed:
        finding.lost(
            f"{listed(removed)} {_leave(removed)} the state of {operator}, as nothing uses it any more"
        )
    types = {each.meanings: each.type for each in before}
    for column in after:
        if types.get(column.meanings, column.type) != column.type:
            finding.lost(f"{told(column)} was {types[column.meanings]}, and is {column.type}")
    if finding.restores:
        finding.lost(f"the columns that {operator} keeps are in another order")


def compare_keys(finding: Finding, before: list[Column], after: list[Column]) -> None:
    """Rows are kept by key: under other keys they are not found, or by the wrong rows."""
    if len(before) == len(after) and all(map(_includes, after, before)):
        return
    words = (listed([told(each) for each in before]), listed([told(each) for each in after]))
    reason = (
        f"rows are kept by {words[0] or 'no key'}, and this version looks them up by {words[1] or 'none'}"
    )
    if [each.type for each in before] == [each.type for each in after]:
        finding.wrong(reason)
    else:
        finding.lost(reason)


def compare_filters(
    finding: Finding, before: tuple[Version, PlanNode], after: tuple[Version, PlanNode], horizon: int | None
) -> None:
    """Rows that are kept have passed the old filter; `horizon` is for how long they are.

    What comes into a UNION ALL only now, or no more, has kept no rows by another one.
    """
    old, new = (version.lineage.filters(node) for version, node in (before, after))
    changed = [origin for origin in old if new.get(origin, old[origin]) != old[origin]]
    if not changed:
        return
    version, node = after
    tables = listed(list(version.plan.tables(node)))
    if all(new[origin] < old[origin] for origin in changed):
        finding.gap(f"rows of {tables} that the old filter left out were not kept", horizon)
    else:
        finding.gap(f"rows of {tables} are kept that only the old filter let through", horizon)


def _includes(new: Column, old: Column) -> bool:
    """Whether values of the old column are values of the new one, which may have more ways to come in."""
    return old.meanings <= new.meanings


def told(column: Column) -> str:
    """A column for a reader, with its table where it is one of a source."""
    plain = column.table is not None and column.name.isidentifier()
    return f"{column.table}.{column.name}" if plain else column.name


def _become(columns: list[str]) -> str:
    return "becomes" if len(columns) == 1 else "become"


def _leave(columns: list[str]) -> str:
    return "leaves" if len(columns) == 1 else "leave"
