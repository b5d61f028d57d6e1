-- Versions of each customer: an upsert topic, so that an order is joined with the customer as it was then.
CREATE TABLE customers (
    customer_id BIGINT NOT NULL,
    country STRING,
    segment STRING,
    updated_at TIMESTAMP_LTZ(3),
    PRIMARY KEY (customer_id) NOT ENFORCED,
    WATERMARK FOR updated_at AS updated_at - INTERVAL '30' SECOND
) {{ upsert_kafka(topic='customers', idle_timeout='1 min') }}
