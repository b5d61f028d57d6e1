import os
import shutil
from pathlib import Path

import pytest

from juncture.cli.jobs import known
from juncture.errors import InvalidProject, JunctureError
from juncture.project.config import find_root, resolve_environment
from juncture.project.loader import load_project, read_project
from juncture.project.scaffold import packaged_templates
from juncture.render.renderer import render

UNREADABLE = Path("/proc/self/mem")
"""A file that is there, and that nobody can read from its start."""
unreadable_here = pytest.mark.skipif(not UNREADABLE.is_file(), reason="this system has no such file")
REPOSITORY = Path(__file__).parents[3]


def test_the_repository_is_a_project():
    project = load_project(REPOSITORY)
    assert project.name == "adstream"
    assert list(project.jobs) == ["ad_funnel", "impression_clicks", "paid_orders"]
    assert project.jobs["ad_funnel"].positions[("startpoints", "ad_clicks")] == (7, 3)
    assert project.environments["production"].store == "s3://adstream-deployments/juncture"


def test_names_are_in_order_and_text_is_as_written(disk):
    disk.write("sql/sources/audits.sql", "\ufeffCREATE TABLE audits\r\n(id INT)")
    project = load_project(disk.root)
    assert list(project.sources) == ["audits", "orders", "payments"]
    assert project.sources["audits"].text == "CREATE TABLE audits\n(id INT)"
    assert project.sources["audits"].path == "sql/sources/audits.sql"


def test_the_projects_templates_come_before_the_packaged_ones(disk):
    assert load_project(disk.root).template_dirs == (packaged_templates(),)
    disk.write("templates/own.j2", "x")
    assert load_project(disk.root).template_dirs == (disk.root / "templates", packaged_templates())


def test_problems_of_all_files_are_reported_at_once_in_order(disk):
    disk.write("juncture.toml", '[project]\nname = "shop"\ndefault_environment = "local"\nstor = "x"\n')
    disk.write("sql/sources/payments.sql", b"SELECT\n\xc3\xa4\xff")
    disk.write("sql/sinks/enriched.sql", " \n")
    disk.write(
        "jobs/paid.yaml", "join: payed\nsink: enriched\nparalelism: 2\nstartpoints:\n  order: latest\n"
    )
    assert list(disk.problems().items()) == [
        ("juncture.toml:1:1", "the key 'environments' is missing -> add it"),
        ("juncture.toml:4:1", "unknown key 'stor' in 'project' -> did you mean 'store'?"),
        ("jobs/paid.yaml:1:7", "there is no join 'payed' -> did you mean 'paid'?"),
        ("jobs/paid.yaml:3:1", "unknown key 'paralelism' -> did you mean 'parallelism'?"),
        ("jobs/paid.yaml:5:3", "there is no source 'order' to start -> did you mean 'orders'?"),
        ("sql/sinks/enriched.sql", "the file is empty -> write it, or remove it"),
        (
            "sql/sources/payments.sql:2:2",
            "the file is not UTF-8: byte 0xff can't be read -> save it as UTF-8",
        ),
    ]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("sql/sources/2fast.sql", "'2fast' is not a name"),
        ("sql/joins/a-b.sql", "'a-b' is not a name"),
        ("sql/sinks/orders.sql", "'orders' is a source and a sink"),
        ("sql/joins/team/x.sql", "the file is in none of the folders that are read"),
        ("sql/x.sql", "the file is in none of the folders that are read"),
        ("jobs/other.yml", "a job's file ends with .yaml"),
        ("jobs/my job.yaml", "'my job' is not a name"),
        ("jobs/paid__hand_over.yaml", "'paid__hand_over' is the name of a job that a command may run"),
        ("jobs/paid__calibration.yaml", "'paid__calibration' is the name of a job that a command may run"),
    ],
)
def test_a_file_at_the_wrong_place_is_told(disk, path, problem):
    disk.write(path, "SELECT 1")
    assert disk.problems()[path].startswith(problem)


