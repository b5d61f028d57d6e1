-- Orders that were paid within a day, with the customer as it was when the order was placed.
SELECT
    o.order_id,
    p.payment_id,
    o.customer_id,
    u.country,
    u.segment,
    o.amount,
    o.currency,
    p.payment_method,
    o.ordered_at,
    CAST(p.paid_at AS TIMESTAMP_LTZ(3)) AS paid_at
FROM {{ source('orders') }} AS o
JOIN {{ source('payments') }} AS p
    ON p.order_id = o.order_id
    AND p.paid_at BETWEEN o.ordered_at AND o.ordered_at + INTERVAL '1' DAY
LEFT JOIN {{ source('customers') }} FOR SYSTEM_TIME AS OF o.ordered_at AS u
    ON u.customer_id = o.customer_id
