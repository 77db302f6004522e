/* sessions, create, join, invite, members, safety, rotate */
#include "command/cmd.h"

#include "command/out.h"
#include "command/shown.h"

#include <stdio.h>
#include <string.h>

static json_int_t number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* ---- lists ---- */

#define UNREAD_MAX 1000 /* of struct hermetic_session */

/* ", 3 not read"; ", 3 not read, about 2 more". What the server tells of and this device
 * has not may be no messages. */
static const char *unread_of(const json_t *row)
{
	static char text[96];
	json_int_t count = number(row, "unread");
	json_int_t behind = number(row, "behind");
	char more[48] = "";

	text[0] = '\0';
	if (behind > 0)
		(void)snprintf(more, sizeof(more), ", about %lld%s",
			       (long long)behind,
			       count > 0 ? " more" : " not read");
	if (count > 0)
		(void)snprintf(text, sizeof(text), ", %lld%s not read%s",
			       (long long)count,
			       count == UNREAD_MAX ? " or more" : "", more);
	else
		(void)snprintf(text, sizeof(text), "%s", more);
	return text;
}

/* In the chat: '  3f2a9c1e  "lunch", 3 not read'. */
static void print_short(const json_t *row)
{
	const char *name = out_quoted(row, "name");
	const char *state = out_member(row, "state");
	bool other = strcmp(state, "member") != 0;

	if (strcmp(state, "added") == 0)
		state = "added, not joined";
	if (strcmp(state, "newer") == 0)
		state = "written by a newer version of hermetic";
	if (strcmp(state, "damaged") == 0)
		state = "damaged: see /resolve";

	out_line("  %.8s%s%s%s%s%s%s", out_member(row, "session_id"),
		 name[0] != '\0' ? "  " : "", name, other ? ", " : "",
		 other ? state : "", unread_of(row),
		 json_object_get(row, "stop") != NULL
		     ? ", STOPPED: see /resolve"
		     : "");
}

/* Who has begun a session need not be who invites. */
static void print_session(const struct cmd *cmd, const json_t *row)
{
	if (cmd->args->json)
		out_json(row);
	else if (strcmp(out_member(row, "state"), "invited") == 0)
		out_line("%s  invited: see hermetic invitations  (%s)",
			 out_member(row, "session_id"),
			 out_member(row, "algorithm"));
	else if (strcmp(out_member(row, "state"), "added") == 0)
		out_line("%s  this device was added, and has not joined: "
			 "hermetic join %.8s  (%s)",
			 out_member(row, "session_id"),
			 out_member(row, "session_id"),
			 out_member(row, "algorithm"));
	else if (cmd->chat)
		print_short(row);
	else if (strcmp(out_member(row, "state"), "newer") == 0)
		out_line("%s  written by a newer version of hermetic, which "
			 "can read it",
			 out_member(row, "session_id"));
	else if (strcmp(out_member(row, "state"), "damaged") == 0)
		out_line("%s  damaged here; to come in anew: hermetic resolve "
			 "%.8s --yes",
			 out_member(row, "session_id"),
			 out_member(row, "session_id"));
	else
		out_line(
		    "%s  %-7s %s%s%s  epoch %lld, %lld in the log%s  %s%s",
		    out_member(row, "session_id"), out_member(row, "state"),
		    out_member(row, "algorithm"),
		    json_object_get(row, "due") != NULL ? " (due for another)"
							: "",
		    json_object_get(row, "rules") != NULL ? " (old rules)" : "",
		    (long long)(number(row, "epoch") & UINT32_MAX),
		    (long long)number(row, "last_seq"), unread_of(row),
		    out_quoted(row, "name"),
		    json_object_get(row, "stop") != NULL
			? "  STOPPED: see hermetic resolve"
			: "");
}

/* What each session of this device can be called, a line each. A name that is shown in
 * another form than its own is none to type, and one that begins with `-` would be an
 * option: then it is the beginning of the id. */
static enum err print_labels(struct cmd *cmd)
{
	const struct hermetic_label *const *rows;
	struct buf safe = BUF_INIT;
	size_t count, i;
	enum err e;

	TRY(cmd_did(cmd, hermetic_labels(cmd->h, &rows, &count)));
	for (i = 0; i < count; i++) {
		struct span label = span_str(rows[i]->label);

		buf_reset(&safe);
		out_put_name(&safe, label);
		TRY(safe.fail);
		if (span_equal(buf_span(&safe), label) &&
		    !(label.n > 0 && label.p[0] == '-'))
			out_line("%s", rows[i]->label);
		else
			out_line("%.8s", rows[i]->session);
	}
out:
	buf_clear(&safe);
	return e;
}

void cmd_print_sessions(const struct cmd *cmd, const json_t *list, bool all)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row) print_session(cmd, row);
	if (json_array_size(list) == 0 && !cmd->args->json && all)
		out_line("No sessions yet. Start one with: %s",
			 cmd->chat ? "/create NAME USER"
				   : "hermetic create --invite USER");
}

/* What is kept here is printed even when the server cannot be asked. */
enum err cmd_sessions(struct cmd *cmd)
{
	enum hermetic_result result;
	json_t *list = NULL;
	enum err e = ERR_OK;

	if (cmd->args->names)
		return print_labels(cmd);
	result = hermetic_look(cmd->h);
	list = cmd_given(cmd);
	if (list != NULL)
		cmd_print_sessions(cmd, list, result == HERMETIC_OK);
	TRY(cmd_did(cmd, result));
	if (!cmd->args->json && cmd_someone_waits(cmd))
		(void)fprintf(stderr, "hermetic: A device waits to be "
				      "approved: hermetic devices\n");
out:
	json_decref(list);
	return e;
}