def test_files_that_editors_leave_are_passed_over(disk):
    disk.write("sql/joins/.paid.sql", "")
    disk.write("sql/joins/README.md", "")
    disk.write("jobs/.paid.yaml", "")
    assert list(load_project(disk.root).joins) == ["paid"]


def test_missing_folders_are_told(tmp_path):
    (tmp_path / "juncture.toml").write_text("")
    with pytest.raises(InvalidProject) as caught:
        load_project(tmp_path)
    found = [problem.problem for problem in caught.value.problems]
    assert "there is no folder sql/sources/" in found
    assert "there is no folder jobs/" in found
    assert "the file is empty" in found


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="everything is readable here")
def test_an_unreadable_file_is_told(disk):
    (disk.root / "sql/joins/paid.sql").chmod(0)
    assert "can't be read: Permission denied" in disk.problems()["sql/joins/paid.sql"]


def test_a_folder_that_is_called_like_a_file_is_told(disk):
    (disk.root / "sql/joins/folder.sql").mkdir()
    assert "can't be read" in disk.problems()["sql/joins/folder.sql"]


def test_a_join_that_cannot_be_read_is_not_reported_as_missing_too(disk):
    disk.write("sql/joins/paid.sql", b"\xff")
    assert list(disk.problems()) == ["sql/joins/paid.sql:1:1"]


def test_find_root_walks_up(disk):
    (disk.root / "sql/joins/deep").mkdir()
    assert find_root(disk.root / "sql/joins/deep") == disk.root.resolve()


def test_find_root_says_what_to_do(tmp_path):
    with pytest.raises(JunctureError) as caught:
        find_root(tmp_path)
    assert "--project" in str(caught.value.remedy)


def test_a_folder_that_is_no_project(tmp_path):
    with pytest.raises(JunctureError, match="is not a Juncture project"):
        load_project(tmp_path)


def test_environments_by_name(disk):
    project = load_project(disk.root)
    assert resolve_environment(project).name == "local"
    with pytest.raises(JunctureError, match="no environment 'lokal'") as caught:
        resolve_environment(project, "lokal")
    assert caught.value.remedy == "did you mean 'local'?"


@unreadable_here
@pytest.mark.parametrize(
    "path", ["juncture.toml", "sql/sources/orders.sql", "sql/sinks/enriched.sql", "jobs/paid.yaml"]
)
def test_a_file_that_the_system_does_not_read_is_told_alone(disk, path):
    (disk.root / path).unlink()
    (disk.root / path).symlink_to(UNREADABLE)
    assert disk.problems() == {
        path: "the file can't be read: Input/output error -> make it a readable file, or remove it"
    }


@pytest.mark.parametrize("folder", ["sql/sources", "sql/joins", "sql/sinks"])
def test_a_folder_that_cannot_be_read_is_told_alone(disk, folder):
    disk.write("sql/joins/paid.sql", "SELECT * FROM {{ source('orders') }}")
    shutil.rmtree(disk.root / folder)
    disk.write(folder, "not a folder")
    expected = f"{folder}/ can't be read: Not a directory"
    assert disk.problems() == {folder: f"{expected} -> make it a readable folder"}
    project = read_project(disk.root)
    assert list(project.jobs) == ["paid"]
    with pytest.raises(InvalidProject) as caught:
        render(project, "paid", project.environments["local"])
    assert expected in [problem.problem for problem in caught.value.problems]


def test_a_folder_of_jobs_that_cannot_be_read_is_told_for_each_job(disk):
    shutil.rmtree(disk.root / "jobs")
    disk.write("jobs", "not a folder")
    with pytest.raises(InvalidProject) as caught:
        known(read_project(disk.root), ["paid"])
    assert [problem.problem for problem in caught.value.problems] == ["jobs/ can't be read: Not a directory"]
