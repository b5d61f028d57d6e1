-- Every call, with unknown lines equal to each other.
SELECT c.line AS call_line, c.call_id, a.line AS answer_line, a.answer_id
FROM {{ source('calls') }} AS c
LEFT JOIN {{ source('answers') }} AS a
    ON c.line IS NOT DISTINCT FROM a.line
    AND c.called_at BETWEEN a.answered_at - INTERVAL '5' SECOND AND a.answered_at + INTERVAL '6' SECOND
