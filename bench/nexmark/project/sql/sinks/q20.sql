CREATE TABLE q20 (
    auction BIGINT,
    bidder BIGINT,
    price BIGINT,
    channel STRING,
    url STRING,
    bid_dateTime TIMESTAMP(3),
    bid_extra STRING,
    itemName STRING,
    description STRING,
    initialBid BIGINT,
    reserve BIGINT,
    auction_dateTime TIMESTAMP(3),
    expires TIMESTAMP(3),
    seller BIGINT,
    category BIGINT,
    auction_extra STRING
) {{ kafka(topic='nexmark-q20') }}
