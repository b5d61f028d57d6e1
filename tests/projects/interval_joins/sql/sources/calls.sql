-- The left side: calls that come in on a line, which may be unknown.
CREATE TABLE calls (
    call_id STRING NOT NULL,
    line STRING,
    urgency INT,
    called_at TIMESTAMP_LTZ(3),
    WATERMARK FOR called_at AS called_at - INTERVAL '1' SECOND
) {{ kafka(topic='calls', key='call_id', idle_timeout='1 min') }}
