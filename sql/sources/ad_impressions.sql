-- Client events: the ad was on the screen.
CREATE TABLE ad_impressions (
    request_id STRING,
    viewable_ms INT,
    seen_at TIMESTAMP_LTZ(3),
    WATERMARK FOR seen_at AS seen_at - INTERVAL '2' MINUTE
) {{ kafka(topic='ad-impressions', key='request_id', idle_timeout='1 min') }}
