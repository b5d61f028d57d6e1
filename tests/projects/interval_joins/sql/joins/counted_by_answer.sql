-- Pairs in windows of 4 s over the answer's event time, which a join keeps.
SELECT a.line, TUMBLE_END(a.answered_at, INTERVAL '4' SECOND) AS ends_at, COUNT(c.line) AS pairs
FROM {{ source('calls') }} AS c
JOIN {{ source('answers') }} AS a
    ON c.line = a.line
    AND c.called_at BETWEEN a.answered_at - INTERVAL '5' SECOND AND a.answered_at + INTERVAL '5' SECOND
GROUP BY TUMBLE(a.answered_at, INTERVAL '4' SECOND), a.line
