-- Client events: the ad was clicked.
CREATE TABLE ad_clicks (
    request_id STRING,
    landing_page STRING,
    clicked_at TIMESTAMP_LTZ(3),
    WATERMARK FOR clicked_at AS clicked_at - INTERVAL '2' MINUTE
) {{ kafka(topic='ad-clicks', key='request_id', idle_timeout='1 min') }}
