CREATE TABLE q8 (
    id BIGINT,
    name STRING,
    starttime TIMESTAMP(3)
) {{ kafka(topic='nexmark-q8') }}
