-- An interval that lies wholly on one side: calls 2 s to 5 s after an answer.
SELECT c.line AS call_line, c.call_id, a.line AS answer_line, a.answer_id
FROM {{ source('calls') }} AS c
JOIN {{ source('answers') }} AS a
    ON c.line = a.line
    AND c.called_at BETWEEN a.answered_at + INTERVAL '2' SECOND AND a.answered_at + INTERVAL '5' SECOND
