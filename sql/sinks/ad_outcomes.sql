CREATE TABLE ad_outcomes (
    request_id STRING,
    campaign_id BIGINT,
    placement STRING,
    bid_micros BIGINT,
    viewable_ms INT,
    landing_page STRING,
    requested_at TIMESTAMP_LTZ(3),
    seen_at TIMESTAMP_LTZ(3),
    clicked_at TIMESTAMP_LTZ(3)
) {{ kafka(topic='ad-outcomes', key='request_id') }}
