import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest

from juncture.cli.main import COMMANDS, main
from juncture.project.scaffold import create

TOML = '[project]\nname = "shop"\ndefault_environment = "local"\n[environments.local.local]\n'
REMOTE = '[environments.far]\nflink.rest = "http://f"\nkafka.bootstrap_servers = "k"\n'
HEAVY = (
    "pydantic",
    "pyflink",
    "duckdb",
    "confluent_kafka",
    "rich",
    "jinja2",
    "juncture.model",
    "juncture.local",
)


def command_of(name: str) -> click.Command:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return command


def test_help_imports_nothing_heavy():
    code = f"""
    import sys
    from juncture.cli.main import main
    try:
        main(["--help"])
    except SystemExit as error:
        assert error.code == 0
    print([name for name in {HEAVY!r} if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("encoding", "name", "shown"),
    [
        ("ascii", "bücher", "b\\xfccher"),
        ("latin-1", "本", "\\u672c"),
        ("utf-8", "bücher", "bücher"),
        ("utf-8", "caf\udce9", "caf\\udce9"),
    ],
)
def test_what_the_encoding_of_the_output_lacks_is_escaped(
    tmp_path: Path, encoding: str, name: str, shown: str
):
    """The last is a name in Latin-1, as archives of old bring them."""
    command = [sys.executable, "-c", "from juncture.cli.main import main; main()", "init"]
    env = {**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"}
    for folder, more in ((tmp_path / name, ()), (tmp_path / f"{name}2", ("--output", "json"))):
        done = subprocess.run([*command, str(folder), *more], env=env, capture_output=True, check=True)
        printed = done.stdout.decode(encoding)
        assert (json.loads(printed)["directory"] == str(folder)) if more else (shown in printed)


def test_an_error_is_json_whatever_the_encoding(tmp_path: Path):
    command = [sys.executable, "-c", "from juncture.cli.main import main; main()", "init", "--output", "json"]
    full = create(tmp_path / "bücher")
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*command, str(full)], env=env, capture_output=True, check=False)
    assert json.loads(done.stderr)["error"]["problem"] == f"{full} is not empty"


def test_a_command_works_where_its_output_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit) as ended:
        main(["init", str(tmp_path / "shop")])
    assert ended.value.code == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_with_the_help_that_the_group_shows(name):
    command = command_of(name)
    assert command.name == name
    assert (command.help or "").split("\n\n")[0].replace("\n", " ") == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_shared_options(name):
    command = command_of(name)
    for each in (command, *getattr(command, "commands", {}).values()):
        assert {"--project", "--env", "--output", "--debug"} <= {o for p in each.params for o in p.opts}


@pytest.mark.parametrize(
    "args", [("--output", "json", "local", "status"), ("local", "status", "--output", "json")]
)
def test_json_alone_is_on_stdout(juncture, tmp_path, args):
    (tmp_path / "juncture.toml").write_text(TOML)
    result = juncture("--project", str(tmp_path), *args)
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"running": False}
    assert result.stderr == ""


def test_a_broken_project_is_told_with_its_place(juncture, tmp_path):
    (tmp_path / "juncture.toml").write_text(TOML + "slots = 'x'\n")
    result = juncture("local", "up", "--project", str(tmp_path))
    assert result.exit_code == 2
    assert "juncture.toml:5:9: environments.local.local.slots: 'x' is not a whole number" in result.stderr


def test_local_up_needs_a_local_environment(juncture, tmp_path):
    (tmp_path / "juncture.toml").write_text(TOML + REMOTE)
    result = juncture("local", "up", "--project", str(tmp_path), "--env", "far")
    assert result.exit_code == 2
    assert "the environment 'far' is not a local one" in result.stderr


@pytest.mark.parametrize("command", [("status",), ("down",), ("down", "--purge")])
def test_a_projects_stack_is_that_of_no_other_environment(juncture, tmp_path, command):
    (tmp_path / "juncture.toml").write_text(TOML + REMOTE)
    result = juncture("--env", "far", "local", *command, "--project", str(tmp_path))
    assert result.exit_code == 2
    assert "the environment 'far' is not a local one" in result.stderr


def test_a_demo_is_in_no_environment(juncture, tmp_path):
    (tmp_path / "juncture.toml").write_text(TOML + REMOTE)
    result = juncture("--env", "local", "--project", str(tmp_path), "demo")
    assert result.exit_code == 2
    assert "demo goes without --env: it starts a Kafka and a Flink of its own" in result.stderr


def test_nothing_is_removed_by_a_project_that_can_not_be_read(juncture, tmp_path):
    (tmp_path / "juncture.toml").write_text(TOML + "slots = 'x'\n")
    record = tmp_path / ".juncture" / "local" / "data"
    record.mkdir(parents=True)
    assert juncture("local", "down", "--project", str(tmp_path)).exit_code == 0
    result = juncture("local", "down", "--purge", "--project", str(tmp_path))
    assert result.exit_code == 2
    assert "juncture.toml:5:9:" in result.stderr
    assert record.is_dir()


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [
        *(("stop", "--timeout", value) for value in ("nan", "inf", "-inf", "-1", "0.9", "604801")),
        *(("upgrade", "--healthy-within", value) for value in ("nan", "0", "604801")),
        ("rollback", "--healthy-within", "inf"),
        ("calibrate", "--seconds", "nan"),
    ],
)
def test_seconds_that_are_none(juncture, tmp_path, command, option, value):
    (tmp_path / "juncture.toml").write_text(TOML)
    result = juncture(command, "a", f"{option}={value}", "--project", str(tmp_path))
    assert result.exit_code == 2
    assert f"error: invalid value for '{option}': " in result.stderr


def test_an_environment_that_is_not_there(juncture, tmp_path):
    (tmp_path / "juncture.toml").write_text(TOML)
    result = juncture("--env", "lokal", "local", "up", "--project", str(tmp_path))
    assert result.exit_code == 2
    assert "remedy: did you mean 'local'?" in result.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--seed", "1"], "--seed takes --generate or --orders"),
        (["--found", "here"], "--found takes --generate"),
        (["--mutate", "--orders", "2"], "--mutate takes no --orders"),
        (["--generate", "2", "--scenario", "broker"], "--generate takes no PATH, --mutate"),
    ],
)
def test_options_of_test_that_mean_nothing_together_are_refused(juncture, tmp_path, options, told):
    (tmp_path / "juncture.toml").write_text(TOML)
    result = juncture("--project", str(tmp_path), "test", *options)
    assert result.exit_code == 2
    assert told in result.stderr


def test_doctor_works_outside_a_project(juncture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = juncture("doctor", "--output", "json")
    names = [check["name"] for check in json.loads(result.stdout)["checks"]]
    assert "python" in names
    assert "stack" not in names


def test_a_reader_that_goes_away_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-c", "from juncture.cli.main import main; main(['doctor'])"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate()
    assert (process.returncode, errors) == (141, b"")


@pytest.mark.skipif(
    not Path("/proc/self/mem").is_file(), reason="this system has no file that nobody can read"
)
@pytest.mark.parametrize("path", ["juncture.toml", "jobs/paid_orders.yaml", "sql/sources/orders.sql"])
def test_a_file_that_cannot_be_read_is_told_with_its_place(juncture, tmp_path, path):
    root = create(tmp_path / "shop")
    (root / path).unlink()
    (root / path).symlink_to("/proc/self/mem")
    result = juncture("render", "paid_orders", "--project", str(root))
    assert result.exit_code == 2
    assert f"error: {path}: the file can't be read: Input/output error" in result.stderr
    assert "remedy: make it a readable file, or remove it" in result.stderr


@pytest.mark.parametrize("name", ["submit", "upgrade"])
def test_a_risk_is_accepted_for_a_reason(juncture, name):
    result = juncture(name, "matches", "--accept-risk", " ")
    assert result.exit_code == 2
    assert "'--accept-risk': it is empty" in result.stderr
