-- Client events: clicks as the app reports them, late and in any order.
CREATE TABLE page_clicks (
    click_id STRING NOT NULL,
    impression_id STRING,
    target STRING,
    clicked_at TIMESTAMP_LTZ(3),
    WATERMARK FOR clicked_at AS clicked_at - INTERVAL '2' MINUTE
) {{ kafka(topic='page-clicks', key='impression_id', idle_timeout='1 min') }}
