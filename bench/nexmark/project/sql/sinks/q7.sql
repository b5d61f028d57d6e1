CREATE TABLE q7 (
    auction BIGINT,
    price BIGINT,
    bidder BIGINT,
    `dateTime` TIMESTAMP(3),
    extra STRING
) {{ kafka(topic='nexmark-q7') }}
