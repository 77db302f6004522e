/* recovery: the recovery key, made and shown once. */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shown before it counts: a key that nobody has seen would be worse than none. */
static enum err show(struct cmd *cmd, const char *text)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("Recovery key (write it down, it is not shown "
			 "again):\n\n    %s\n",
			 text);
	} else {
		line = json_pack("{s:s}", "recovery_key", text);
		out_json(line);
		json_decref(line);
	}
	if (out_is_good())
		return ERR_OK;
	return cmd_no(cmd, HERMETIC_LOCAL, "output",
		      "Cannot write to standard output: no recovery key was "
		      "set.");
}

static void print_set(const struct cmd *cmd)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("Whoever has it can add a device to your account "
			 "(hermetic login --recovery), and nobody can without "
			 "it once all your devices are lost.");
		return;
	}
	line = json_pack("{s:b}", "recovery_set", 1);
	out_json(line);
	json_decref(line);
}

/* The one that stands is asked for where it can be. */
static enum err ask_old(struct cmd *cmd, struct buf *old)
{
	bool stands;
	enum err e;

	TRY(cmd_did(cmd, hermetic_has_recovery_key(cmd->h, &stands)));
	if (!stands || cmd->args->replace)
		goto out;
	if (getenv(CMD_RECOVERY_VARIABLE) == NULL && !isatty(STDIN_FILENO))
		goto out; /* the library says what to do */
	TRY(cmd_ask_recovery(cmd, old));
out:
	return e;
}

static enum err set(struct cmd *cmd, const char *old)
{
	const struct hermetic_recovery recovery = {
		.size = sizeof(recovery),
		.standing = old,
		.replace = cmd->args->replace,
	};
	const char *key;
	enum err e;

	TRY(cmd_did(cmd, hermetic_recovery_key(cmd->h, &recovery, &key)));
	TRY(show(cmd, key));
	TRY(cmd_did(cmd, hermetic_set_recovery_key(cmd->h, key, &recovery)));
	print_set(cmd);
out:
	return e;
}

enum err cmd_recovery(struct cmd *cmd)
{
	struct buf old = BUF_INIT;
	json_t *own = NULL;
	enum err e;

	TRY(cmd_read_log(cmd, hermetic_username(cmd->h), false, &own));
	TRY(ask_old(cmd, &old));
	TRY(set(cmd, old.n > 0 ? (const char *)old.p : NULL));
out:
	json_decref(own);
	buf_clear(&old);
	return e;
}

/* ---- after registering ---- */

static bool is_wanted(void)
{
	struct buf answer = BUF_INIT;
	bool wanted = true;

	if (isatty(STDIN_FILENO) &&
	    passphrase_ask("Make a recovery key now, to write down? Without "
			   "one, who loses every device loses the account. "
			   "[Y/n] ",
			   true, &answer) == ERR_OK)
		wanted = answer.n == 0 || tolower(answer.p[0]) != 'n';
	buf_clear(&answer);
	return wanted;
}

/* This device stands in its account's log, and no key does. */
static enum err is_without(struct cmd *cmd, bool *without)
{
	json_t *given = NULL;
	bool stands;
	enum err e;

	TRY(cmd_did(cmd, hermetic_has_recovery_key(cmd->h, &stands)));
	given = cmd_given(cmd);
	*without =
	    !stands && json_integer_value(json_object_get(given, "number")) > 0;
out:
	json_decref(given);
	return e;
}

enum err cmd_offer_recovery(struct cmd *cmd)
{
	bool without;
	enum err e;

	if (cmd->args->no_recovery)
		return ERR_OK;
	TRY(is_without(cmd, &without));
	if (without && is_wanted())
		TRY(set(cmd, NULL));
out:
	return e;
}

void cmd_remind_recovery(struct cmd *cmd)
{
	bool without;

	if (cmd->args->json || is_without(cmd, &without) != ERR_OK || !without)
		return;
	if (cmd->chat)
		out_line("* Your account has no recovery key. Make one: "
			 "hermetic recovery");
	else
		(void)fprintf(stderr,
			      "hermetic: Your account has no recovery key. "
			      "Make one: hermetic recovery\n");
}
