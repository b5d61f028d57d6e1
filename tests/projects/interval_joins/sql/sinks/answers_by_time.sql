CREATE TABLE answers_by_time (
    line STRING,
    ends_at TIMESTAMP(3),
    pairs BIGINT
) {{ kafka(topic='answers-by-time') }}
