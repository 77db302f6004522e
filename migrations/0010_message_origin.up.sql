-- What the request that sent a message is called in logs, so that whoever
-- delivers it can say so; empty unless requests are logged. Expands only: who
-- does not know the column goes on.

SET LOCAL search_path = hermetic;

ALTER TABLE message ADD COLUMN origin text NOT NULL DEFAULT '';
