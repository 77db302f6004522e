/* What several verbs print. */
#include "command/cmd.h"

#include "command/out.h"
#include "command/qr.h"
#include "command/shown.h"
#include "signs/file_name.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static json_int_t number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* ---- QR codes ---- */

void cmd_print_qr(const char *text)
{
	struct buf out = BUF_INIT;

	if (isatty(STDOUT_FILENO) && qr_put(text, &out) == ERR_OK)
		out_line("\n%.*s", (int)out.n, (const char *)out.p);
	buf_clear(&out);
}

/* ---- members ---- */

static const char *note_of(const json_t *member)
{
	if (json_is_true(json_object_get(member, "own")))
		return "  (this one)";
	if (json_is_true(json_object_get(member, "departed")))
		return "  (has left)";
	if (number(member, "broken_commits") > 0)
		return "  (signed commits that cannot be processed)";
	if (json_is_false(json_object_get(member, "seen")))
		return "  (new: not seen yet)";
	return "";
}

/* How far an account is, where it says so. */
static const char *receipt_of(const json_t *member)
{
	static char text[80];

	text[0] = '\0';
	if (json_is_true(json_object_get(member, "own")))
		return text;
	if (number(member, "read") > 0)
		(void)snprintf(text, sizeof(text), "  has read #%lld",
			       (long long)number(member, "read"));
	else if (number(member, "delivered") > 0)
		(void)snprintf(text, sizeof(text), "  has #%lld",
			       (long long)number(member, "delivered"));
	return text;
}

static void print_member(const struct args *args, const json_t *member)
{
	if (args->json)
		out_json(member);
	else
		out_line("%3lld  %-20s  %-6s  %-10s%s%s  device %s",
			 (long long)number(member, "leaf_index"),
			 out_name(member, "username"),
			 out_member(member, "role"), out_trust(member),
			 receipt_of(member), note_of(member),
			 out_name(member, "device_id"));
}

static void explain_changed(const json_t *members)
{
	const json_t *member;
	size_t i;

	json_array_foreach(
	    members, i, member) if (strcmp(out_trust(member), "CHANGED") == 0)
	{
		out_line("CHANGED: that account is another one than when you "
			 "compared numbers. Compare again: hermetic verify "
			 "USER");
		break;
	}
}

static void print_names(const char *what, const json_t *list)
{
	struct buf line = BUF_INIT;
	const json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
	{
		buf_put_str(&line, i > 0 ? ", " : what);
		out_put_name(&line, span_of(json_string_value(name),
					    json_string_length(name)));
	}
	if (buf_end(&line) == ERR_OK && line.n > 0)
		out_line("%.*s", (int)line.n, (const char *)line.p);
	buf_clear(&line);
}

static void explain_rules(const json_t *session)
{
	if (json_object_get(session, "rules") != NULL)
		out_line("Old rules: this session names users, and not "
			 "accounts that can be compared. An owner takes it "
			 "over when all members use a present version: "
			 "hermetic upgrade %s",
			 out_member(session, "session_id"));
}

static void explain_missed(const json_t *session)
{
	const json_t *missed = json_object_get(session, "missed");

	if (missed == NULL)
		return;
	if (json_is_true(json_object_get(missed, "own")))
		out_line(
		    "Not by %s, which its creator prefers: this device did "
		    "not offer it when the session began.",
		    out_member(missed, "algorithm"));
	else
		out_line("Not by %s, which its creator prefers: a device of %s "
			 "did not offer it when the session began.",
			 out_member(missed, "algorithm"),
			 out_name(missed, "username"));
	if (strncmp(out_member(missed, "algorithm"), "xwing-", 6) == 0)
		out_line("It takes OpenSSL 3.5 (Debian 13) at every member. "
			 "Then an admin moves the session: hermetic algorithm "
			 "%s %s",
			 out_member(session, "session_id"),
			 out_member(missed, "algorithm"));
}

