#include "command/entry_line.h"

#include "base/text.h"
#include "command/entry_marks.h"
#include "command/hint.h"
#include "command/out.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	DEVICE_SHOWN = 8 /* bytes of a device's id */
};

static bool time_of(const json_t *entry, struct tm *local)
{
	json_int_t ms = json_integer_value(json_object_get(entry, "sent_at"));
	time_t seconds = (time_t)(ms / 1000);

	return ms > 0 && localtime_r(&seconds, local) != NULL;
}

static void put_time(struct buf *out, const json_t *entry)
{
	struct tm local;
	char text[32] = "";

	if (time_of(entry, &local) &&
	    strftime(text, sizeof(text), "%H:%M ", &local) > 0)
		buf_put_str(out, text);
}

/* "-- Sunday, 29 November 2026 --" */
static void put_day(struct buf *out, struct entry_lines *lines,
		    const json_t *entry)
{
	struct tm local;
	char text[64] = "";
	int day;

	if (!time_of(entry, &local))
		return;
	day = (local.tm_year + 1900) * 1000 + local.tm_yday;
	if (day != lines->day &&
	    strftime(text, sizeof(text), "-- %A, %e %B %Y --\n", &local) > 0)
		buf_put_str(out, text);
	lines->day = day;
}

/* Whom an entry is from, and whether the person has compared numbers: in a static
 * buffer. */
static const char *from_of(const json_t *entry)
{
	static char text[544];
	const char *name = out_name(entry, "from"), *trust = out_trust(entry);

	if (trust[0] == '\0')
		return name;
	(void)snprintf(text, sizeof(text), "%s (%s)", name, trust);
	return text;
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
		out_put_name(out, text_cut(span_of(text + user.n + 1, n - 1),
					   DEVICE_SHOWN));
}

/* A device of a user comes in by another one of theirs, which holds it against the
 * account's log. */
static void put_own(struct buf *out, const json_t *entry,
		    const json_t *identity, bool added)
{
	const char *by = json_string_value(json_object_get(entry, "device"));

	buf_put_str(out, added ? "their new device " : "their device ");
	put_device(out, identity);
	if (!added || by == NULL)
		return;
	buf_put_str(out, ", approved by ");
	out_put_name(out, text_cut(span_str(by), DEVICE_SHOWN));
}

/* " added carol, dave": each user once. What a user does with devices of their
 * own is said of each. */
static bool put_users(struct buf *out, const char *verb, const json_t *list,
		      const json_t *entry)
{
	const char *from = json_string_value(json_object_get(entry, "from"));
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
			put_own(out, entry, identity, verb[0] == 'a');
		else
			out_put_name(out, user);
	}
	return any;
}

/* Of this device's leaf, and not made by this state (command/copies.h). */
static bool is_of_copy(const json_t *entry)
{
	return json_is_true(json_object_get(entry, "copy"));
}

static long long epoch_of(const json_t *entry)
{
	return json_integer_value(json_object_get(entry, "epoch")) & UINT32_MAX;
}

/* Why this device made a commit without its person. */
static void put_reason(struct buf *out, const json_t *entry)
{
	const char *reason = out_member(entry, "reason");

	if (strcmp(reason, "broken-commits") == 0)
		buf_put_str(out, ". This device did that by itself, for two "
				 "commits that could not be processed");
	else if (strcmp(reason, "removed-device") == 0)
		buf_put_str(out, ". This device did that by itself: an account "
				 "has removed a device that was a member");
	else if (strcmp(reason, "account-parted") == 0)
		buf_put_str(out, ". This device did that by itself: the log "
				 "of that account by which the session went "
				 "does not count any more, and the one that "
				 "counts does not have that device");
	else if (strcmp(reason, "last-resort") == 0)
		buf_put_str(out, ". This device did that by itself: it came by "
				 "a KeyPackage that may have been used before");
}

/* " made bob admin", " made bob member and carol owner". */
static bool put_roles(struct buf *out, const json_t *list)
{
	const json_t *change;
	bool any = false;
	size_t i;

	json_array_foreach(list, i, change)
	{
		buf_putf(out, "%s %s %s", any ? " and" : " made",
			 out_name(change, "user"), out_member(change, "role"));
		any = true;
	}
	return any;
}

/* " banned carol" */
static bool put_listed(struct buf *out, const json_t *entry, const char *member,
		       const char *verb, bool any)
{
	const json_t *list = json_object_get(entry, member), *user;
	size_t i;

	json_array_foreach(list, i, user)
	{
		if (i == 0)
			buf_putf(out, "%s %s ", any ? " and" : "", verb);
		else
			buf_put_str(out, ", ");
		out_put_name(out, user_of(user));
	}
	return any || json_array_size(list) > 0;
}

/* ". alice has closed the account" of those who left. */
static void put_closed(struct buf *out, const json_t *entry)
{
	const json_t *list = json_object_get(entry, "closed"), *user;
	size_t i;

	json_array_foreach(list, i, user)
	{
		if (is_repeated(list, i))
			continue;
		buf_put_str(out, i > 0 ? ", " : ". Account closed: ");
		out_put_name(out, user_of(user));
	}
}

