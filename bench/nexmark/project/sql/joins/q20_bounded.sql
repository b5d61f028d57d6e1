-- Nearest to query 20, with bounds: bids that come about when their auction does.
SELECT
    B.auction, B.bidder, B.price, B.channel, B.url, CAST(B.`dateTime` AS TIMESTAMP(3)), B.extra,
    A.itemName, A.description, A.initialBid, A.reserve, A.`dateTime`, A.expires, A.seller, A.category, A.extra
FROM {{ source('bid') }} AS B
JOIN {{ source('auction') }} AS A
    ON B.auction = A.id
    AND B.`dateTime` BETWEEN A.`dateTime` - {{ var('longest_lead') }} AND A.`dateTime` + {{ var('longest_auction') }}
WHERE A.category = 10
