CREATE TABLE answered_calls (
    call_line STRING,
    call_id STRING,
    answer_line STRING,
    answer_id STRING
) {{ kafka(topic='answered-calls') }}
