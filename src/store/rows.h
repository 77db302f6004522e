/*
 * The rows of an answer, in binary. A column is named as in the statement; a
 * value of another type or an unexpected NULL fails the reader for good, and
 * rows_end() reports it once (ERR_LOCAL_BUG: statement and code disagree).
 */
#ifndef HERMETIC_STORE_ROWS_H
#define HERMETIC_STORE_ROWS_H

#include "base/digest.h"
#include "base/uuid.h"

struct rows; /* borrowed during the callback that hands it over */

size_t rows_count(const struct rows *rows);
MUST_CHECK enum err rows_end(const struct rows *rows);

bool rows_is_null(struct rows *rows, size_t row, const char *column);
int64_t rows_i64(struct rows *rows, size_t row, const char *column);
bool rows_bool(struct rows *rows, size_t row, const char *column);
struct span rows_bytes(struct rows *rows, size_t row, const char *column);
/* Text, as bytes without NUL. */
struct span rows_text(struct rows *rows, size_t row, const char *column);
/* Zeros where the reader fails. */
struct uuid rows_uuid(struct rows *rows, size_t row, const char *column);
struct digest rows_digest(struct rows *rows, size_t row, const char *column);

/* Bytes that must be `n`. */
void rows_copy(struct rows *rows, size_t row, const char *column, uint8_t *out,
	       size_t n);

/* Is that text column exactly `text`? */
bool rows_text_is(struct rows *rows, size_t row, const char *column,
		  const char *text);

#endif
