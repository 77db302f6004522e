/* accept */
#include "command/cmd.h"

#include "command/out.h"

#include <stdlib.h>

static void print_change(const struct cmd *cmd, const json_t *change)
{
	if (cmd->args->json) {
		out_json(change);
		return;
	}
	out_line("%s, device %s (%s):", out_name(change, "username"),
		 out_name(change, "device_id"), out_member(change, "scheme"));
	out_line("  known     %s", out_member(change, "known"));
	out_line("  delivered %s", out_member(change, "offered"));
}

static void print_other(const struct cmd *cmd, const char *user,
			const json_t *person)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("The server shows another account under the name %s "
			 "than the one that this device knows. Whoever lost "
			 "every device and the recovery key begins anew; a "
			 "server that lies shows another account, too.",
			 user);
		out_line("  known     %s", out_member(person, "digits"));
		out_line("  delivered %s", out_member(person, "other_digits"));
		return;
	}
	line =
	    json_pack("{s:s, s:b, s:s, s:s}", "username", user, "other_account",
		      1, "known", out_member(person, "digits"), "offered",
		      out_member(person, "other_digits"));
	out_json(line);
	json_decref(line);
}

static void explain(const struct cmd *cmd, const char *user, bool keys)
{
	if (cmd->args->json)
		return;
	if (keys) {
		out_line("A device keeps its key for life. So one of the two "
			 "was never %.40s's: somebody stood between you when "
			 "you met, or does now.",
			 user);
		out_line("Ask %.40s by another channel which one it is: in any "
			 "session of theirs, hermetic members ID --json has it "
			 "as \"key\".",
			 user);
	}
	out_line("If %.40s says by another channel that it is so: hermetic "
		 "accept %.40s --yes",
		 user, user);
}

/* Exactly the keys that were printed. */
static enum err accept_keys(struct cmd *cmd, const char *user,
			    const json_t *changes)
{
	size_t count = json_array_size(changes), accepted = 0, i;
	const char **keys = calloc(count + 1, sizeof(*keys));
	const json_t *change;
	enum err e;

	ENSURE(keys != NULL, ERR_LOCAL_MEMORY);
	json_array_foreach(changes, i, change) keys[i] =
	    json_string_value(json_object_get(change, "offered"));
	TRY(cmd_did(
	    cmd, hermetic_accept_keys(cmd->h, user, keys, count, &accepted)));
	if (!cmd->args->json)
		out_line("Accepted: %zu key%s of %.40s. What waits is sent "
			 "with: hermetic outbox --flush",
			 accepted, accepted == 1 ? "" : "s", user);
out:
	free(keys);
	return e;
}

/* Exactly the account that was printed. */
static enum err accept_other(struct cmd *cmd, const char *user,
			     const json_t *person)
{
	enum err e;

	TRY(cmd_did(cmd,
		    hermetic_accept(cmd->h, user,
				    out_member(person, "other_fingerprint"))));
	if (!cmd->args->json)
		out_line("Accepted: the other account. Compare the numbers: "
			 "hermetic verify %s",
			 user);
out:
	return e;
}

static enum err accept(struct cmd *cmd, const char *user, const json_t *changes,
		       const json_t *person, bool other)
{
	enum err e = ERR_OK;

	if (other)
		TRY(accept_other(cmd, user, person));
	if (json_array_size(changes) > 0)
		TRY(accept_keys(cmd, user, changes));
out:
	return e;
}

/* Nothing has changed under that name, or it is none: then it is an invitation's id. */
static enum err accept_invitation(struct cmd *cmd, const char *prefix)
{
	char id[TEXT_UUID_SIZE];
	bool found;
	enum err e;

	TRY(cmd_find_invitation(cmd, prefix, id, &found));
	ENSURE(found,
	       cmd_no(cmd, HERMETIC_GONE, "nothing-to-accept",
		      "Neither another account nor another key than the known "
		      "one was seen under the name %.40s, and the id of no "
		      "invitation begins so: see hermetic invitations.",
		      prefix));
	TRY(cmd_accept_invitation(cmd, id));
out:
	return e;
}

enum err cmd_accept(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	const struct hermetic_key_change *const *rows;
	json_t *changes = NULL, *person = NULL;
	const json_t *change;
	bool other;
	size_t count, i;
	enum err e;

	if (uuid_is_text(span_str(user)))
		return accept_invitation(cmd, user);
	TRY(cmd_check_name(cmd, user));
	TRY(cmd_did(cmd, hermetic_key_changes(cmd->h, user, &rows, &count)));
	changes = cmd_given(cmd);
	TRY(cmd_person(cmd, user, &person));
	other = json_is_true(json_object_get(person, "other"));
	if (json_array_size(changes) == 0 && !other) {
		e = accept_invitation(cmd, user);
		goto out;
	}
	if (other)
		print_other(cmd, user, person);
	json_array_foreach(changes, i, change) print_change(cmd, change);
	if (cmd->args->yes && out_is_good())
		e = accept(cmd, user, changes, person, other);
	else
		explain(cmd, user, json_array_size(changes) > 0);
out:
	json_decref(changes);
	json_decref(person);
	return e;
}