void cmd_print_room(const json_t *session)
{
	const json_t *subject = json_object_get(session, "subject");
	const json_t *picture = json_object_get(session, "picture");
	struct buf text = BUF_INIT;

	if (subject != NULL) {
		out_put_safe(&text, span_of(json_string_value(subject),
					    json_string_length(subject)));
		if (buf_end(&text) == ERR_OK)
			out_line("* About: %.*s", (int)text.n,
				 (const char *)text.p);
	}
	if (picture != NULL)
		out_line("* It has a picture: %s, %lld bytes",
			 out_quoted(picture, "type"),
			 (long long)number(picture, "size"));
	buf_clear(&text);
}

void cmd_print_members(const struct cmd *cmd, const json_t *session)
{
	const json_t *member;
	size_t i;

	json_array_foreach(json_object_get(session, "members"), i, member)
	    print_member(cmd->args, member);
	if (!cmd->args->json)
		explain_changed(json_object_get(session, "members"));
	if (cmd->args->json)
		return;
	cmd_print_room(session);
	print_names("Invited: ", json_object_get(session, "invited"));
	print_names("Banned: ", json_object_get(session, "banned"));
	explain_rules(session);
	explain_missed(session);
}

/* ---- a session that was changed ---- */

static bool is_repeated(const json_t *members, size_t at)
{
	const json_t *user =
	    json_object_get(json_array_get(members, at), "username");

	for (size_t i = 0; i < at; i++)
		if (json_equal(
			json_object_get(json_array_get(members, i), "username"),
			user))
			return true;
	return false;
}

/* Each user once. */
static void put_names(struct buf *out, const json_t *members)
{
	size_t count = json_array_size(members);
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (is_repeated(members, i))
			continue;
		buf_putf(out, "%s%s", any ? ", " : "",
			 out_name(json_array_get(members, i), "username"));
		any = true;
	}
}

static enum err print_session(struct cmd *cmd, const char *id, const char *done,
			      const json_t *session)
{
	const json_t *members = json_object_get(session, "members");
	struct buf names = BUF_INIT;
	enum err e = ERR_OK;

	if (cmd->args->json) {
		out_json(session);
		goto out;
	}
	put_names(&names, members);
	TRY(buf_end(&names));
	out_line("%s %s: %s, epoch %lld, %zu member%s: %.*s.", done, id,
		 out_member(session, "algorithm"),
		 (long long)(number(session, "epoch") & UINT32_MAX),
		 json_array_size(members),
		 json_array_size(members) == 1 ? "" : "s", (int)names.n,
		 names.n > 0 ? (const char *)names.p : "");
out:
	buf_clear(&names);
	return e;
}

enum err cmd_print_changed(struct cmd *cmd, const char *id, const char *done)
{
	json_t *session = NULL;
	enum err e;

	TRY(cmd_describe(cmd, id, &session));
	TRY(print_session(cmd, id, done, session));
out:
	json_decref(session);
	return e;
}

/* What was stored of the session was damaged, and the order that ran came in anew. */
static void print_anew(const struct cmd *cmd, const char *id)
{
	if (hermetic_began_anew(cmd->h))
		(void)fprintf(
		    stderr,
		    "hermetic: What this device had stored of session "
		    "%s could not be read. The device came in anew. "
		    "Messages that were kept before are still here; "
		    "what waited to be sent is not.\n",
		    id);
}

enum err cmd_print_entered(struct cmd *cmd, const char *id, const char *done)
{
	json_t *session = NULL;
	enum err e;

	print_anew(cmd, id);
	TRY(cmd_describe(cmd, id, &session));
	TRY(print_session(cmd, id, done, session));
	if (!cmd->args->json)
		cmd_print_members(cmd, session);
	TRY(shown_members(cmd, id, session));
	(void)snprintf(cmd->entered, sizeof(cmd->entered), "%s", id);
out:
	json_decref(session);
	return e;
}

/* ---- the outbox ---- */

