#include "command/out.h"

#include "base/sec.h"
#include "base/text.h"
#include "command/hint.h"
#include "signs/file_name.h"
#include "signs/harmful.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_SIZE 512
#define QUOTED_MAX                                                             \
	80 /* bytes; each may be shown as six, and the quotes have to fit */

enum how {
	OF_LINES, /* a line's end is laid out, and a tab stays */
	OF_NAME,
	INSIDE /* between quotes or brackets of ours */
};

static void put_sign(struct buf *out, struct span sign, uint32_t c,
		     bool harmful, enum how how)
{
	if (sign.n == 0)
		buf_putf(out, "\\x%02x", (unsigned)*sign.p);
	else if (c == '\n' && how == OF_LINES)
		buf_put_str(out, "\n    ");
	else if (harmful && (c != '\t' || how != OF_LINES))
		buf_putf(out, "\\u{%x}", (unsigned)c);
	else if (how == INSIDE && sign.n == 1 &&
		 strchr("\"\\()[]", (int)c) != NULL)
		buf_putf(out, "\\%c", (int)c);
	else
		buf_put(out, sign);
}

/* `to`: where the part of the text ends that is put. What a sign is good for, those
 * around it say. */
static void put_part(struct buf *out, struct span text, size_t from, size_t to,
		     enum how how)
{
	for (size_t at = from; at < to;) {
		struct span rest = span_of(text.p + at, text.n - at);
		uint32_t c = 0;
		size_t n = text_character(rest, &c);
		/* as other systems end lines */
		bool return_of_line = c == '\r' && how == OF_LINES &&
				      rest.n > 1 && rest.p[1] == '\n';

		if (!return_of_line)
			put_sign(out, span_of(rest.p, n), c,
				 harmful_at(text, at), how);
		at += n > 0 ? n : 1;
	}
}

static void put_whole(struct buf *out, struct span text, enum how how)
{
	put_part(out, text, 0, text.n, how);
}

void out_put_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	uint64_t unit = 1000;
	size_t i = 0;

	if (bytes < unit) {
		buf_putf(out, "%u byte%s", (unsigned)bytes,
			 bytes == 1 ? "" : "s");
		return;
	}
	for (; i < 3 && bytes / unit >= 1000; i++)
		unit *= 1000;
	buf_putf(out, "%u.%u %s", (unsigned)(bytes / unit),
		 (unsigned)(bytes % unit / (unit / 10)), units[i]);
}

void out_put_safe(struct buf *out, struct span text)
{
	put_whole(out, text, OF_LINES);
}

void out_put_name(struct buf *out, struct span name)
{
	put_whole(out, name, OF_NAME);
}

/* ferror() remembers what failed before. */
bool out_is_good(void)
{
	return fflush(stdout) == 0 && ferror(stdout) == 0;
}

void out_json(const json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}

static void (*wrap_line)(struct buf *out, struct span line);

void out_wrap_by(void (*wrap)(struct buf *out, struct span line))
{
	wrap_line = wrap;
}

static bool is_chat;

void out_in_chat(bool chat)
{
	is_chat = chat;
}

/* False: it has to go as it is. */
__attribute__((format(printf, 1, 0))) static bool print_made(const char *format,
							     va_list arguments)
{
	/* what others wrote names no commands of ours */
	bool hints = is_chat && strstr(format, "hermetic ") != NULL;
	struct buf hinted = BUF_INIT, rows = BUF_INIT;
	struct span made;
	char *line = NULL;
	bool printed = false;

	if ((wrap_line == NULL && !hints) ||
	    vasprintf(&line, format, arguments) < 0)
		return false;
	if (hints)
		hint_put(&hinted, span_str(line));
	made = hints ? buf_span(&hinted) : span_str(line);
	if (wrap_line != NULL)
		wrap_line(&rows, made);
	else
		buf_put(&rows, made);
	if (buf_end(&hinted) == ERR_OK && buf_end(&rows) == ERR_OK)
		printed =
		    rows.n == 0 || fwrite(rows.p, 1, rows.n, stdout) == rows.n;
	sec_wipe(line, strlen(line));
	free(line);
	buf_clear(&hinted);
	buf_clear(&rows);
	return printed;
}

void out_line(const char *format, ...)
{
	va_list arguments, again;

	va_start(arguments, format);
	va_copy(again, arguments);
	if (!print_made(format, again))
		(void)vfprintf(stdout, format, arguments);
	va_end(again);
	va_end(arguments);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}

struct span out_span(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return span_of(json_string_value(value), json_string_length(value));
}

/* In one of the buffers that take turns; `safe` is cleared. */
static const char *keep(struct buf *safe)
{
	static char kept[8][KEPT_SIZE];
	static unsigned next;
	char *out = kept[next++ % 8];

	out[0] = '\0';
	if (buf_end(safe) == ERR_OK) {
		struct span whole = text_cut(buf_span(safe), KEPT_SIZE - 1);

		span_copy(out, whole);
		out[whole.n] = '\0';
	}
	buf_clear(safe);
	return out;
}

static const char *safe_member(const json_t *object, const char *name,
			       enum how how)
{
	struct buf safe = BUF_INIT;

	put_whole(&safe, out_span(object, name), how);
	return keep(&safe);
}

void out_put_inside(struct buf *out, struct span text)
{
	put_whole(out, text, INSIDE);
}

void out_put_part(struct buf *out, struct span text, size_t from, size_t n,
		  bool inside)
{
	put_part(out, text, from, from + n, inside ? INSIDE : OF_NAME);
}

void out_put_quoted(struct buf *out, const json_t *object, const char *member)
{
	buf_put_u8(out, '"');
	out_put_inside(out, out_span(object, member));
	buf_put_u8(out, '"');
}

const char *out_quoted(const json_t *object, const char *name)
{
	struct span text = out_span(object, name);
	size_t stem = text.n > QUOTED_MAX ? file_name_stem(text) : text.n;
	struct span shown =
	    file_name_cut(span_of(text.p, stem), QUOTED_MAX - (text.n - stem));
	struct buf safe = BUF_INIT;

	if (text.n > 0) {
		buf_put_u8(&safe, '"');
		out_put_inside(&safe, shown);
		if (text.n > QUOTED_MAX)
			buf_put_str(&safe, "...");
		out_put_inside(&safe, span_of(text.p + stem, text.n - stem));
		buf_put_u8(&safe, '"');
	}
	return keep(&safe);
}

const char *out_member(const json_t *object, const char *name)
{
	return safe_member(object, name, OF_LINES);
}

const char *out_name(const json_t *object, const char *name)
{
	return safe_member(object, name, OF_NAME);
}

const char *out_trust(const json_t *object)
{
	const char *compared =
	    json_string_value(json_object_get(object, "compared"));

	if (compared == NULL)
		return "";
	if (strcmp(compared, "yes") == 0)
		return "verified";
	return strcmp(compared, "changed") == 0 ? "CHANGED" : "unverified";
}

void out_message_json(const char *session_id, const json_t *message)
{
	json_t *line = json_pack("{s:s}", "session_id", session_id);

	if (line == NULL)
		return;
	(void)json_object_update(line, (json_t *)(uintptr_t)message);
	out_json(line);
	json_decref(line);
}
