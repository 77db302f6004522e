-- $1 user name, $2 the API's token or NULL. No JSON: no such account.
SELECT json, json AS line, NULL::text AS at
FROM admin_export($1::text, $2::uuid) AS json WHERE json IS NOT NULL;
