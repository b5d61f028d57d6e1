-- Every call and every answer; a pair with urgency 9 on either side is none.
SELECT c.line AS call_line, c.call_id, a.line AS answer_line, a.answer_id
FROM {{ source('calls') }} AS c
FULL JOIN {{ source('answers') }} AS a
    ON c.line = a.line
    AND c.called_at BETWEEN a.answered_at - INTERVAL '5' SECOND AND a.answered_at + INTERVAL '6' SECOND
    AND NOT (c.urgency = 9 OR a.urgency = 9)
