-- Nearest to query 8, with bounds: persons, each of whom comes once, with an auction in the same 10 s.
SELECT P.id, P.name, TIMESTAMPADD(SECOND, -MOD(EXTRACT(SECOND FROM P.`dateTime`), 10), FLOOR(P.`dateTime` TO SECOND))
FROM {{ source('person') }} AS P
WHERE EXISTS (
    SELECT 1
    FROM {{ source('auction') }} AS A
    WHERE A.seller = P.id
        AND A.`dateTime` BETWEEN P.`dateTime` - INTERVAL '10' SECOND AND P.`dateTime` + INTERVAL '10' SECOND
        AND FLOOR(A.`dateTime` TO MINUTE) = FLOOR(P.`dateTime` TO MINUTE)
        AND EXTRACT(SECOND FROM A.`dateTime`) / 10 = EXTRACT(SECOND FROM P.`dateTime`) / 10
)
