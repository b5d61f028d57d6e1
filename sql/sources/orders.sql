-- Server events: an order was placed.
CREATE TABLE orders (
    order_id STRING NOT NULL,
    customer_id BIGINT,
    amount DECIMAL(12, 2),
    currency STRING,
    ordered_at TIMESTAMP_LTZ(3),
    WATERMARK FOR ordered_at AS ordered_at - INTERVAL '30' SECOND
) {{ kafka(topic='orders', key='order_id', idle_timeout='1 min') }}
