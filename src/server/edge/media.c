#include "server/edge/media.h"

#include <string.h>
#include <strings.h>

enum { WEIGHT_ONE = 1000 };

/* How closely a range names the type: 0 for not at all. */
static unsigned matches(struct span range, const char *type)
{
	size_t major = (size_t)(strchr(type, '/') - type);
	size_t whole = strcspn(type, ";");

	if (range.n == whole &&
	    strncasecmp((const char *)range.p, type, whole) == 0)
		return 3;
	if (head_equals(range, "*/*"))
		return 1;
	return range.n == major + 2 && range.p[major + 1] == '*' &&
		       strncasecmp((const char *)range.p, type, major + 1) == 0
		   ? 2
		   : 0;
}

/* "0.125": one digit, and up to three after the point. */
static unsigned read_weight(struct span text)
{
	unsigned weight, digit = WEIGHT_ONE / 10;

	if (text.n == 0 || text.n > 5 || text.p[0] < '0' || text.p[0] > '1' ||
	    (text.n > 1 && text.p[1] != '.'))
		return WEIGHT_ONE;
	weight = (unsigned)(text.p[0] - '0') * WEIGHT_ONE;
	for (size_t i = 2; i < text.n; i++, digit /= 10) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return WEIGHT_ONE;
		weight += (unsigned)(text.p[i] - '0') * digit;
	}
	return weight < WEIGHT_ONE ? weight : WEIGHT_ONE;
}

static unsigned weight_of(struct span parameters)
{
	struct span part;

	while (head_next_part(&parameters, ';', &part))
		if (part.n >= 2 && head_equals(span_of(part.p, 2), "q="))
			return read_weight(span_of(part.p + 2, part.n - 2));
	return WEIGHT_ONE;
}

unsigned media_weight(const struct head *head, const char *type)
{
	unsigned best = 0, weight = 0;
	bool any = false;

	for (size_t i = 0; i < head->field_count; i++) {
		struct span list = head->fields[i].value, part, range;

		if (!head_equals(head->fields[i].name, "Accept"))
			continue;
		any = true;
		while (head_next_part(&list, ',', &part)) {
			unsigned match = head_next_part(&part, ';', &range)
					     ? matches(range, type)
					     : 0;

			if (match > best) {
				best = match;
				weight = weight_of(part);
			}
		}
	}
	return any ? weight : WEIGHT_ONE;
}
