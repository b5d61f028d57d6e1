# ruff: noqa: E501
import pytest

from juncture.errors import InvalidProject
from juncture.project.config import load_config

HEAD = '[project]\nname = "shop"\ndefault_environment = "a"\n'
REMOTE = '[environments.a]\nkafka = {bootstrap_servers = "k:1"}\nflink = {rest = "http://f"}\n'


def read(tmp_path, text):
    (tmp_path / "juncture.toml").write_text(text)
    return load_config(tmp_path)


def test_the_projects_store_is_the_one_of_environments_without_their_own(tmp_path):
    config = read(
        tmp_path, HEAD + 'store = "s3://all"\n' + REMOTE + "[environments.b]\nlocal = {}\nstore = 's3://b'\n"
    )
    assert {name: env.store for name, env in config.environments.items()} == {"a": "s3://all", "b": "s3://b"}
    assert config.environments["b"].is_local


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("[environments.a]\nlocal = {}\nkafka = {bootstrap_servers = 'k'}", "6:1", "the environment 'a' has both 'local' and 'kafka'"),
        ("[environments.a]\nflink = {rest = 'http://f'}", "4:15", "the environment 'a' has no 'kafka'"),
        ("[environments.a]", "4:15", "the environment 'a' has no 'kafka' and 'flink'"),
        ("[environments.a.local]\nslot = 1", "5:1", "unknown key 'slot' in 'environments.a.local'"),
        ("[environments.a.local]\nslots = '1'", "5:9", "environments.a.local.slots: '1' is not a whole number"),
        ("[environments.a.local]\nbroker_heap = '1 GB'", "5:15", "environments.a.local.broker_heap: '1 GB' is not a memory size"),
        ("[environments.a]\nname = 'b'\nlocal = {}", "5:1", "unknown key 'name' in 'environments.a'"),
        ("[environments.a]\nlocal = {}\n[environments.'b c']\nlocal = {}", "6:15", "'b c' is not a name for an environment"),
        ("[environments.a]\nlocal = {}\n[environments.\"b\\n\"]\nlocal = {}", "6:15", "'b\n' is not a name for an environment"),
        ("[environments.b]\nlocal = {}", "3:23", "default_environment: there is no environment 'a'"),
        ("environments = 5", "4:1", "unknown key 'environments' in 'project'"),
        ("[environments.a.local]\n[environments.a.prices]\ncurrency = 'EUR'", "5:17", "environments.a.prices: there is no price"),
        ("[environments.a.local]\n[environments.a.prices]\ncurrency = 'eur'\ncore_hour = 1", "6:12", "environments.a.prices.currency: 'eur' is not a currency"),
        ("[environments.a.local]\n[environments.a.prices]\ncurrency = 'EUR'\ncore_hour = -1", "7:13", "environments.a.prices.core_hour: -1 is out of range"),
        ("[environments.a.local]\n[environments.a.prices]\ncurrency = 'EUR'\ncore_hour = 1e300", "7:13", "environments.a.prices.core_hour: 1e+300 is out of range"),
        ("[environments.a.local]\n[environments.a.prices]\ncurrency = 'EUR'\nnetwork_gib = 1_000_001", "7:15", "environments.a.prices.network_gib: 1000001 is out of range"),
        ("[environments.a.local]\n[environments.a.prices]\ncurrency = 'EUR'\ncore_hour = nan", "7:13", "environments.a.prices.core_hour: nan is not a finite number"),
        ("[environments.a.local]\n[environments.a.prices]\ncurrency = 'EUR'\ncore_hour = '1'", "7:13", "environments.a.prices.core_hour: '1' is not a number"),
        (REMOTE.replace("http://f", "f:8081"), "6:17", "environments.a.flink.rest: 'f:8081' is not an address"),
        (REMOTE.replace("http://f", "http://f:99999"), "6:17", "environments.a.flink.rest: 'http://f:99999' is not an address"),
        (REMOTE.replace("http://f", "http://f:port"), "6:17", "environments.a.flink.rest: 'http://f:port' is not an address"),
        (REMOTE.replace("http://f", "http://[::1"), "6:17", "environments.a.flink.rest: 'http://[::1' is not an address"),
        (REMOTE.replace("http://f", "http://"), "6:17", "environments.a.flink.rest: 'http://' is not an address"),
        (REMOTE.replace("http://f", "http://f:8081/#/overview"), "6:17", "environments.a.flink.rest: 'http://f:8081/#/overview' is not an address"),
        (REMOTE.replace("http://f", "http://f g"), "6:17", "environments.a.flink.rest: 'http://f g' is not an address"),
        (REMOTE.replace("http://f", "https://u:${PW}@f/gw"), "6:17", "environments.a.flink.rest: it holds a login"),
        (REMOTE.replace('"k:1"', '"k:1", security = {mechanism = "PLAIN"}'), "5:48", "environments.a.kafka.security: with the protocol PLAINTEXT nobody logs in by PLAIN"),
    ],
)  # fmt: skip
def test_what_is_wrong_and_where(tmp_path, text, place, expected):
    with pytest.raises(InvalidProject) as caught:
        read(tmp_path, HEAD + text + "\n")
    found = {str(p.location): p.problem for p in caught.value.problems}
    assert found[f"juncture.toml:{place}"] == expected


def test_a_misspelt_key_of_the_project_beside_the_right_one(tmp_path):
    with pytest.raises(InvalidProject) as caught:
        read(tmp_path, HEAD + 'defualt_environment = "a"\n' + REMOTE)
    (problem,) = caught.value.problems
    assert str(problem) == "juncture.toml:4:1: unknown key 'defualt_environment' in 'project'"
    assert problem.remedy is not None
    assert problem.remedy.startswith("'default_environment' is already given in line 3")


@pytest.mark.parametrize(
    "line",
    [
        "security = {password = 'hunter2hunter2'}",
        "properties = {'sasl.jaas.config' = 'hunter2hunter2'}",
        "properties = {'ssl.key.password' = 'hunter2hunter2'}",
    ],
)
def test_a_secret_in_plain_text_is_refused_and_not_repeated(tmp_path, line):
    text = f"[environments.a]\nflink = {{rest = 'http://f'}}\n[environments.a.kafka]\nbootstrap_servers = 'k'\n{line}\n"
    with pytest.raises(InvalidProject) as caught:
        read(tmp_path, HEAD + text)
    (problem,) = caught.value.problems
    assert "holds a secret in plain text" in problem.problem
    assert "hunter2" not in str(problem) + str(problem.remedy)
    read(tmp_path, HEAD + text.replace("hunter2hunter2", "${KAFKA_PASSWORD}"))
