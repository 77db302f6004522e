#include "base/log.h"

#include <time.h>
#include <unistd.h>

#include "base/buf.h"

static enum log_level log_floor = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	log_floor = level;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_DEBUG:
		return "debug";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_ERROR:
		return "error";
	}
	return "unknown";
}

/* RFC 8259 section 7; what is not printable ASCII becomes an escape, so a
 * line cannot be broken or forged by what it quotes. */
static void put_json_string(struct buf *line, const char *text)
{
	buf_put_u8(line, '"');
	for (const char *c = text; *c != '\0'; c++) {
		uint8_t u = (uint8_t)*c;

		if (u == '"' || u == '\\')
			buf_putf(line, "\\%c", u);
		else if (u < 0x20 || u >= 0x7f)
			buf_putf(line, "\\u%04x", (unsigned)u);
		else
			buf_put_u8(line, u);
	}
	buf_put_u8(line, '"');
}

static void put_time(struct buf *line)
{
	struct timespec now;
	struct tm utc;
	char text[32];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	buf_putf(line, "{\"time\":\"%s.%03ldZ\"", text, now.tv_nsec / 1000000);
}

void log_event(enum log_level level, const char *event,
	       const struct log_field *fields)
{
	struct buf line = BUF_INIT;

	if (level < log_floor)
		return;
	put_time(&line);
	buf_putf(&line, ",\"level\":\"%s\",\"event\":", level_name(level));
	put_json_string(&line, event);
	for (; fields->name != NULL; fields++) {
		buf_put_u8(&line, ',');
		put_json_string(&line, fields->name);
		buf_put_u8(&line, ':');
		if (fields->text != NULL)
			put_json_string(&line, fields->text);
		else
			buf_putf(&line, "%lld", (long long)fields->number);
	}
	buf_put_str(&line, "}\n");
	if (buf_end(&line) == ERR_OK) {
		ssize_t written = write(STDOUT_FILENO, line.p, line.n);

		(void)written; /* nobody to tell */
	}
	buf_clear(&line);
}
