SET LOCAL search_path = hermetic;

DROP TABLE invitation_letter;
