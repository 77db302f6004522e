SET LOCAL search_path = hermetic;

DROP TABLE attempt;
