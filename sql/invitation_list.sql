-- $1 user, $2 device: the sessions that wait for the user, by whom: by an invitation,
-- or by a Welcome for the device. None of those whom the user has blocked, and none that
-- the device is in. The newest ones, of the newest thousand of each kind: anybody may fill
-- the list. Who has given a letter has invited the user, too,
-- behind who did so first; but who is no member any more is named only of an invitation
-- for which nobody else stands. `erased`: the inviter's account does not exist any more.
SELECT session_id, algorithm, username, erased, fingerprint, added, invited_ms
FROM list_invitations($1::uuid, $2::uuid);
