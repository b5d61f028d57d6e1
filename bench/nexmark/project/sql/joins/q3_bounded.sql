-- Nearest to query 3, with bounds: auctions that come while their seller is active.
SELECT P.name, P.city, P.state, A.id
FROM {{ source('auction') }} AS A
JOIN {{ source('person') }} AS P
    ON A.seller = P.id
    AND A.`dateTime` BETWEEN P.`dateTime` - {{ var('longest_lead') }} AND P.`dateTime` + {{ var('longest_activity') }}
WHERE A.category = 10 AND (P.state = 'OR' OR P.state = 'ID' OR P.state = 'CA')
