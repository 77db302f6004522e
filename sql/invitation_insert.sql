-- $1 session, $2 user, $3 device, $4 usernames, and how many invitations $2 may give:
-- $5 in a day, $6 that one account has not followed; $7 a letter for them, or NULL, and how
-- many letters go with an invitation: $8. `outcome` as a problem's slug; `wait`: seconds, of
-- too-many-requests. Who has blocked $2 is no user.
--
-- A letter stands under the account of $2, so that nobody can keep out another one's. The
-- oldest ones give way: whoever has made the entry in the group is heard by inviting again.
-- invitation.letter is for nodes of before.
SELECT outcome, wait
FROM invite($1::uuid, $2::uuid, $3::uuid, $4::text[], $5::bigint, $6::bigint, $7::bytea,
            $8::bigint);
