#include "command/times.h"

#include "base/text.h"

#include <string.h>
#include <time.h>

bool times_parse_seconds(const char *text, uint64_t most, uint64_t *seconds)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {
		{ 's', 1 },	{ 'm', 60 },	 { 'h', 3600 },
		{ 'd', 86400 }, { 'w', 604800 },
	};
	size_t n = strlen(text);
	uint64_t count;

	for (size_t i = 0; n > 1 && i < sizeof(units) / sizeof(*units); i++) {
		if (text[n - 1] != units[i].unit ||
		    text_parse_u64(&count, span_of(text, n - 1),
				   most / units[i].seconds) != ERR_OK ||
		    count == 0)
			continue;
		*seconds = count * units[i].seconds;
		return true;
	}
	return false;
}

/* All of the text, or nothing. */
static bool is_written(const char *text, const char *format, struct tm *time)
{
	const char *end = strptime(text, format, time);

	return end != NULL && *end == '\0';
}

bool times_parse_since(const char *text, uint64_t now_ms, uint64_t *ms)
{
	static const char *const dates[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M",
					     "%Y-%m-%dT%H:%M" };
	time_t now = (time_t)(now_ms / 1000), then;
	struct tm today, time = { .tm_isdst = -1 };
	uint64_t seconds;
	bool written = false;

	if (times_parse_seconds(text, now_ms / 1000, &seconds)) {
		*ms = now_ms - seconds * 1000;
		return true;
	}
	for (size_t i = 0; i < 3 && !written; i++) {
		time = (struct tm){ .tm_isdst = -1 };
		written = is_written(text, dates[i], &time);
	}
	if (!written && localtime_r(&now, &today) != NULL) {
		time = today;
		time.tm_sec = 0;
		time.tm_isdst = -1;
		written = is_written(text, "%H:%M", &time);
		/* what has not come today was yesterday */
		if (time.tm_hour * 60 + time.tm_min >
		    today.tm_hour * 60 + today.tm_min)
			time.tm_mday--;
	}
	then = written ? mktime(&time) : -1;
	if (then <= 0)
		return false;
	*ms = (uint64_t)then * 1000;
	return true;
}
