-- Query 3, local item suggestion, as it is published: who sells in three states in category 10.
SELECT P.name, P.city, P.state, A.id
FROM {{ source('auction') }} AS A
JOIN {{ source('person') }} AS P ON A.seller = P.id
WHERE A.category = 10 AND (P.state = 'OR' OR P.state = 'ID' OR P.state = 'CA')
