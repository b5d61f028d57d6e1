-- The join in queries 4, 6 and 9 as it is published: the bids that an auction gets while it is open.
SELECT A.*, B.auction, B.bidder, B.price, B.`dateTime` AS bid_dateTime, B.extra AS bid_extra
FROM {{ source('auction') }} AS A
JOIN {{ source('bid') }} AS B ON A.id = B.auction
WHERE B.`dateTime` BETWEEN A.`dateTime` AND A.expires
