"""juncture doctor"""

from __future__ import annotations

from dataclasses import asdict

import click

from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.local import settings_of
from juncture.cli.output import Text
from juncture.errors import JunctureError
from juncture.local.doctor import Check, examine


@click.command("doctor")
@shared_options
@pass_invocation
def command(invocation: Invocation) -> None:
    """Look at what this machine has and lacks to run joins, with the mend.

    Python, Java, jars, ports, memory and disk. Nothing is started and nothing is downloaded. Works outside
    a project, too. Ends with 1 if something is missing.
    """
    try:
        root = invocation.root
    except JunctureError:
        root = None
    is_local = root is not None and invocation.environment.is_local
    checks = examine(root, settings_of(invocation) if is_local else None)

    def view(text: Text) -> None:
        text.table([(check.status, check.name, check.detail) for check in checks])
        mends = [check for check in checks if check.status != "ok" and check.remedy]
        for check in mends:
            text.line(f"{check.name}: {check.remedy}")

    invocation.output.result({"checks": [asdict(check) for check in checks]}, view)
    if _failed(checks):
        click.get_current_context().exit(1)


def _failed(checks: list[Check]) -> bool:
    return any(check.status == "fail" for check in checks)
