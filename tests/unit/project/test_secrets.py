import pytest

from juncture.errors import JunctureError
from juncture.model.environment import Flink, Kafka, KafkaSecurity
from juncture.project.secrets import expand, expand_all, redact, secret_values


def test_expand():
    assert expand("a ${ONE}-${TWO} $ONE {ONE}", {"ONE": "1", "TWO": "${ONE}"}, "x") == "a 1-${ONE} $ONE {ONE}"


def test_missing_variables_are_named_with_the_place_that_uses_them():
    kafka = Kafka(
        bootstrap_servers="k",
        security=KafkaSecurity.model_validate({"username": "${USR}", "password": "${PW}/${PX}"}),
    )
    with pytest.raises(JunctureError) as caught:
        expand_all(kafka, {"USR": "u"}, "environments.production.kafka")
    assert str(caught.value) == (
        "the environment variables PW, PX are not set; used in environments.production.kafka.security.password"
    )
    assert caught.value.remedy == "export PW=... PX=... and run the command again"


def test_expand_all_keeps_the_type():
    kafka = Kafka(bootstrap_servers="${HOST}:9092", properties={"a": "${HOST}"})
    expanded = expand_all(kafka, {"HOST": "broker"}, "kafka")
    assert expanded == Kafka(bootstrap_servers="broker:9092", properties={"a": "broker"})


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (Kafka(bootstrap_servers="${HOSTS}"), "e.bootstrap_servers"),
        (Flink(rest="http://flink:${PORT}"), "e.rest"),
        (Flink(rest="https://${HOST}/gw"), "e.rest"),
    ],
)
def test_a_value_that_can_not_be_there_is_no_defect(value: Kafka | Flink, place: str) -> None:
    environ = {"HOSTS": "", "PORT": "many", "HOST": "ada:hunter22@flink"}
    with pytest.raises(JunctureError) as caught:
        expand_all(value, environ, "e")
    assert place in caught.value.problem
    assert (caught.value.remedy or "").startswith("see what is in ")
    assert "hunter22" not in f"{caught.value!r} {caught.value.remedy}"


def test_redact_hides_a_secret_in_every_form():
    environ = {"PW": 'p@ss"w\\rd', "LONG": 'p@ss"w\\rd-and-more', "REGION": "eu", "OTHER": "untouched"}
    values = secret_values(["${PW} ${REGION}", "x ${LONG} ${UNSET}"], environ)
    assert values == ('p@ss"w\\rd-and-more', 'p@ss"w\\rd')
    text = 'p@ss"w\\rd-and-more p@ss"w\\rd p%40ss%22w%5Crd p@ss\\"w\\\\rd eu untouched'
    assert redact(text, values) == "[secret] [secret] [secret] [secret] eu untouched"


def test_what_is_assigned_to_a_password_is_hidden_whatever_it_is() -> None:
    assert (
        redact("url jdbc:x?user=u&password=dbPw77&ssl=1", []) == "url jdbc:x?user=u&password=[secret]&ssl=1"
    )
    assert (
        redact('required username="u" password="a \\"b";', []) == 'required username="u" password=[secret];'
    )
    assert redact("export KAFKA_PASSWORD=... again", []) == "export KAFKA_PASSWORD=... again"
    assert redact("password=${KAFKA_PASSWORD}", []) == "password=${KAFKA_PASSWORD}"


def test_a_short_value_is_hidden_where_it_stands_alone_if_its_variable_is_named_for_a_secret() -> None:
    environ = {"DB_PASSWORD": "abc", "MAIL_PASS": "x1", "REGION": "eu", "EMPTY_TOKEN": "", "COMPASS": "n"}
    values = secret_values([f"${{{name}}}" for name in environ], environ)
    assert values == ("abc", "x1")
    assert redact("'abc' abcd xabc x1,abc eu n", values) == "'[secret]' abcd xabc [secret],[secret] eu n"


def test_a_value_is_hidden_as_sql_writes_it_and_not_in_the_mark_of_another() -> None:
    assert redact("'it''s' it's secret", ["it's", "secret"]) == "'[secret]' [secret] [secret]"