static void put_commit(struct buf *out, const json_t *entry)
{
	const json_t *added = json_object_get(entry, "added");
	const json_t *removed = json_object_get(entry, "removed");
	const json_t *roles = json_object_get(entry, "roles");
	bool any;

	buf_putf(out, "* %s", from_of(entry));
	any = put_users(out, "added", added, entry);
	if (any && json_array_size(removed) > 0)
		buf_put_str(out, " and");
	any |= put_users(out, "removed", removed, entry);
	if (any && json_array_size(roles) > 0)
		buf_put_str(out, " and");
	any |= put_roles(out, roles);
	any = put_listed(out, entry, "banned", "banned", any);
	any = put_listed(out, entry, "unbanned", "took back the ban of", any);
	any = put_listed(out, entry, "invited", "invited", any);
	any = put_listed(out, entry, "uninvited", "took back the invitation of",
			 any);
	buf_putf(out,
		 any ? "; new keys (epoch %lld)"
		     : " changed the keys (epoch %lld)",
		 epoch_of(entry));
	put_closed(out, entry);
	put_reason(out, entry);
}

/* By external commit. Who was there already takes its own place again. */
static void put_joined(struct buf *out, const json_t *entry)
{
	bool again = json_object_get(entry, "removed") != NULL;

	buf_putf(out, "* %s joined%s; new keys (epoch %lld)", from_of(entry),
		 again ? " again" : "", epoch_of(entry));
}

static void put_departed(struct buf *out, const json_t *entry)
{
	buf_putf(out, "* %s left with device %s", from_of(entry),
		 out_name(entry, "device"));
	if (json_object_get(entry, "heir") != NULL)
		buf_putf(out, "; %s is to be owner", out_name(entry, "heir"));
	put_closed(out, entry);
}

static void put_member(struct buf *out, const json_t *entry, const char *name)
{
	out_put_safe(out, out_span(entry, name));
}

static long long number_of(const json_t *entry, const char *name)
{
	return json_integer_value(json_object_get(entry, name));
}

/* Marks stand before the colon, and behind it the text alone. A file without a caption
 * has no text, and so no colon. */
static void put_text(struct buf *out, const json_t *entry, bool chat)
{
	const char *text =
	    number_of(entry, "edited") > 0 ? "edited_text" : "text";

	buf_put_str(out, from_of(entry));
	if (number_of(entry, "deleted") > 0) {
		buf_putf(out, " (deleted by #%lld)",
			 number_of(entry, "deleted"));
	} else if (entry_marks_is_over(entry)) {
		buf_put_str(out, " (expired)");
	} else {
		entry_marks_put(out, entry, chat);
		if (out_span(entry, text).n > 0) {
			buf_put_str(out, ": ");
			put_member(out, entry, text);
		}
	}
}

static void put_edit(struct buf *out, const json_t *entry)
{
	buf_putf(out, "* %s edited ", from_of(entry));
	entry_marks_put_which(out, entry, "of");
	if (entry_marks_is_over(entry))
		buf_put_str(out, " (expired)");
	if (json_object_get(entry, "text") == NULL)
		return;
	buf_put_str(out, ": ");
	put_member(out, entry, "text");
}

static void put_delete(struct buf *out, const json_t *entry)
{
	buf_putf(out, "* %s deleted ", from_of(entry));
	entry_marks_put_which(out, entry, "of");
}

static void put_reaction(struct buf *out, const json_t *entry)
{
	buf_putf(out, "* %s reacted to ", from_of(entry));
	entry_marks_put_which(out, entry, "of");
	if (number_of(entry, "deleted") > 0) {
		buf_putf(out, " (deleted by #%lld)",
			 number_of(entry, "deleted"));
		return;
	}
	buf_put_str(out, ": ");
	put_member(out, entry, "text");
}

static void put_receipt(struct buf *out, const json_t *entry)
{
	buf_putf(out, "* %s has #%lld, and has read #%lld",
		 out_name(entry, "from"), number_of(entry, "delivered"),
		 number_of(entry, "read"));
}

static void put_title(struct buf *out, const json_t *entry)
{
	buf_putf(out, "* %s calls this session ", from_of(entry));
	out_put_quoted(out, entry, "text");
}

/* "* alice says of this session: it is called "lunch", it is about "soup", it has a
 * picture (image/png)" */
static void put_room(struct buf *out, const json_t *entry)
{
	const json_t *picture = json_object_get(entry, "picture");
	const char *colon = ":";

	buf_putf(out, "* %s says of this session", from_of(entry));
	if (json_object_get(entry, "name") != NULL) {
		buf_putf(out, "%s it is called ", colon);
		out_put_quoted(out, entry, "name");
		colon = ",";
	}
	if (json_object_get(entry, "subject") != NULL) {
		buf_putf(out, "%s it is about ", colon);
		out_put_quoted(out, entry, "subject");
		colon = ",";
	}
	if (json_is_false(picture))
		buf_putf(out, "%s it has no picture any more", colon);
	else if (picture != NULL)
		buf_putf(out, "%s it has a picture (%s)", colon,
			 out_quoted(picture, "type"));
}

