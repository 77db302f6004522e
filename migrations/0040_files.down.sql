SET LOCAL search_path = hermetic;

DROP FUNCTION expire_files, drop_file, name_files, append_file, create_file;
DROP TABLE file_naming, file_piece, file;
