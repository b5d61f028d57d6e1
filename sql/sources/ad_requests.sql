-- Server events: what the ad server decided to show.
CREATE TABLE ad_requests (
    request_id STRING NOT NULL,
    campaign_id BIGINT,
    placement STRING,
    bid_micros BIGINT,
    requested_at TIMESTAMP_LTZ(3),
    WATERMARK FOR requested_at AS requested_at - INTERVAL '1' MINUTE
) {{ kafka(topic='ad-requests', key='request_id', idle_timeout='1 min') }}
