SET LOCAL search_path = hermetic;

DROP FUNCTION charge_invitations;
DROP FUNCTION charge_quota;
DROP INDEX invitation_by;
DROP TABLE limit_key;
DROP TABLE allowance;
