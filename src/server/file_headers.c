#include "server/file_headers.h"

#include <string.h>

#include "base/text.h"

/* RFC 9651, 3.3.1: at most so many digits. */
enum { INTEGER_DIGITS = 15 };

bool file_headers_number(struct span value, uint64_t *out)
{
	return value.n <= INTEGER_DIGITS &&
	       text_parse_u64(out, value, INT64_MAX) == ERR_OK;
}

bool file_headers_flag(struct span value, bool *out)
{
	if (value.n != 2 || value.p[0] != '?' ||
	    (value.p[1] != '0' && value.p[1] != '1'))
		return false;
	*out = value.p[1] == '1';
	return true;
}

enum file_range file_headers_range(struct span value, uint64_t size,
				   uint64_t *from, uint64_t *end)
{
	static const char unit[] = "bytes=";
	size_t n = sizeof(unit) - 1;
	uint64_t first, last = size - 1;
	const uint8_t *dash;
	struct span a, b;

	*from = 0;
	*end = size;
	if (value.n < n || memcmp(value.p, unit, n) != 0)
		return FILE_RANGE_WHOLE;
	value = span_of(value.p + n, value.n - n);
	dash = value.n > 0 ? memchr(value.p, '-', value.n) : NULL;
	if (dash == NULL)
		return FILE_RANGE_WHOLE;
	a = span_of(value.p, (size_t)(dash - value.p));
	b = span_of(dash + 1, value.n - a.n - 1);
	if (a.n == 0) { /* the last ones */
		if (text_parse_u64(&last, b, INT64_MAX) != ERR_OK)
			return FILE_RANGE_WHOLE;
		if (last == 0)
			return FILE_RANGE_NOTHING;
		*from = last < size ? size - last : 0;
		return FILE_RANGE_PART;
	}
	if (text_parse_u64(&first, a, INT64_MAX) != ERR_OK ||
	    (b.n > 0 &&
	     (text_parse_u64(&last, b, INT64_MAX) != ERR_OK || last < first)))
		return FILE_RANGE_WHOLE;
	if (first >= size)
		return FILE_RANGE_NOTHING;
	*from = first;
	*end = last < size - 1 ? last + 1 : size;
	return FILE_RANGE_PART;
}
