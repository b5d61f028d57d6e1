-- Server events: one row for each page that was served to a member.
CREATE TABLE page_impressions (
    impression_id STRING NOT NULL,
    member_id BIGINT,
    page STRING,
    items STRING,
    served_at TIMESTAMP_LTZ(3),
    WATERMARK FOR served_at AS served_at - INTERVAL '2' MINUTE
) {{ kafka(topic='page-impressions', key='impression_id', idle_timeout='1 min') }}
