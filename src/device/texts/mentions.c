#include "device/texts/mentions.h"

#include "device/accounts/names.h"

#include <string.h>

/* ---- who is named ---- */

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' ||
	       c == '~';
}

/* A name may stand at the end of a sentence. */
static bool is_point(char c)
{
	return c == '.' || c == '-' || c == '_';
}

/* How many bytes behind the sign may be a name, in lower case in `name`. */
static size_t read_name(struct span text, char name[DEVICE_CALLED_SIZE])
{
	size_t n = 0;

	while (n < text.n && n < DEVICE_CALLED_SIZE - 1 &&
	       is_name_byte(text.p[n])) {
		uint8_t c = text.p[n];

		name[n++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	name[n] = '\0';
	return n;
}

/* The member whose name stands there: its user, and the bytes of the name. */
static struct span find_member(const json_t *members, struct span text,
			       size_t *n)
{
	char name[DEVICE_CALLED_SIZE];
	struct span user = SPAN_EMPTY;

	*n = read_name(text, name);
	while (*n > 0) {
		user = names_mean(members, name);
		if (user.n > 0 || !is_point(name[*n - 1]))
			break;
		name[--*n] = '\0';
	}
	return user.n == MENTIONS_USER && places_is_account(user) ? user
								  : SPAN_EMPTY;
}

/* ---- as Markdown ---- */

/* What Markdown would take for more than a character. */
static bool is_special(uint8_t c)
{
	return c != 0 && strchr("\\`*_[]<>&~|#+=!.)(-", c) != NULL;
}

/* A line's end inside a paragraph is kept by a backslash. */
static void put_byte(struct buf *out, struct span text, size_t at)
{
	uint8_t c = text.p[at];
	bool inside = at > 0 && text.p[at - 1] != '\n' && at + 1 < text.n &&
		      text.p[at + 1] != '\n';

	if (is_special(c) || (c == '\n' && inside))
		buf_put_u8(out, '\\');
	buf_put_u8(out, c);
}

static void put_link(struct buf *out, struct span label, struct span user)
{
	buf_put_u8(out, '[');
	for (size_t i = 0; i < label.n; i++)
		put_byte(out, label, i);
	buf_put_str(out, "](" MENTIONS_URI);
	buf_put(out, user);
	buf_put_u8(out, ')');
}

enum err mentions_put(struct device *d, struct span text, struct buf *markdown)
{
	struct buf made = BUF_INIT;
	json_t *members = NULL;
	unsigned links = 0;
	enum err e = ERR_OK;

	if (text.n == 0 || memchr(text.p, '@', text.n) == NULL)
		return ERR_OK;
	TRY(names_map(d, &members));
	for (size_t at = 0, n; at < text.n; at++) {
		struct span rest = span_of(text.p + at + 1, text.n - at - 1);
		struct span user = SPAN_EMPTY;

		if (text.p[at] == '@' && links < MENTIONS_MAX &&
		    (at == 0 || !is_name_byte(text.p[at - 1])))
			user = find_member(members, rest, &n);
		if (user.n == 0) {
			put_byte(&made, text, at);
			continue;
		}
		put_link(&made, span_of(text.p + at, n + 1), user);
		links++;
		at += n;
	}
	TRY(buf_end(&made));
	if (links > 0)
		buf_put(markdown, buf_span(&made));
	e = markdown->fail;
out:
	json_decref(members);
	buf_clear(&made);
	return e;
}

/* A bracket behind an odd number of backslashes is a character of the text. */
static bool is_escaped(struct span text, size_t at)
{
	size_t n = 0;

	while (n < at && text.p[at - n - 1] == '\\')
		n++;
	return n % 2 == 1;
}

bool mentions_next(struct span *markdown, struct span *user)
{
	static const char before[] = "](" MENTIONS_URI;
	const size_t n = sizeof(before) - 1;
	const uint8_t *found;

	while (markdown->n > n + MENTIONS_USER &&
	       (found = memmem(markdown->p, markdown->n, before, n)) != NULL) {
		struct span all = *markdown;
		size_t at = (size_t)(found - all.p), end = at + n;

		*markdown = span_of(all.p + end, all.n - end);
		if (markdown->n <= MENTIONS_USER || is_escaped(all, at) ||
		    markdown->p[MENTIONS_USER] != ')')
			continue;
		*user = span_of(markdown->p, MENTIONS_USER);
		if (places_is_account(*user))
			return true;
	}
	return false;
}

static bool has(const struct buf *users, struct span user)
{
	for (size_t at = 0; at < users->n; at += MENTIONS_USER)
		if (span_equal(span_of(users->p + at, MENTIONS_USER), user))
			return true;
	return false;
}

void mentions_collect(struct span markdown, struct buf *users)
{
	struct span user;

	while (users->n < MENTIONS_MAX * MENTIONS_USER &&
	       mentions_next(&markdown, &user))
		if (!has(users, user))
			buf_put(users, user);
}

/* ---- in an entry ---- */

static bool is_member(const struct device *d, struct span user)
{
	return d->open.session != NULL &&
	       session_has_user(d->open.session, user);
}

static bool is_from(const json_t *entry, struct span user)
{
	const char *from = record_string(entry, "from");

	return from != NULL && span_equal(span_str(from), user);
}

enum err mentions_keep(struct device *d, struct span users, json_t *entry)
{
	json_t *list = json_array();
	enum err e = ERR_OK;

	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	for (; users.n >= MENTIONS_USER;
	     users.p += MENTIONS_USER, users.n -= MENTIONS_USER) {
		struct span user = span_of(users.p, MENTIONS_USER);
		bool own = names_is_own(d, user);

		if (!own && !is_member(d, user))
			continue;
		ENSURE(json_array_append_new(
			   list, json_stringn((const char *)user.p, user.n)) ==
			   0,
		       ERR_LOCAL_MEMORY);
		if (own && !is_from(entry, user))
			(void)json_object_set_new(entry, "mentioned",
						  json_true());
	}
	if (json_array_size(list) > 0)
		ENSURE(json_object_set(entry, "mentions", list) == 0,
		       ERR_LOCAL_MEMORY);
out:
	json_decref(list);
	return e;
}
