import errno
import io
import json
import os
import sys

import click
import pytest

from juncture.cli.output import Output, Secrets
from juncture.errors import InvalidProject, JunctureError, Location, Refused, Unreachable

HIDDEN = "hunter2-hunter2"
TOML = """\
[project]
name = "shop"
default_environment = "local"
[environments.local.local]
[environments.production]
flink.rest = "http://flink"
kafka = {bootstrap_servers = "k", security = {password = "${SHOP_PASSWORD}"}}
"""


def in_c(cause):
    """As Python ends a call into C that has not seen that a signal's handler raised within it."""
    error = SystemError("<built-in method describe_topics> returned a result with an exception set")
    error.__cause__ = cause
    return error


def raising(error):
    def body(invocation):
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JunctureError("x"), 2),
        (InvalidProject([JunctureError("x")]), 2),
        (Refused("x"), 1),
        (Unreachable("x"), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (SystemExit(143), 143),
        (in_c(KeyboardInterrupt()), 130),
        (in_c(SystemExit(143)), 143),
        (in_c(None), 70),
        (click.FileError("f", "x"), 2),
        (OSError(errno.ENOSPC, "No space left on device", "f"), 2),
        (ValueError("x"), 70),
    ],
)
def test_exit_codes(probe, error, code):
    result = probe(raising(error))
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.lstrip("\n").startswith("error: ")
    lines = probe(raising(error), "--output", "json").stderr.splitlines()
    assert json.loads(lines[-1])["error"]["exit_code"] == code


def test_an_error_has_place_problem_state_and_remedy(probe):
    error = JunctureError("it broke", location=Location("a.sql", 3, 1), state="half", remedy="mend\nit")
    assert probe(raising(error)).stderr.splitlines() == [
        "error: a.sql:3:1: it broke",
        "  state:  half",
        "  remedy: mend",
        "          it",
    ]


def test_every_problem_of_a_project_is_told(probe):
    error = InvalidProject([JunctureError("one"), JunctureError("two", remedy="mend")])
    lines = probe(raising(error)).stderr.splitlines()
    assert lines == ["error: one", "error: two", "  remedy: mend", "2 problems in the project"]
    rows = [json.loads(line) for line in probe(raising(error), "--output", "json").stderr.splitlines()]
    assert [row["error"]["problem"] for row in rows] == ["one", "two"]


@pytest.mark.parametrize("where", ["before", "behind"])
def test_errors_are_json_lines_on_request(probe, where):
    error = Unreachable("it broke", location=Location("a.sql", 3), state="half", remedy="mend")
    options = ("--output", "json")
    result = probe(raising(error), before=options) if where == "before" else probe(raising(error), *options)
    assert result.stdout == ""
    assert json.loads(result.stderr) == {
        "error": {
            "problem": "it broke",
            "location": {"path": "a.sql", "line": 3, "column": None},
            "state": "half",
            "remedy": "mend",
            "exit_code": 3,
        }
    }


def test_a_defect_is_one_line_unless_debug(probe):
    result = probe(raising(ValueError("first\nsecond")))
    assert result.stderr.splitlines()[0] == "error: ValueError: first (this is a defect of Juncture)"
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in probe(raising(ValueError("x")), "--debug").stderr


def test_an_interruption_tells_what_it_left(probe):
    def body(invocation):
        with invocation.leaving("the job may run"):
            raise KeyboardInterrupt

    assert probe(body).stderr.split("\n", 1)[1] == "error: interrupted\n  state:  the job may run\n"


@pytest.mark.parametrize("options", [(), ("--debug",), ("--output", "json"), ("--output", "json", "--debug")])
@pytest.mark.parametrize("kind", [JunctureError, ValueError])
def test_secrets_are_in_no_error_and_no_message(probe, tmp_path, monkeypatch, options, kind):
    (tmp_path / "juncture.toml").write_text(TOML)
    monkeypatch.setenv("SHOP_PASSWORD", HIDDEN)

    def body(invocation):
        invocation.output.message(f"trying {HIDDEN}")
        with invocation.output.progress() as say:
            say(f"trying {HIDDEN}")
        raise kind(f"login with {HIDDEN} failed")

    result = probe(body, "--project", str(tmp_path), *options)
    assert HIDDEN not in result.output
    assert "login with [secret] failed" in result.stderr


def test_progress_on_a_terminal_is_no_markup(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Output("text", Secrets(lambda: (), {})).progress() as say:
        say("no answer of [/127.0.0.1:8081], nor of [bold]")
    assert "no answer of [/127.0.0.1:8081], nor of [bold]" in terminal.getvalue()


@pytest.mark.parametrize("options", [(), ("--output", "json")])
def test_secrets_are_in_no_result(probe, tmp_path, monkeypatch, options):
    (tmp_path / "juncture.toml").write_text(TOML)
    monkeypatch.setenv("SHOP_PASSWORD", HIDDEN)

    def body(invocation):
        def view(text):
            text.line(f"at {HIDDEN}")
            text.table([(f"x{HIDDEN}", "y"), ("longer", "z")])

        data = {"at": f'"{HIDDEN}"', "rows": [{"password": 'password="x"'}, 1, None, f"x{HIDDEN}"]}
        invocation.output.result(data, view)

    result = probe(body, "--project", str(tmp_path), *options)
    if options:
        rows = [{"password": "password=[secret]"}, 1, None, "x[secret]"]
        assert json.loads(result.stdout) == {"at": '"[secret]"', "rows": rows}
    else:
        assert result.stdout == "at [secret]\nx[secret]  y\nlonger     z\n"


def test_a_secret_of_several_lines_is_hidden_from_a_remedy(probe, tmp_path, monkeypatch):
    (tmp_path / "juncture.toml").write_text(TOML)
    monkeypatch.setenv("SHOP_PASSWORD", "first-line\nsecond-line")
    error = JunctureError("x", remedy="use\nfirst-line\nsecond-line")
    assert "-line" not in probe(raising(error), "--project", str(tmp_path)).stderr


def test_secrets_are_hidden_though_the_project_is_broken(probe, tmp_path, monkeypatch):
    (tmp_path / "juncture.toml").write_text(TOML + "broken = = ${SHOP_PASSWORD}")
    monkeypatch.setenv("SHOP_PASSWORD", HIDDEN)
    result = probe(raising(JunctureError(f"with {HIDDEN}")), "--project", str(tmp_path))
    assert HIDDEN not in result.output


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["doctr"], "there is no command 'doctr': did you mean 'doctor'?"),
        (["local", "up", "--prject", "x"], "no such option"),
        (["local", "bogus"], "no such command 'bogus'"),
        (["--output", "xml", "doctor"], "'xml' is not one of"),
        (["--project", "/no/such/folder", "doctor"], "does not exist"),
    ],
)
def test_wrong_usage_ends_with_2(juncture, args, expected):
    result = juncture(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert expected in result.stderr
    assert result.stderr.startswith("Usage: juncture")


def test_wrong_usage_is_json_too(juncture):
    result = juncture("--output", "json", "doctr")
    assert json.loads(result.stderr)["error"]["exit_code"] == 2


def test_a_project_folder_that_cannot_be_looked_into_is_told(juncture, tmp_path):
    root = tmp_path / "shop"
    root.mkdir()
    root.chmod(0o400)
    if os.access(root, os.X_OK):
        pytest.skip("every folder can be looked into here")
    result = juncture("render", "--project", str(root))
    root.chmod(0o700)
    assert result.exit_code == 2
    assert "juncture.toml: Permission denied" in result.stderr
    assert "mend the permissions" in result.stderr
