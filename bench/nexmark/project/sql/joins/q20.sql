-- Query 20, expand bid with auction, as it is published: bids in category 10 with their auctions.
SELECT
    B.auction, B.bidder, B.price, B.channel, B.url, B.`dateTime`, B.extra,
    A.itemName, A.description, A.initialBid, A.reserve, A.`dateTime`, A.expires, A.seller, A.category, A.extra
FROM {{ source('bid') }} AS B
JOIN {{ source('auction') }} AS A ON B.auction = A.id
WHERE A.category = 10
