"""Runs every rule over what was seen of a job, and puts the worst first."""

from __future__ import annotations

from juncture.diagnosis.patient import Patient
from juncture.diagnosis.registry import RULES
from juncture.diagnosis.rule import LEAST
from juncture.model.diagnosis import EFFECTS, Diagnosis


def diagnose(patient: Patient) -> tuple[Diagnosis, ...]:
    """Every cause that costs something: what stops the job first, then what loses rows, what slows it, what grows.

    Among those of the same effect, the costly one comes first. What is past comes after all that is there now.
    """
    found: list[Diagnosis] = []
    for rule in RULES:
        if patient.steady or not rule.steady:
            found.extend(each for each in rule().examine(patient, found) if each.cost >= LEAST)
    return tuple(sorted(found, key=lambda each: (each.past, EFFECTS.index(each.effect), -each.cost)))
