CREATE TABLE q3 (
    name STRING,
    city STRING,
    state STRING,
    id BIGINT
) {{ kafka(topic='nexmark-q3') }}
