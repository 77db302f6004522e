/* One JSON object a line on standard output: time, level, event and fields.
 * Fields carry ids, counts and codes; never payloads, keys or tokens. */
#ifndef HERMETIC_BASE_LOG_H
#define HERMETIC_BASE_LOG_H

#include <stdint.h>

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

struct log_field {
	const char *name;
	const char *text; /* NULL: the number counts */
	int64_t number;
};

#define LOG_STR(n, t) ((struct log_field){ (n), (t) != NULL ? (t) : "", 0 })
#define LOG_NUM(n, v) ((struct log_field){ (n), NULL, (int64_t)(v) })
#define LOG_END ((struct log_field){ NULL, NULL, 0 })

/* Lines below this level are dropped; INFO at start. */
void log_set_level(enum log_level level);

/* `fields` ends with LOG_END. One write(2) a line, so that lines of several
 * processes do not mix. */
void log_event(enum log_level level, const char *event,
	       const struct log_field *fields);

/* LOG(INFO, "listening", LOG_NUM("port", 8000)) */
#define LOG(level, event, ...)                                                 \
	log_event(LOG_LEVEL_##level, event,                                    \
		  (const struct log_field[]){ __VA_ARGS__, LOG_END })

#endif
