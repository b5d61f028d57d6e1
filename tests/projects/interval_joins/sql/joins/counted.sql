-- An aggregation without end over the pairs: its rows change.
SELECT a.line, COUNT(DISTINCT c.call_id) AS calls, COUNT(DISTINCT a.answer_id) AS answers
FROM {{ source('calls') }} AS c
JOIN {{ source('answers') }} AS a
    ON c.line = a.line
    AND c.called_at BETWEEN a.answered_at - INTERVAL '5' SECOND AND a.answered_at + INTERVAL '6' SECOND
GROUP BY a.line
