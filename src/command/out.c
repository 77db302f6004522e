#include "command/out.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

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

static void put_time(struct buf *out, const json_t *message)
{
	json_int_t ms = json_integer_value(json_object_get(message, "sent_at"));
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;
	char text[32] = "";

	if (ms > 0 && localtime_r(&seconds, &local) != NULL &&
	    strftime(text, sizeof(text), "%H:%M ", &local) > 0)
		buf_put_str(out, text);
}

/* The user of "user/device". */
static struct span user_of(const json_t *identity)
{
	const char *text = json_string_value(identity);
	size_t n = json_string_length(identity);
	const char *slash = text != NULL ? memchr(text, '/', n) : NULL;

	return span_of(text, slash != NULL ? (size_t)(slash - text) : n);
}

static bool is_repeated(const json_t *list, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (span_equal(user_of(json_array_get(list, i)),
			       user_of(json_array_get(list, at))))
			return true;
	return false;
}

/* The first characters of the id in "user/device". */
static void put_device(struct buf *out, const json_t *identity)
{
	struct span user = user_of(identity);
	const char *text = json_string_value(identity);
	size_t n = json_string_length(identity) - user.n;

	if (n > 1)
		put_safe(out,
			 span_of((const uint8_t *)text + user.n + 1,
				 n - 1 < 8 ? n - 1 : 8),
			 false);
}

/* A device of a user comes in by another one of theirs, which holds it against the
 * account's log. */
static void put_own(struct buf *out, const json_t *message,
		    const json_t *identity, bool added)
{
	const char *by = json_string_value(json_object_get(message, "device"));

	buf_put_str(out, added ? "their new device " : "their device ");
	put_device(out, identity);
	if (!added || by == NULL)
		return;
	buf_put_str(out, ", approved by ");
	put_safe(out, span_of((const uint8_t *)by, strnlen(by, 8)), false);
}

/* " added carol, dave": each user once. What a user does with devices of their
 * own is said of each. */
static bool put_users(struct buf *out, const char *verb, const json_t *list,
		      const json_t *message)
{
	const char *from = json_string_value(json_object_get(message, "from"));
	const json_t *identity;
	bool any = false;
	size_t i;

	json_array_foreach(list, i, identity)
	{
		struct span user = user_of(identity);

		bool own = from != NULL && span_equal(user, span_str(from));

		if (!json_is_string(identity) || (!own && is_repeated(list, i)))
			continue;
		buf_putf(out, any ? ", " : " %s ", verb);
		any = true;
		if (own)
			put_own(out, message, identity, verb[0] == 'a');
		else
			put_safe(out, user, false);
	}
	return any;
}

static void put_commit(struct buf *out, const json_t *message)
{
	const json_t *added = json_object_get(message, "added");
	const json_t *removed = json_object_get(message, "removed");
	json_int_t epoch =
	    json_integer_value(json_object_get(message, "epoch"));
	bool any;

	buf_putf(out, "* %s", out_name(message, "from"));
	any = put_users(out, "added", added, message);
	if (any && json_array_size(removed) > 0)
		buf_put_str(out, " and");
	any |= put_users(out, "removed", removed, message);
	buf_putf(out,
		 any ? "; new keys (epoch %lld)"
		     : " changed the keys (epoch %lld)",
		 (long long)(epoch & UINT32_MAX));
}

/* Why this device made a commit without its person. */
static void put_reason(struct buf *out, const json_t *message)
{
	if (strcmp(out_member(message, "reason"), "broken-commits") == 0)
		buf_put_str(out, ". This device did that by itself, for two "
				 "commits that could not be processed");
}

/* An entry that is worth nothing. Whoever is named has signed it. */
static void put_refused(struct buf *out, const json_t *message)
{
	const char *from = out_name(message, "from");
	const char *device = out_name(message, "device");

	if (!json_is_true(json_object_get(message, "broken"))) {
		buf_putf(out, "! not readable: %s",
			 out_member(message, "reason"));
		if (device[0] != '\0')
			buf_putf(out, " (signed by %s, device %s)", from,
				 device);
	} else if (json_is_true(json_object_get(message, "joined"))) {
		buf_putf(out,
			 "! the commit by which %s, device %s, joined cannot "
			 "be processed: that device made it so, or who "
			 "committed before it. This device joins again",
			 from, device);
	} else {
		buf_putf(out,
			 "! %s, device %s, signed a commit that cannot be "
			 "processed. This device joins again; where that goes "
			 "on, who may removes the other one: hermetic remove "
			 "SESSION %s/%s",
			 from, device, from, device);
	}
}

void out_put_message(struct buf *out, const json_t *message)
{
	const json_t *text = json_object_get(message, "text");
	const char *kind = out_member(message, "kind");
	const char *from = out_name(message, "from");
	json_int_t epoch =
	    json_integer_value(json_object_get(message, "epoch"));

	buf_putf(
	    out, "#%-3lld ",
	    (long long)json_integer_value(json_object_get(message, "seq")));
	put_time(out, message);
	if (strcmp(kind, "text") == 0) {
		buf_putf(out, "%s: ", from);
		out_put_safe(out, span_of(json_string_value(text),
					  json_string_length(text)));
	} else if (strcmp(kind, "name") == 0) {
		buf_putf(out, "* %s calls this session \"%s\"", from,
			 out_member(message, "text"));
	} else if (strcmp(kind, "joined") == 0) {
		buf_putf(out, "* %s joined; new keys (epoch %lld)", from,
			 (long long)(epoch & UINT32_MAX));
	} else if (strcmp(kind, "commit") == 0) {
		put_commit(out, message);
		put_reason(out, message);
	} else if (strcmp(kind, "moved") == 0) {
		buf_putf(out, "* %s moved this session to %s", from,
			 out_member(message, "algorithm"));
	} else if (strcmp(kind, "removed") == 0) {
		buf_putf(out, "* %s removed this device", from);
	} else if (strcmp(kind, "left") == 0) {
		buf_putf(out, "* %s left", from);
	} else {
		put_refused(out, message);
	}
}