static void put_moved(struct buf *out, const json_t *entry)
{
	if (json_is_true(json_object_get(entry, "goes_over")))
		buf_putf(out,
			 "* %s took this session over to accounts, with the "
			 "members and roles that it had (%s)",
			 from_of(entry), out_member(entry, "algorithm"));
	else
		buf_putf(out, "* %s moved this session to %s", from_of(entry),
			 out_member(entry, "algorithm"));
}

static void put_removed(struct buf *out, const json_t *entry)
{
	if (is_of_copy(entry))
		buf_put_str(out, "* this device's place was taken");
	else
		buf_putf(out, "* %s removed this device", from_of(entry));
	(void)put_listed(out, entry, "banned", "banned", true);
}

/* Whoever is named has signed it. */
static void put_unreadable(struct buf *out, const json_t *entry)
{
	const char *device = out_name(entry, "device");

	if (json_object_get(entry, "rule") != NULL)
		buf_putf(out,
			 "! a commit was refused, members and keys are as "
			 "before: %s",
			 out_member(entry, "rule"));
	else
		buf_putf(out, "! not readable: %s",
			 out_member(entry, "reason"));
	if (device[0] != '\0')
		buf_putf(out, " (signed by %s, device %s)", from_of(entry),
			 device);
}

static void put_expired(struct buf *out, const json_t *entry)
{
	(void)entry;
	buf_put_str(out, "! the server says that it does not keep this "
			 "message any more");
}

/* An entry that is worth nothing. */
static void put_refused(struct buf *out, const json_t *entry)
{
	const char *from = from_of(entry);
	const char *device = out_name(entry, "device");

	if (!json_is_true(json_object_get(entry, "broken")))
		put_unreadable(out, entry);
	else if (is_of_copy(entry))
		buf_put_str(out, "* the keys were changed");
	else if (json_is_true(json_object_get(entry, "joined")))
		buf_putf(out,
			 "! the commit by which %s, device %s, joined cannot "
			 "be processed: that device made it so, or who "
			 "committed before it. This device joins again",
			 from, device);
	else
		buf_putf(out,
			 "! %s, device %s, signed a commit that cannot be "
			 "processed. This device joins again; where that goes "
			 "on, who may removes the other one: hermetic remove "
			 "SESSION %s/%s",
			 from, device, out_name(entry, "from"), device);
}

/* It names a command. */
static void put_hinted(struct buf *out, const json_t *entry)
{
	struct buf text = BUF_INIT;

	put_refused(&text, entry);
	hint_put(out, buf_span(&text));
	out->fail = out->fail != ERR_OK ? out->fail : text.fail;
	buf_clear(&text);
}

/* By the member `kind` (docs/state.md, "What is kept of an entry"). */
static const struct {
	const char *kind;
	void (*put)(struct buf *out, const json_t *entry);
} PUT[] = {
	{ "edit", put_edit },	      { "delete", put_delete },
	{ "reaction", put_reaction }, { "receipt", put_receipt },
	{ "name", put_title },	      { "room", put_room },
	{ "commit", put_commit },     { "joined", put_joined },
	{ "moved", put_moved },	      { "removed", put_removed },
	{ "departed", put_departed }, { "refused", put_refused },
	{ "expired", put_expired },   { "unreadable", put_unreadable },
};

static bool is_kind(const json_t *entry, const char *kind)
{
	return strcmp(out_member(entry, "kind"), kind) == 0;
}

bool entry_line_is_shown(const json_t *entry)
{
	return !is_kind(entry, "receipt");
}

static void put_entry(struct buf *line, const json_t *entry, bool chat)
{
	if (is_kind(entry, "text")) {
		put_text(line, entry, chat);
		return;
	}
	if (is_kind(entry, "refused") && chat) {
		put_hinted(line, entry);
		return;
	}
	for (size_t i = 0; i < sizeof(PUT) / sizeof(*PUT); i++)
		if (is_kind(entry, PUT[i].kind)) {
			PUT[i].put(line, entry);
			return;
		}
	buf_putf(line, "! this is for a later version of hermetic: \"%s\"",
		 out_member(entry, "kind"));
}

void entry_line_put(struct buf *line, struct entry_lines *lines,
		    const json_t *entry)
{
	put_day(line, lines, entry);
	buf_put(line, lines->label);
	buf_putf(line, "#%-3lld ",
		 (long long)json_integer_value(json_object_get(entry, "seq")));
	put_time(line, entry);
	/* before the sender, where no member's words stand */
	if (is_of_copy(entry))
		buf_put_str(line, "(by another copy of this device's state) ");
	if (json_is_true(json_object_get(entry, "mentioned")))
		buf_put_str(line, "(mentions you) ");
	put_entry(line, entry, lines->chat);
}
