CREATE TABLE joined_clicks (
    impression_id STRING,
    click_id STRING,
    member_id BIGINT,
    page STRING,
    target STRING,
    served_at TIMESTAMP_LTZ(3),
    clicked_at TIMESTAMP_LTZ(3)
) {{ kafka(topic='joined-clicks', key='impression_id') }}
