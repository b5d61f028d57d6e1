-- Nearest to the join in queries 4, 6 and 9, with bounds: no auction is open for longer than is said here.
SELECT A.*, B.auction, B.bidder, B.price, CAST(B.`dateTime` AS TIMESTAMP(3)) AS bid_dateTime, B.extra AS bid_extra
FROM {{ source('auction') }} AS A
JOIN {{ source('bid') }} AS B
    ON A.id = B.auction
    AND B.`dateTime` BETWEEN A.`dateTime` AND A.`dateTime` + {{ var('longest_auction') }}
WHERE B.`dateTime` <= A.expires
