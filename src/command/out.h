/* Printing results. What others wrote is made harmless first: a terminal sees
 * no control characters of theirs, and no line that is not marked as theirs. */
#ifndef HERMETIC_COMMAND_OUT_H
#define HERMETIC_COMMAND_OUT_H

#include "base/buf.h"

#include <jansson.h>
#include <stdio.h>

/* Appends text with what is harmful (signs/harmful.h) and what is no UTF-8 escaped; a line's
 * end is followed by four spaces. */
void out_put_safe(struct buf *out, struct span text);

/* The same for what names somebody: lines' ends and tabs are escaped, too. */
void out_put_name(struct buf *out, struct span name);

/* Appends text that stands between quotes or brackets of ours, as text_put_inside() does
 * (base/text.h): it ends neither them nor the line. The rest is as in out_put_name(). */
void out_put_inside(struct buf *out, struct span text);

/* `n` bytes of a text, which end with a character, as out_put_name() puts them in the whole
 * of it; with `inside`, as out_put_inside(). */
void out_put_part(struct buf *out, struct span text, size_t from, size_t n,
		  bool inside);

/* A string member of others' words in quotes: what stands behind them on the line is
 * the program's. */
void out_put_quoted(struct buf *out, const json_t *object, const char *member);

/* The same for what names something, in one of the buffers of out_member(). "" when there
 * is none, or it is empty. */
const char *out_quoted(const json_t *object, const char *name);

/* A string member; empty when there is none. */
struct span out_span(const json_t *object, const char *name);

/* "512 bytes", "1.4 MB": powers of 1,000. */
void out_put_size(struct buf *out, uint64_t bytes);

/* One line of ASCII JSON, flushed. */
void out_json(const json_t *value);

/* False once something could not be written to standard output. */
bool out_is_good(void);

/* How lines become rows from now on; NULL: they stay as they are. */
void out_wrap_by(void (*wrap)(struct buf *out, struct span line));

/* From now on lines are read in the chat: commands that our words name are its own
 * (hint_put()). */
void out_in_chat(bool chat);

/* printf for a line's parts, flushed with the line. */
void out_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A string member, made safe, in one of eight static buffers of 512 bytes; what
 * is longer is cut at the end of a character. "" when there is none. */
const char *out_member(const json_t *object, const char *name);

/* out_member() for what names somebody. */
const char *out_name(const json_t *object, const char *name);

/* Whether the person has compared numbers with who is described or whom an entry is
 * from (its member `compared`): "verified", "unverified" or "CHANGED"; "" when that
 * is the own account. */
const char *out_trust(const json_t *object);

/* A kept message as one line of JSON, with its session's id. */
void out_message_json(const char *session_id, const json_t *message);

#endif
