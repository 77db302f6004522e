/* sessions, create, join, invite, members, safety, rotate */
#include "client/cmd.h"

#include "client/conversation.h"
#include "client/description.h"
#include "client/directory.h"
#include "client/out.h"
#include "client/packages.h"

#include <string.h>

static json_int_t number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* ---- lists ---- */

static void print_session(const struct args *args, const json_t *row)
{
	if (args->json)
		out_json(row);
	else if (strcmp(out_member(row, "state"), "invited") == 0)
		out_line(
		    "%s  invited by %s  (%s)", out_member(row, "session_id"),
		    out_member(row, "creator"), out_member(row, "algorithm"));
	else
		out_line("%s  %-7s %s%s  epoch %lld, %lld in the log  %s",
			 out_member(row, "session_id"),
			 out_member(row, "state"), out_member(row, "algorithm"),
			 json_object_get(row, "due") != NULL
			     ? " (due for another)"
			     : "",
			 (long long)(number(row, "epoch") & UINT32_MAX),
			 (long long)number(row, "last_seq"),
			 out_member(row, "name"));
}

enum err cmd_sessions(struct cmd *cmd)
{
	json_t *list = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	TRY(directory_list(&cmd->c, &list));
	json_array_foreach(list, i, row) print_session(cmd->args, row);
	if (json_array_size(list) == 0 && !cmd->args->json)
		out_line("No sessions yet. Start one with: hermetic create "
			 "--invite USER");
out:
	json_decref(list);
	return e;
}

static void print_member(const struct args *args, const json_t *member)
{
	if (args->json)
		out_json(member);
	else
		out_line("%3lld  %-20s  %-6s  device %s%s",
			 (long long)number(member, "leaf_index"),
			 out_member(member, "username"),
			 out_member(member, "role"),
			 out_member(member, "device_id"),
			 json_is_true(json_object_get(member, "own"))
			     ? "  (this one)"
			     : "");
}

/* The description of the session that the first operand names, after it was
 * brought up to date. */
static enum err describe(struct cmd *cmd, json_t **description)
{
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(directory_find(&cmd->c, cmd->args->operands[0], false, id));
	TRY(conversation_refresh(&cmd->c, id));
	TRY(description_make(&cmd->c, id, description));
out:
	return e;
}

enum err cmd_members(struct cmd *cmd)
{
	json_t *description = NULL;
	const json_t *member;
	size_t i;
	enum err e;

	TRY(describe(cmd, &description));
	json_array_foreach(json_object_get(description, "members"), i, member)
	    print_member(cmd->args, member);
out:
	json_decref(description);
	return e;
}

enum err cmd_safety(struct cmd *cmd)
{
	json_t *description = NULL;
	enum err e;

	TRY(describe(cmd, &description));
	if (cmd->args->json) {
		(void)json_object_del(description, "members");
		out_json(description);
		goto out;
	}
	out_line("%s", out_member(description, "safety_number"));
	out_line("Session %s, %s, epoch %lld. Whoever sees the same number "
		 "talks to you, and nobody listens.",
		 out_member(description, "session_id"),
		 out_member(description, "algorithm"),
		 (long long)(number(description, "epoch") & UINT32_MAX));
out:
	json_decref(description);
	return e;
}

/* ---- changes ---- */

/* A changed session in one line: without what only members and safety
 * print. */
enum err cmd_print_changed(struct cmd *cmd, const char *id, const char *done)
{
	json_t *d = NULL;
	enum err e;

	TRY(description_make(&cmd->c, id, &d));
	if (cmd->args->json)
		out_json(d);
	else
		out_line("%s %s: %s, epoch %lld, %zu member%s.", done, id,
			 out_member(d, "algorithm"),
			 (long long)(number(d, "epoch") & UINT32_MAX),
			 json_array_size(json_object_get(d, "members")),
			 json_array_size(json_object_get(d, "members")) == 1
			     ? ""
			     : "s");
out:
	json_decref(d);
	return e;
}

enum err cmd_create(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	struct conversation_plan plan = {
		.name = args->name,
		.offer = cmd->c.suites,
		.invites = args->invites,
		.invite_count = args->invite_count,
		.open = args->open,
	};
	char id[TEXT_UUID_SIZE];
	enum err e;

	if (args->algorithms != NULL)
		TRY(account_parse_algorithms(args->algorithms, &plan.offer,
					     &cmd->c.why));
	TRY(conversation_create(&cmd->c, &plan, id));
	TRY(cmd_print_changed(cmd, id, "Created"));
out:
	return e;
}

enum err cmd_join(struct cmd *cmd)
{
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(directory_find(&cmd->c, cmd->args->operands[0], true, id));
	TRY(conversation_join(&cmd->c, id));
	TRY(cmd_print_changed(cmd, id, "Joined"));
	TRY(packages_top_up(&cmd->c));
out:
	return e;
}

enum err cmd_invite(struct cmd *cmd)
{
	const char *user = cmd->args->operands[1];
	char id[TEXT_UUID_SIZE];
	size_t devices = 0;
	json_t *line;
	enum err e;

	TRY(directory_find(&cmd->c, cmd->args->operands[0], false, id));
	TRY(conversation_invite(&cmd->c, id, user, &devices));
	if (cmd->args->json) {
		line = json_pack("{s:s, s:s, s:I}", "session_id", id, "invited",
				 user, "devices", (json_int_t)devices);
		out_json(line);
		json_decref(line);
	} else if (devices > 0) {
		out_line("%s was added with %zu device%s.", user, devices,
			 devices == 1 ? "" : "s");
	} else {
		out_line("%s may join, but has no device yet that could be "
			 "added.",
			 user);
	}
out:
	return e;
}

enum err cmd_rotate(struct cmd *cmd)
{
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(directory_find(&cmd->c, cmd->args->operands[0], false, id));
	TRY(conversation_rotate(&cmd->c, id));
	TRY(cmd_print_changed(cmd, id, "Rotated"));
out:
	return e;
}
