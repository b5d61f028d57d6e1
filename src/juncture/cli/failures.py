"""From an exception to what is printed and what the command ends with."""

from __future__ import annotations

import errno
import traceback

import click

from juncture.cli.invocation import Invocation
from juncture.errors import JunctureError, interruption

USAGE = 2
DEFECT = 70
INTERRUPTED = 130
PIPE_CLOSED = 141


def report(error: BaseException, invocation: Invocation) -> int:
    """Print what happened to stderr; the exit code for it."""
    error = interruption(error) or error
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        return interrupted(invocation, INTERRUPTED)
    if isinstance(error, SystemExit) and isinstance(error.code, int):
        return interrupted(invocation, error.code)
    if isinstance(error, click.UsageError):
        return _usage(error, invocation)
    if isinstance(error, click.ClickException):
        invocation.output.error(JunctureError(error.format_message()))
        return USAGE
    known = error if isinstance(error, JunctureError) else _from_system(error)
    if invocation.debug:
        invocation.output.trace("".join(traceback.format_exception(error)))
    if known is not None:
        invocation.output.error(known)
        return known.exit_code
    lines = str(error).splitlines() or [""]
    defect = JunctureError(
        f"{type(error).__name__}: {lines[0]} (this is a defect of Juncture)",
        state=_left(invocation),
        remedy=None if invocation.debug else "run with --debug to see where it comes from, and report it",
    )
    return _ended(defect, DEFECT, invocation)


def interrupted(invocation: Invocation, code: int) -> int:
    """Print what an interruption has left; the exit code that is given."""
    left = _left(invocation) or "nothing was left half done"
    return _ended(JunctureError("interrupted", state=left), code, invocation)


def _ended(error: JunctureError, code: int, invocation: Invocation) -> int:
    error.exit_code = code
    invocation.output.error(error)
    return code


def _left(invocation: Invocation) -> str | None:
    return invocation.left() if invocation.left else None


def _usage(error: click.UsageError, invocation: Invocation) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return USAGE
    problem = error.format_message()
    context = error.ctx
    remedy = f"see {context.command_path} --help" if context else "see juncture --help"
    if context and not invocation.output.is_json:
        click.echo(context.get_usage(), err=True)
    invocation.output.error(JunctureError(problem[:1].lower() + problem[1:].rstrip("."), remedy=remedy))
    return USAGE


def _from_system(error: BaseException) -> JunctureError | None:
    """What the operating system refused, which is no defect."""
    if not isinstance(error, OSError) or error.errno is None:
        return None
    reason = error.strerror or str(error)
    problem = f"{error.filename}: {reason}" if error.filename else reason
    remedies = {
        errno.ENOSPC: "free space on the disk, and run the command again",
        errno.EDQUOT: "free space in your quota, and run the command again",
        errno.EACCES: "mend the permissions, and run the command again",
        errno.EROFS: "use a folder that can be written to",
        errno.EMFILE: "raise the limit of open files (ulimit -n)",
    }
    return JunctureError(problem, remedy=remedies.get(error.errno))
