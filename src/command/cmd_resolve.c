/* resolve */
#include "command/cmd.h"

#include "command/out.h"
#include "command/shown.h"

#include <string.h>

/* What a person is told about a stop of hermetic_json_session(). */
static const char *explain(const char *stop)
{
	static const struct {
		const char *stop, *text;
	} table[] = {
		{ "forked",
		  "members have seen different histories of it. The server, "
		  "or a member, showed them different things: compare the "
		  "safety number with the others before you go on" },
		{ "copied",
		  "another copy of this device's state is used somewhere. "
		  "End the other one first: two of one device lock each other "
		  "out" },
		{ "behind",
		  "this device could not follow a change that the server "
		  "shows, and has found no way from the group it knows to the "
		  "one of today. If you go on, it joins whatever group the "
		  "server shows: look at the members and the safety number "
		  "afterwards" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].stop, stop) == 0)
			return table[i].text;
	return stop;
}

/* It may be that the server's log does not lead there: only the next command
 * that reads it finds that out. */
static bool is_outside(const json_t *session)
{
	const char *state = out_member(session, "state");

	return strcmp(state, "joining") == 0 || strcmp(state, "left") == 0 ||
	       strcmp(state, "removed") == 0;
}

static void print_stop(const json_t *session)
{
	const char *stop = out_member(session, "stop");

	if (stop[0] == '\0' && is_outside(session))
		out_line("This device is not in session %s now. Where no "
			 "way leads from the group that it knew to the one of "
			 "today, it can join whatever group the server shows: "
			 "look at the members and the safety number "
			 "afterwards.",
			 out_member(session, "session_id"));
	else if (stop[0] == '\0')
		out_line("Nothing stops session %s.",
			 out_member(session, "session_id"));
	else
		out_line("Session %s is stopped: %s.",
			 out_member(session, "session_id"), explain(stop));
}

/* The person reads this first; nothing is asked of the server and nothing
 * changes. */
static enum err show(struct cmd *cmd, const char *id)
{
	json_t *session = NULL;
	enum err e;

	TRY(cmd_describe(cmd, id, &session));
	if (cmd->args->json) {
		out_json(session);
	} else {
		print_stop(session);
		out_line("Its members, as this device knows them:");
		cmd_print_members(cmd, session);
		if (json_object_get(session, "stop") != NULL ||
		    is_outside(session))
			out_line("To go on from here: hermetic resolve %.8s "
				 "--yes",
				 id);
	}
	TRY(shown_members(cmd, id, session));
out:
	json_decref(session);
	return e;
}

enum err cmd_resolve(struct cmd *cmd)
{
	const char *word = cmd->args->operands[0];
	char id[HERMETIC_ID_SIZE];
	enum err e;

	if (!cmd->args->yes) {
		TRY(cmd_find(cmd, id));
		e = show(cmd, id);
		goto out;
	}
	/* one that this device never was in has nothing to show, and may be meant */
	TRY(cmd_find_at(cmd, HERMETIC_WHERE_ALL, word, id));
	TRY(cmd_did(cmd, hermetic_resolve(cmd->h, id)));
	TRY(cmd_print_entered(cmd, id, "Resolved"));
out:
	return e;
}
