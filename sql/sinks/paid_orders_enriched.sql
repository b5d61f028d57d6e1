CREATE TABLE paid_orders_enriched (
    order_id STRING,
    payment_id STRING,
    customer_id BIGINT,
    country STRING,
    segment STRING,
    amount DECIMAL(12, 2),
    currency STRING,
    payment_method STRING,
    ordered_at TIMESTAMP_LTZ(3),
    paid_at TIMESTAMP_LTZ(3)
) {{ kafka(topic='paid-orders-enriched', key='order_id') }}