void cmd_print_kept(struct cmd *cmd, const char *id, uint64_t item,
		    const struct reason *why)
{
	const char *text = why->text;
	struct buf safe = BUF_INIT;
	json_t *line;

	if (text[0] == '\0')
		text = "It is sent with a later command.";
	cmd->kept = true;
	if (cmd->args->json) {
		line = json_pack("{s:s, s:b, s:I, s:s, s:s}", "session_id", id,
				 "kept", 1, "item", (json_int_t)item, "error",
				 why->slug[0] != '\0' ? why->slug : "waiting",
				 "detail", text);
		out_json(line);
		json_decref(line);
	} else {
		out_put_safe(&safe, span_str(text));
		(void)fprintf(stderr, "Kept: %.*s\n", (int)safe.n,
			      safe.n > 0 ? (const char *)safe.p : "");
	}
	buf_clear(&safe);
}

static const char *when(const json_t *item)
{
	static char text[32];
	time_t seconds = (time_t)(number(item, "queued_at") / 1000);
	struct tm local;

	text[0] = '\0';
	if (seconds > 0 && localtime_r(&seconds, &local) != NULL)
		(void)strftime(text, sizeof(text), "%F %H:%M", &local);
	return text;
}

#define SAID_SHOWN 160 /* bytes of a text that waits */

/* ` (file "notes.txt", 7 bytes): As promised`: what it has of both, on one line. */
static void put_said(struct buf *out, const json_t *item)
{
	const json_t *file = json_object_get(item, "file");
	struct span text, shown;

	if (file != NULL) {
		buf_putf(out, " (file %s, ", out_quoted(file, "name"));
		out_put_size(out, (uint64_t)number(file, "size"));
		buf_put_u8(out, ')');
	}
	text = out_span(item, "text");
	shown = file_name_cut(text, SAID_SHOWN);
	if (text.n > 0) {
		buf_put_str(out, ": ");
		out_put_part(out, text, 0, shown.n, false);
	}
	if (shown.n < text.n) {
		buf_put_str(out, "... (");
		out_put_size(out, text.n);
		buf_put_u8(out, ')');
	}
}

void cmd_print_item(const struct cmd *cmd, const json_t *item)
{
	bool refused = strcmp(out_member(item, "state"), "refused") == 0;
	struct buf said = BUF_INIT;

	if (cmd->args->json) {
		out_json(item);
		return;
	}
	put_said(&said, item);
	if (buf_end(&said) == ERR_OK)
		out_line("%3lld  %s  %s  %s%s%s%.*s",
			 (long long)number(item, "item"),
			 out_member(item, "session_id"), when(item),
			 refused ? "refused" : "waiting",
			 json_object_get(item, "reason") != NULL ? ", " : "",
			 out_member(item, "reason"), (int)said.n,
			 said.n > 0 ? (const char *)said.p : "");
	buf_clear(&said);
}

/* What became of an item, or of the membership; NULL: of something else. */
static const char *state_of(const struct hermetic_event *event)
{
	return event->kind == HERMETIC_EVENT_SENT      ? "sent"
	       : event->kind == HERMETIC_EVENT_REFUSED ? "refused"
	       : event->kind == HERMETIC_EVENT_ENDED   ? "ended"
						       : NULL;
}

static void print_event_json(const struct hermetic_event *event,
			     const char *state)
{
	json_t *line = json_pack("{s:s, s:s}", "session_id", event->session,
				 "state", state);

	if (event->kind != HERMETIC_EVENT_ENDED)
		(void)json_object_set_new(
		    line, "item", json_integer((json_int_t)event->item));
	if (event->kind == HERMETIC_EVENT_SENT)
		(void)json_object_set_new(
		    line, "seq", json_integer((json_int_t)event->number));
	out_json(line);
	json_decref(line);
}

void cmd_print_event(const struct cmd *cmd, const struct hermetic_event *event)
{
	const char *state = state_of(event);

	if (state == NULL)
		return;
	if (cmd->args->json)
		print_event_json(event, state);
	else if (event->kind == HERMETIC_EVENT_SENT)
		out_line("* Sent #%llu (item %llu).",
			 (unsigned long long)event->number,
			 (unsigned long long)event->item);
	else if (event->kind == HERMETIC_EVENT_REFUSED)
		out_line("! Item %llu was refused for good. See: hermetic "
			 "outbox %.8s",
			 (unsigned long long)event->item, event->session);
	else
		out_line("* This device is not in session %.8s any more.",
			 event->session);
}
