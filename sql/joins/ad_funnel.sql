-- Every ad request, with what became of it: seen within 30 minutes, clicked within an hour, or neither.
SELECT
    r.request_id,
    r.campaign_id,
    r.placement,
    r.bid_micros,
    s.viewable_ms,
    c.landing_page,
    r.requested_at,
    CAST(s.seen_at AS TIMESTAMP_LTZ(3)) AS seen_at,
    CAST(c.clicked_at AS TIMESTAMP_LTZ(3)) AS clicked_at
FROM {{ source('ad_requests') }} AS r
LEFT JOIN {{ source('ad_impressions') }} AS s
    ON s.request_id = r.request_id
    AND s.seen_at BETWEEN r.requested_at AND r.requested_at + INTERVAL '30' MINUTE
LEFT JOIN {{ source('ad_clicks') }} AS c
    ON c.request_id = r.request_id
    AND c.clicked_at BETWEEN r.requested_at AND r.requested_at + INTERVAL '1' HOUR
-- A row needs an event time: a request that came without one is left out.
WHERE r.requested_at IS NOT NULL
