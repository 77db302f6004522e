SET LOCAL search_path = hermetic;

DROP TABLE signing_key_voucher;
