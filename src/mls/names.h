/*
 * What the library calls functions of its lower layers, so that all of its names begin
 * with mls_ and none of them is one of the program that it is linked to. Whoever
 * includes a header of it writes the short name.
 */
#ifndef HERMETIC_MLS_NAMES_H
#define HERMETIC_MLS_NAMES_H

#define buf_append mls_buf_append
#define buf_clear mls_buf_clear
#define buf_close_vec mls_buf_close_vec
#define buf_consume mls_buf_consume
#define buf_end mls_buf_end
#define buf_open_vec mls_buf_open_vec
#define buf_put mls_buf_put
#define buf_put_str mls_buf_put_str
#define buf_put_u16 mls_buf_put_u16
#define buf_put_u32 mls_buf_put_u32
#define buf_put_u64 mls_buf_put_u64
#define buf_put_u8 mls_buf_put_u8
#define buf_put_varint mls_buf_put_varint
#define buf_put_vec mls_buf_put_vec
#define buf_putf mls_buf_putf
#define buf_reserve mls_buf_reserve
#define buf_reset mls_buf_reset
#define err_class mls_err_class
#define err_text mls_err_text
#define library_start mls_library_start
#define rng_fill mls_rng_fill
#define rng_system mls_rng_system
#define sec_clear mls_sec_clear
#define sec_equal mls_sec_equal
#define sec_set mls_sec_set
#define sec_wipe mls_sec_wipe
#define sign_generate mls_sign_generate
#define sign_key_free mls_sign_key_free
#define sign_private_parse mls_sign_private_parse
#define sign_public mls_sign_public
#define span_compare mls_span_compare
#define span_copy mls_span_copy
#define span_equal mls_span_equal
#define span_str mls_span_str
#define suite_by_algorithm mls_suite_by_algorithm
#define suite_by_id mls_suite_by_id
#define suite_table mls_suite_table
#define suite_usable mls_suite_usable

#endif
