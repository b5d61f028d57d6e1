"""Reasons for starting a job that is not ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


class _Reason(click.ParamType[str]):
    """A text that says something."""

    name = "reason"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        said = str(value).strip()
        if not said:
            self.fail(
                "it is empty: say why the job is to be started, for those who read its history", param, ctx
            )
        return said


def accept_risk_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--accept-risk REASON`: the command gets `accept_risk`, None where it is not given."""
    return click.option(
        "--accept-risk",
        type=_Reason(),
        metavar="REASON",
        help="Start it though there is not enough for it (`juncture capacity`); the reason is recorded.",
    )(command)
