#include "command/out.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>

/* Code points that change how a terminal shows what is around them. Joiners
 * make one sign of several: in a text they belong, in a name they hide. */
static bool is_harmful(uint32_t c, bool joiners)
{
	if (joiners && (c == 0x200c || c == 0x200d))
		return false;
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* The code point at p; *n is how many bytes it takes, 0 when it is none. */
static uint32_t decode(const uint8_t *p, size_t left, size_t *n)
{
	size_t length = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = length == 1 ? p[0] : p[0] & (0xffu >> (length + 1));

	*n = 0;
	if (length > left || !text_is_utf8(span_of(p, length)))
		return 0;
	for (size_t i = 1; i < length; i++)
		c = c << 6 | (p[i] & 0x3fu);
	*n = length;
	return c;
}

static void put_safe(struct buf *out, struct span text, bool joiners)
{
	for (size_t i = 0; i < text.n;) {
		size_t n;
		uint32_t c = decode(text.p + i, text.n - i, &n);

		if (n == 0)
			buf_putf(out, "\\x%02x", (unsigned)text.p[i]);
		else if (c == '\n')
			buf_put_str(out, "\n    ");
		else if (c == '\t')
			buf_put_u8(out, '\t');
		else if (is_harmful(c, joiners))
			buf_putf(out, "\\u{%x}", (unsigned)c);
		else
			buf_put(out, span_of(text.p + i, n));
		i += n > 0 ? n : 1;
	}
}

void out_put_safe(struct buf *out, struct span text)
{
	put_safe(out, text, true);
}

void out_put_name(struct buf *out, struct span name)
{
	put_safe(out, name, false);
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

void out_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vfprintf(stdout, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}

static const char *safe_member(const json_t *object, const char *name,
			       bool joiners)
{
	static char kept[8][512];
	static unsigned next;
	const json_t *value = json_object_get(object, name);
	struct buf safe = BUF_INIT;
	char *out = kept[next++ % 8];

	out[0] = '\0';
	if (json_is_string(value))
		put_safe(&safe,
			 span_of(json_string_value(value),
				 json_string_length(value)),
			 joiners);
	if (buf_end(&safe) == ERR_OK)
		(void)snprintf(out, sizeof(kept[0]), "%.*s", (int)safe.n,
			       safe.n > 0 ? (const char *)safe.p : "");
	buf_clear(&safe);
	return out;
}

const char *out_member(const json_t *object, const char *name)
{
	return safe_member(object, name, true);
}

const char *out_name(const json_t *object, const char *name)
{
	return safe_member(object, name, false);
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
