/* Bytes as text and back: hexadecimal, base64, base64url. Decoders are
 * strict: any other character or length is ERR_PEER_MALFORMED. */
#ifndef HERMETIC_BASE_TEXT_H
#define HERMETIC_BASE_TEXT_H

#include "base/buf.h"

/* Appends lower-case hex. */
void text_put_hex(struct buf *out, struct span bytes);

/* Appends; both cases are read. */
MUST_CHECK enum err text_hex(struct buf *out, struct span hex);

/* The value of one digit of either case; -1: it is none. */
int text_hex_digit(uint8_t c);

/* RFC 4648 section 4, padded. */
void text_put_base64(struct buf *out, struct span bytes);
MUST_CHECK enum err text_base64(struct buf *out, struct span text);

/* RFC 4648 section 5, without padding. */
void text_put_base64url(struct buf *out, struct span bytes);
MUST_CHECK enum err text_base64url(struct buf *out, struct span text);

/* Appends a decimal. */
void text_put_u64(struct buf *out, uint64_t v);

/* A decimal without sign or spaces, at most max. */
MUST_CHECK enum err text_parse_u64(uint64_t *out, struct span text,
				   uint64_t max);

/* May an account be called so? 1 to TEXT_USERNAME_MAX of a-z, 0-9, '.', '_' and '-': a
 * name that is printed beside others says no more than itself. */
#define TEXT_USERNAME_MAX 32
bool text_is_username(struct span text);

/* RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF. */
bool text_is_utf8(struct span text);

/* How many bytes the character takes that `text` begins with, and its code point in
 * *c. 0: there is none, and *c is untouched. */
size_t text_character(struct span text, uint32_t *c);

/* Does nothing of it show? White space, the characters of no width, and no text at all. */
bool text_is_blank(struct span text);

/* Appends others' text that stands between quotes or brackets of ours: a backslash stands
 * before each of " \ ( ) [ ], and control characters, lines' ends and tabs among them, are
 * written as numbers, so the text ends neither the quotes nor the line. */
void text_put_inside(struct buf *out, struct span text);

/* The beginning of `text`, at most `max` bytes, which ends with a character of UTF-8.
 * Bytes that are no UTF-8 are cut anywhere. */
struct span text_cut(struct span text, size_t max);

/* Removes the bytes that are no UTF-8, as where a text was cut in the middle of a character,
 * so that JSON can hold what is left. */
void text_keep_utf8(char *text);

#endif