/* The session that the first operand names, after it was brought up to
 * date. */
static enum err refresh(struct cmd *cmd, char id[HERMETIC_ID_SIZE],
			json_t **session)
{
	enum err e;

	TRY(cmd_find(cmd, id));
	TRY(cmd_did(cmd, hermetic_refresh(cmd->h, id)));
	TRY(cmd_describe(cmd, id, session));
out:
	return e;
}

enum err cmd_members(struct cmd *cmd)
{
	char id[TEXT_UUID_SIZE];
	json_t *session = NULL;
	enum err e;

	TRY(refresh(cmd, id, &session));
	cmd_print_members(cmd, session);
	TRY(shown_members(cmd, id, session));
out:
	json_decref(session);
	return e;
}

static bool is_listed(const json_t *people, const char *user)
{
	const json_t *person;
	size_t i;

	json_array_foreach(people, i,
			   person) if (strcmp(out_member(person, "username"),
					      user) == 0) return true;
	return false;
}

/* The numbers of the others: they are their accounts', and stay as devices come and
 * go. */
static enum err list_people(struct cmd *cmd, const json_t *session,
			    json_t *people)
{
	const json_t *member;
	json_t *person = NULL;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(json_object_get(session, "members"), i, member)
	{
		const char *user = out_member(member, "username");

		if (json_object_get(member, "compared") == NULL ||
		    is_listed(people, user))
			continue;
		TRY(cmd_person(cmd, user, &person));
		if (person != NULL)
			(void)json_array_append_new(
			    people,
			    json_pack(
				"{s:s, s:O, s:O}", "username", user, "digits",
				json_object_get(person, "digits"), "compared",
				json_object_get(person, "compared")));
		json_decref(person);
		person = NULL;
	}
out:
	return e;
}

static void print_people(const json_t *people)
{
	const json_t *person;
	size_t i;

	json_array_foreach(people, i, person)
	    out_line("%s (%s)  %s", out_name(person, "username"),
		     out_trust(person), out_member(person, "digits"));
	if (json_array_size(people) > 0)
		out_line("These numbers stay as devices come and go. Compare "
			 "them, and yours, with each: hermetic verify USER");
}

enum err cmd_safety(struct cmd *cmd)
{
	char id[TEXT_UUID_SIZE];
	json_t *session = NULL, *people = json_array();
	enum err e;

	ENSURE(people != NULL, ERR_LOCAL_MEMORY);
	TRY(refresh(cmd, id, &session));
	TRY(list_people(cmd, session, people));
	if (cmd->args->json) {
		(void)json_object_del(session, "members");
		(void)json_object_set(session, "people", people);
		out_json(session);
	} else {
		print_people(people);
		out_line("%s", out_member(session, "safety_number"));
		out_line("Session %s, %s, epoch %lld. Whoever sees the same "
			 "number talks to you, and nobody listens.",
			 out_member(session, "session_id"),
			 out_member(session, "algorithm"),
			 (long long)(number(session, "epoch") & UINT32_MAX));
	}
out:
	json_decref(people);
	json_decref(session);
	return e;
}

/* ---- changes ---- */

enum err cmd_create(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	const struct hermetic_creation creation = {
		.size = sizeof(creation),
		.name = args->name,
		.users = args->invites,
		.user_count = args->invite_count,
		.open = args->open,
		.verified_only = args->verified_only,
		.algorithms = args->algorithms,
	};
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(cmd_did(cmd, hermetic_create(cmd->h, &creation, id)));
	TRY(cmd_print_entered(cmd, id, "Created"));
out:
	return e;
}

enum err cmd_join(struct cmd *cmd)
{
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(cmd_find_at(cmd, HERMETIC_WHERE_IDS, cmd->args->operands[0], id));
	TRY(cmd_accept_invitation(cmd, id));
out:
	return e;
}

static void print_invited_json(const char *id, const char *user, json_t *given)
{
	json_t *line =
	    json_pack("{s:s, s:s}", "session_id", id, "invited", user);

	(void)json_object_update(line, given);
	out_json(line);
	json_decref(line);
}

static void print_invited(const char *id, const char *user, const json_t *given)
{
	long long devices = (long long)number(given, "devices");
	const char *by = out_member(given, "invited_by");

	if (devices > 0)
		out_line("%s was added with %lld device%s.", user, devices,
			 devices == 1 ? "" : "s");
	else if (by[0] != '\0')
		out_line(
		    "%s is invited already, by %s. Nothing was changed. %s "
		    "comes in with: hermetic accept %s",
		    user, by, user, id);
	else
		out_line("%s is invited, and comes in with: hermetic accept "
			 "%s",
			 user, id);
}

enum err cmd_invite(struct cmd *cmd)
{
	const char *user = cmd->args->operands[1];
	char id[HERMETIC_ID_SIZE];
	json_t *given = NULL;
	enum err e;

	TRY(cmd_find(cmd, id));
	TRY(cmd_did(cmd, cmd->args->ask
			     ? hermetic_ask(cmd->h, id, user, NULL)
			     : hermetic_invite(cmd->h, id, user, NULL)));
	given = cmd_given(cmd);
	if (cmd->args->json)
		print_invited_json(id, user, given);
	else
		print_invited(id, user, given);
out:
	json_decref(given);
	return e;
}

enum err cmd_rotate(struct cmd *cmd)
{
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(cmd_find(cmd, id));
	TRY(cmd_did(cmd, hermetic_rotate(cmd->h, id)));
	TRY(cmd_print_changed(cmd, id, "Rotated"));
out:
	return e;
}
