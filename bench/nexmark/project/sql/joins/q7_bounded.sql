-- Nearest to query 7, with bounds: a window's end is a number to Flink, and its time, a millisecond before, an event time.
SELECT B.auction, B.price, B.bidder, B.`dateTime`, B.extra
FROM {{ source('bid') }} AS B
JOIN (
    SELECT MAX(price) AS maxprice, window_time AS `dateTime`
    FROM TABLE(TUMBLE(TABLE {{ source('bid') }}, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
    GROUP BY window_start, window_end, window_time
) AS B1 ON B.price = B1.maxprice
WHERE B.`dateTime` BETWEEN B1.`dateTime` - INTERVAL '9.999' SECOND AND B1.`dateTime` + INTERVAL '0.001' SECOND
