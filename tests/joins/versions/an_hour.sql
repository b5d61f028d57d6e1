-- impression_clicks with a window of an hour in place of ten minutes.
SELECT
    i.impression_id,
    c.click_id,
    i.member_id,
    i.page,
    c.target,
    i.served_at,
    CAST(c.clicked_at AS TIMESTAMP_LTZ(3)) AS clicked_at
FROM {{ source('page_impressions') }} AS i
JOIN {{ source('page_clicks') }} AS c
    ON c.impression_id = i.impression_id
    AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '60' MINUTE
