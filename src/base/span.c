#include "base/span.h"

#include <string.h>

struct span span_str(const char *text)
{
	return span_of(text, strlen(text));
}

struct span span_copy(void *to, struct span from)
{
	if (from.n > 0)
		memcpy(to, from.p, from.n);
	return span_of(to, from.n);
}

int span_compare(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (order != 0)
		return order;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
