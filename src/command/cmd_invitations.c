/* invitations, decline; and accept of an invitation. By whom is the server's word, unless
 * a letter says so: it is nothing before a person joins. */
#include "command/cmd.h"

#include "command/out.h"

/* ---- the list ---- */

static void put_signer(struct buf *line, const json_t *letter)
{
	buf_putf(line, "%s (%s)", out_name(letter, "by"), out_trust(letter));
}

/* An account that does not exist any more has no name. */
static const char *inviter_of(const json_t *row)
{
	return json_is_true(json_object_get(row, "erased"))
		   ? "somebody whose account does not exist any more"
		   : out_name(row, "inviter");
}

/* Which of these members has made the entry in the group is known when the person
 * comes in. */
static void print_signed(const json_t *row)
{
	const json_t *letters = json_object_get(row, "letters"), *letter;
	size_t count = json_array_size(letters), i;
	struct buf line = BUF_INIT;

	json_array_foreach(letters, i, letter)
	{
		buf_put_str(&line, i == 0	   ? ""
				   : i + 1 < count ? ", "
						   : " and ");
		put_signer(&line, letter);
	}
	if (buf_end(&line) == ERR_OK)
		out_line("%s  invited by %.*s, who %s signed it  (%s)",
			 out_member(row, "session_id"), (int)line.n,
			 (const char *)line.p, count == 1 ? "has" : "have",
			 out_member(row, "algorithm"));
	buf_clear(&line);
}

static void print_invitation(const struct cmd *cmd, const json_t *row)
{
	const char *id = out_member(row, "session_id");

	if (cmd->args->json)
		out_json(row);
	else if (json_is_true(json_object_get(row, "signed")))
		print_signed(row);
	else
		out_line("%s  %s by %s, as the server says  (%s)", id,
			 json_is_true(json_object_get(row, "added"))
			     ? "this device was added"
			     : "invited",
			 inviter_of(row), out_member(row, "algorithm"));
}

enum err cmd_invitations(struct cmd *cmd)
{
	const struct hermetic_invitation *const *rows;
	json_t *list = NULL;
	const json_t *row;
	size_t count, i;
	enum err e;

	TRY(cmd_did(cmd, hermetic_invitations(cmd->h, &rows, &count)));
	list = cmd_given(cmd);
	json_array_foreach(list, i, row) print_invitation(cmd, row);
	if (count > 0 && !cmd->args->json)
		out_line("To come in: hermetic accept ID; not to: hermetic "
			 "decline ID; to hear no more of somebody: hermetic "
			 "block USER");
	else if (!cmd->args->json)
		out_line("No invitations.");
out:
	json_decref(list);
	return e;
}

enum err cmd_find_invitation(struct cmd *cmd, const char *prefix,
			     char id[HERMETIC_ID_SIZE], bool *found)
{
	enum hermetic_result result =
	    hermetic_find_at(cmd->h, HERMETIC_WHERE_IDS, prefix, id);

	*found = result == HERMETIC_OK;
	return result == HERMETIC_GONE ? ERR_OK : cmd_did(cmd, result);
}

enum err cmd_accept_invitation(struct cmd *cmd, const char *id)
{
	enum err e;

	TRY(cmd_did(cmd, hermetic_join(cmd->h, id)));
	TRY(cmd_print_entered(cmd, id, "Joined"));
out:
	return e;
}

/* ---- declining ---- */

static void print_declined(const struct cmd *cmd, const char *id)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("Declined %s.", id);
		return;
	}
	line = json_pack("{s:s, s:b}", "session_id", id, "declined", 1);
	out_json(line);
	json_decref(line);
}

enum err cmd_decline(struct cmd *cmd)
{
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(cmd_find_at(cmd, HERMETIC_WHERE_INVITED, cmd->args->operands[0],
			id));
	TRY(cmd_did(cmd, hermetic_decline(cmd->h, id)));
	print_declined(cmd, id);
out:
	return e;
}
