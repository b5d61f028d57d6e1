-- A predicate on an event time that is no bound.
SELECT c.line AS call_line, c.call_id, a.line AS answer_line, a.answer_id
FROM {{ source('calls') }} AS c
JOIN {{ source('answers') }} AS a
    ON c.line = a.line
    AND c.called_at > a.answered_at - INTERVAL '4' SECOND
    AND c.called_at < a.answered_at
    AND QUARTER(c.called_at) = a.urgency
