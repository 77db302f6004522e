#include "store/rows.h"

#include <string.h>

#include "base/rd.h"
#include "store/params.h"
#include "store/rows_internal.h"

size_t rows_count(const struct rows *rows)
{
	return (size_t)PQntuples(rows->result);
}

enum err rows_end(const struct rows *rows)
{
	return rows->fail;
}

static int number_of(struct rows *rows, const char *column)
{
	for (size_t i = 0; i < ROWS_COLUMNS; i++) {
		if (rows->columns[i].name == NULL) {
			rows->columns[i].name = column;
			rows->columns[i].number =
			    PQfnumber(rows->result, column);
		}
		if (rows->columns[i].name == column)
			return rows->columns[i].number;
	}
	return PQfnumber(rows->result, column);
}

/* The column's number, or -1 and a failure. */
static int find(struct rows *rows, size_t row, const char *column)
{
	int c = number_of(rows, column);

	if (c < 0 || row >= rows_count(rows)) {
		rows->fail = ERR_LOCAL_BUG;
		return -1;
	}
	return c;
}

bool rows_is_null(struct rows *rows, size_t row, const char *column)
{
	int c = find(rows, row, column);

	return c < 0 || PQgetisnull(rows->result, (int)row, c);
}

/* The bytes of a value that must be there and of that type. */
static struct span value(struct rows *rows, size_t row, const char *column,
			 unsigned type)
{
	int c = find(rows, row, column);

	if (c < 0)
		return SPAN_EMPTY;
	if (PQgetisnull(rows->result, (int)row, c) ||
	    PQftype(rows->result, c) != type ||
	    PQfformat(rows->result, c) != 1) {
		rows->fail = ERR_LOCAL_BUG;
		return SPAN_EMPTY;
	}
	return span_of(PQgetvalue(rows->result, (int)row, c),
		       (size_t)PQgetlength(rows->result, (int)row, c));
}

int64_t rows_i64(struct rows *rows, size_t row, const char *column)
{
	int c = find(rows, row, column);
	unsigned type = c < 0 ? 0 : PQftype(rows->result, c);
	struct rd r;

	if (type == 21) { /* int2 */
		r = rd_init(value(rows, row, column, 21));
		return (int16_t)rd_u16(&r);
	}
	if (type == PARAMS_INT4) {
		r = rd_init(value(rows, row, column, PARAMS_INT4));
		return (int32_t)rd_u32(&r);
	}
	r = rd_init(value(rows, row, column, PARAMS_INT8));
	return (int64_t)rd_u64(&r);
}

bool rows_bool(struct rows *rows, size_t row, const char *column)
{
	struct rd r = rd_init(value(rows, row, column, PARAMS_BOOL));

	return rd_u8(&r) != 0;
}

struct span rows_bytes(struct rows *rows, size_t row, const char *column)
{
	return value(rows, row, column, PARAMS_BYTEA);
}

struct span rows_text(struct rows *rows, size_t row, const char *column)
{
	return value(rows, row, column, PARAMS_TEXT);
}

/* Bytes that must be `n`. */
static void copy(struct rows *rows, struct span from, uint8_t *out, size_t n)
{
	struct rd r = rd_init(from);

	rd_copy(&r, out, n);
	if (rd_end(&r) != ERR_OK)
		rows->fail = ERR_LOCAL_BUG;
}

struct uuid rows_uuid(struct rows *rows, size_t row, const char *column)
{
	struct uuid uuid = { 0 };

	copy(rows, value(rows, row, column, PARAMS_UUID), uuid.bytes,
	     sizeof(uuid.bytes));
	return uuid;
}

struct digest rows_digest(struct rows *rows, size_t row, const char *column)
{
	struct digest digest = { 0 };

	copy(rows, rows_bytes(rows, row, column), digest.bytes,
	     sizeof(digest.bytes));
	return digest;
}

void rows_copy(struct rows *rows, size_t row, const char *column, uint8_t *out,
	       size_t n)
{
	copy(rows, rows_bytes(rows, row, column), out, n);
}

bool rows_text_is(struct rows *rows, size_t row, const char *column,
		  const char *text)
{
	return span_equal(rows_text(rows, row, column), span_str(text));
}
