"""A PyFlink program of four interval joins in one plan: python event_join_program.py OPERATOR_JAR INPUT OUTPUT.

Reads INPUT/left.csv and right.csv, writes OUTPUT/<form>/<kind of join>/ as CSV; the forms are 'flink' and 'operator'.
"""

import json
import sys
from pathlib import Path

from pyflink.common import Configuration
from pyflink.java_gateway import get_gateway
from pyflink.table import EnvironmentSettings, StreamTableEnvironment, TableEnvironment
from pyflink.util.java_utils import add_jars_to_context_class_loader

KINDS = ("INNER", "LEFT", "RIGHT", "FULL")


def table_environment(jar=None, joins=()):
    configuration = Configuration()
    configuration.set_string("parallelism.default", "2")
    configuration.set_string("state.backend.type", "rocksdb")
    configuration.set_string("pipeline.object-reuse", "true")
    settings = (
        EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(configuration).build()
    )
    if not joins:
        return TableEnvironment.create(settings)
    add_jars_to_context_class_loader([jar.as_uri()])
    jvm = get_gateway().jvm
    execution = jvm.juncture.join.JoinEnvironment.create(configuration._j_configuration, list(joins), {}, [])
    tables = jvm.StreamTableEnvironment.create(execution, settings._j_environment_settings)
    environment = StreamTableEnvironment(tables)
    environment.get_config().set("pipeline.jars", jar.as_uri())
    return environment


def create_tables(environment, source, target):
    for name in ("left", "right"):
        environment.execute_sql(
            f"CREATE TEMPORARY TABLE {name}_rows (id STRING, region STRING, amount INT, millis BIGINT,"
            f" ts AS TO_TIMESTAMP_LTZ(millis, 3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)"
            f" WITH ('connector' = 'filesystem', 'path' = '{(source / name).as_uri()}.csv', 'format' = 'csv',"
            f" 'csv.null-literal' = '~')"
        )
    for kind in KINDS:
        environment.execute_sql(
            f"CREATE TEMPORARY TABLE {kind}_result (l STRING, lr STRING, la INT, lat BIGINT, r STRING, rr STRING,"
            f" ra INT, rat BIGINT) WITH ('connector' = 'filesystem', 'path' = '{(target / kind).as_uri()}',"
            f" 'format' = 'csv')"
        )


def compile_plan(source, target):
    environment = table_environment()
    create_tables(environment, source, target)
    plan = target / "plan.json"
    inserts = "".join(
        f"INSERT INTO {kind}_result"
        f" SELECT l.id, l.region, l.amount, l.millis, r.id, r.region, r.amount, r.millis"
        f" FROM left_rows AS l {kind} JOIN right_rows AS r"
        f" ON l.id = r.id AND l.region IS NOT DISTINCT FROM r.region AND l.amount <> r.amount"
        f" AND r.ts BETWEEN l.ts - INTERVAL '2' SECOND AND l.ts + INTERVAL '8' SECOND;"
        for kind in KINDS
    )
    environment.execute_sql(f"COMPILE PLAN '{plan.as_uri()}' FOR STATEMENT SET BEGIN {inserts} END")
    return plan


def main(jar, source, target):
    plan = compile_plan(source, target)
    nodes = json.loads(plan.read_text())["nodes"]
    joins = [f"{node['id']}_interval-join" for node in nodes if "interval-join" in node["type"]]
    assert len(joins) == len(KINDS)
    for form in ("flink", "operator"):
        environment = table_environment(jar, joins if form == "operator" else ())
        create_tables(environment, source, target / form)
        environment.execute_sql(f"EXECUTE PLAN '{plan.as_uri()}'").wait()


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
