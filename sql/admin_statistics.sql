-- How much there is of everything.
SELECT row_to_json(s)::text AS json,
       format(E'%s accounts, %s suspended, %s erased\n'
              '%s devices, %s connected, with %s KeyPackages\n'
              '%s sessions and %s that ended, with %s entries; %s invitations\n'
              '%s tokens to register with\n%s bytes in the database',
              accounts, suspended, erased, devices, connected, key_packages, sessions,
              sessions_ended, entries, invitations, registration_tokens,
              database_bytes) AS line,
       NULL::text AS at
FROM admin_statistics() AS s;
