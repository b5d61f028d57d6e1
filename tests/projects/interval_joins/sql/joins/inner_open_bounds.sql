-- Bounds that do not count themselves, a predicate over both sides and one over the calls alone.
SELECT c.line AS call_line, c.call_id, a.line AS answer_line, a.answer_id
FROM {{ source('calls') }} AS c
JOIN {{ source('answers') }} AS a
    ON c.line = a.line
    AND c.called_at > a.answered_at - INTERVAL '5' SECOND
    AND c.called_at < a.answered_at - INTERVAL '1' SECOND
    AND c.urgency < a.urgency
    AND c.urgency > 2
