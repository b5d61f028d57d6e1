-- The right side: answers given on a line, which may be unknown.
CREATE TABLE answers (
    answer_id STRING NOT NULL,
    line STRING,
    urgency INT,
    answered_at TIMESTAMP_LTZ(3),
    WATERMARK FOR answered_at AS answered_at - INTERVAL '1' SECOND
) {{ kafka(topic='answers', key='answer_id', idle_timeout='1 min') }}
