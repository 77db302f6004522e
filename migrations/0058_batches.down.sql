SET LOCAL search_path = hermetic;

DROP FUNCTION append_expected, append_judged;
