"""A PyFlink program of one interval join without end: FORM OPERATOR_JAR OPTIONS.

FORM is 'flink' or 'operator', OPTIONS a JSON object of Flink options. Prints the id of the job that it started.
"""

import json
import sys
import tempfile
from pathlib import Path

from pyflink.common import Configuration
from pyflink.java_gateway import get_gateway
from pyflink.table import EnvironmentSettings, StreamTableEnvironment, TableEnvironment
from pyflink.util.java_utils import add_jars_to_context_class_loader


def table_environment(jar, joins, options):
    configuration = Configuration()
    for name, value in options.items():
        configuration.set_string(name, value)
    settings = (
        EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(configuration).build()
    )
    if joins:
        add_jars_to_context_class_loader([jar.as_uri()])
        jvm = get_gateway().jvm
        execution = jvm.juncture.join.JoinEnvironment.create(configuration._j_configuration, joins, {}, [])
        tables = jvm.StreamTableEnvironment.create(execution, settings._j_environment_settings)
        environment = StreamTableEnvironment(tables)
        environment.get_config().set("pipeline.jars", jar.as_uri())
    else:
        environment = TableEnvironment.create(settings)
    for name in ("left", "right"):
        environment.execute_sql(
            f"CREATE TEMPORARY TABLE {name}_rows (id INT, ts AS CURRENT_TIMESTAMP, WATERMARK FOR ts AS ts)"
            " WITH ('connector' = 'datagen', 'rows-per-second' = '200', 'fields.id.min' = '1', 'fields.id.max' = '50')"
        )
    environment.execute_sql("CREATE TEMPORARY TABLE joined (l INT, r INT) WITH ('connector' = 'blackhole')")
    return environment


def main(form, jar, options):
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder, "plan.json")
        table_environment(jar, [], options).execute_sql(
            f"COMPILE PLAN '{plan.as_uri()}' FOR INSERT INTO joined SELECT l.id, r.id"
            " FROM left_rows AS l LEFT JOIN right_rows AS r"
            " ON l.id = r.id AND r.ts BETWEEN l.ts AND l.ts + INTERVAL '1' HOUR"
        )
        nodes = json.loads(plan.read_text())["nodes"]
        joins = [f"{node['id']}_interval-join" for node in nodes if "interval-join" in node["type"]]
        environment = table_environment(jar, joins if form == "operator" else [], options)
        job = environment.execute_sql(f"EXECUTE PLAN '{plan.as_uri()}'").get_job_client()
    print(job.get_job_id())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
