SET LOCAL search_path = hermetic;

DROP FUNCTION expire_messages;
DROP TABLE message_expiry;
