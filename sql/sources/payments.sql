-- Server events: the payment provider's answers.
CREATE TABLE payments (
    payment_id STRING NOT NULL,
    order_id STRING,
    payment_method STRING,
    paid_at TIMESTAMP_LTZ(3),
    WATERMARK FOR paid_at AS paid_at - INTERVAL '30' SECOND
) {{ kafka(topic='payments', key='order_id', idle_timeout='1 min') }}
