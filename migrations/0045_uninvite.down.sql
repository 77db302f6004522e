SET LOCAL search_path = hermetic;

DROP FUNCTION uninvite;
