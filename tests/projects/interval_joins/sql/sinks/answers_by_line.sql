CREATE TABLE answers_by_line (
    line STRING,
    calls BIGINT,
    answers BIGINT,
    PRIMARY KEY (line) NOT ENFORCED
) {{ upsert_kafka(topic='answers-by-line') }}
