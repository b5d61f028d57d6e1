"""Other orders in which a case's events may arrive, with the same rows by right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random

from juncture.errors import JunctureError
from juncture.model.environment import Environment
from juncture.model.project import Project
from juncture.model.rendered import RenderedJob
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.cells import moment_of
from juncture.validation.cases.lateness import refuse_late, watermark_delay
from juncture.validation.cases.rendering import render_in_json
from juncture.validation.cases.schema import JobTables, read_tables
from juncture.validation.cases.timeline import Arrive

_PARTITIONS = 4
_ATTEMPTS = 5
"""Times the orders wanted that are drawn before there are taken to be no more."""


def with_orders(
    project: Project, environment: Environment, cases: Iterable[Case], count: int, seed: int, stepped: bool
) -> list[Case]:
    """Each case, and after it up to `count` orders of its events if it has no steps.

    Args:
        project: whose jobs the cases name.
        environment: what its jobs are rendered for.
        cases: in the order in which they run.
        count: of orders for each.
        seed: gives the same orders again.
        stepped: whether the session can run steps.
    """
    rendered: dict[str, RenderedJob] = {}
    found: list[Case] = []
    for case in cases:
        if case.job not in rendered:
            rendered[case.job] = render_in_json(project, case.job, environment)
        found.append(case)
        if not case.steps:
            found += orders_of(case, rendered[case.job], count, seed, stepped)
    return found


def orders_of(
    case: Case, rendered: RenderedJob, count: int, seed: int, stepped: bool = True
) -> tuple[Case, ...]:
    """Up to `count` other orders of a plain case in which no event comes behind its partition's watermark.

    First the topics one after the other, and the other way round, if orders may be `stepped`: each is read before
    the next begins. Then events and partitions are mixed; those of a changelog topic's key keep their order, and share
    a partition. Expected rows are those of the case. Their names say which order of which seed they are.
    """
    tables = read_tables(rendered)
    random = Random(f"{seed} {case.id}")  # noqa: S311 - to be repeated
    known = {_key(case)}
    found: list[Case] = []
    for told, other in _drawn(case, rendered, tables, count, random, stepped):
        key = _key(other)
        if key in known or len(found) == count:
            continue
        known.add(key)
        found.append(replace(other, name=f"{case.name} ({told}, seed {seed})"))
    return tuple(found)


def _drawn(
    case: Case, rendered: RenderedJob, tables: JobTables, count: int, random: Random, stepped: bool
) -> Iterator[tuple[str, Case]]:
    sources = [name for name in tables.sources if any(each.source == name for each in case.arrivals)]
    if stepped and len(sources) > 1:
        for names in (sources, sources[::-1]):
            yield ", then ".join(names), _topic_by_topic(case, names)
    delays = {each.name: watermark_delay(each) for each in rendered.statements if each.kind == "source"}
    for number in range(_ATTEMPTS * count):
        mixed = replace(case, arrivals=tuple(_mixed(case, tables, delays, random)))
        with suppress(JunctureError):
            refuse_late(mixed, rendered)
            yield f"order {number}", mixed


def _topic_by_topic(case: Case, names: list[str]) -> Case:
    steps = tuple(
        Arrive(case.location, tuple(each for each in case.arrivals if each.source == name)) for name in names
    )
    return replace(case, arrivals=tuple(each for step in steps for each in step.arrivals), steps=steps)


def _mixed(
    case: Case,
    tables: JobTables,
    delays: dict[str, tuple[str, timedelta] | None],
    random: Random,
) -> list[Arrival]:
    """Every event up to its watermark's delay after its time, or after the event of its key before it."""
    partitions: dict[str, int] = {}
    last: dict[str, float] = {}
    placed: list[tuple[float, int, Arrival]] = []
    for number, each in enumerate(case.arrivals):
        table, delay = tables.sources[each.source], delays[each.source]
        key = f"{each.source} {number}"
        if table.is_changelog:
            key = f"{each.source} {json.dumps([each.row.get(name) for name in table.primary_key])}"
        partition = partitions.setdefault(key, random.randrange(_PARTITIONS))
        moment = _seconds(each, delay[0]) if delay else None
        if delay is None:
            at = random.random()
        elif moment is None:
            at = last.get(key, 0.0)
        else:
            at = moment + random.random() * delay[1].total_seconds() * 0.99
        at = last[key] = max(at, last.get(key, at))
        placed.append((at, number, replace(each, partition=partition)))
    return [each for _, _, each in sorted(placed, key=lambda entry: entry[:2])]


def _seconds(arrival: Arrival, column: str) -> float | None:
    text = arrival.row.get(column)
    if arrival.deletes or not isinstance(text, str):
        return None
    return moment_of(text).timestamp()


def _key(case: Case) -> tuple[object, ...]:
    """What tells orders apart: of each partition's events the order, and the steps."""
    places: dict[tuple[str, int], list[str]] = {}
    for each in case.arrivals:
        row = json.dumps([each.row, each.deletes], sort_keys=True)
        places.setdefault((each.source, each.partition), []).append(row)
    steps = tuple(step.arrivals[0].source for step in case.steps if isinstance(step, Arrive))
    return (steps, *sorted((place, tuple(rows)) for place, rows in places.items()))
