/* recovery: the recovery key, made and shown once. */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"
#include "device/approval.h"
#include "device/record.h"
#include "reach/act_run.h"
#include "reach/drive.h"

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
	return why_set(&cmd->h->a.why, ERR_LOCAL_IO, "output",
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
	uint64_t number;
	bool stands;
	enum err e;

	TRY(device_number(cmd->h->a.device, &number, &stands));
	if (!stands || cmd->args->replace)
		goto out;
	if (getenv(CMD_RECOVERY_VARIABLE) == NULL && !isatty(STDIN_FILENO))
		goto out; /* the device says what to do */
	TRY(cmd_ask_recovery(cmd, old));
out:
	return e;
}

static enum err set(struct cmd *cmd, const char *old)
{
	struct act_wish wish = { .kind = ACT_RECOVERY_KEY,
				 .whom = old,
				 .replace = cmd->args->replace };
	json_t *made = NULL;
	enum err e;

	TRY(act_run(&cmd->h->a, &wish, &made));
	wish.kind = ACT_RECOVERY;
	wish.text = record_string(made, "recovery_key");
	TRY(show(cmd, wish.text));
	TRY(act_run(&cmd->h->a, &wish, NULL));
	print_set(cmd);
out:
	json_decref(made);
	return e;
}

enum err cmd_recovery(struct cmd *cmd)
{
	struct buf old = BUF_INIT;
	enum err e;

	TRY(drive_session(&cmd->h->a, ORDER_ACCOUNT, NULL));
	TRY(ask_old(cmd, &old));
	TRY(set(cmd, old.n > 0 ? (const char *)old.p : NULL));
out:
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

enum err cmd_offer_recovery(struct cmd *cmd)
{
	uint64_t number;
	bool stands;
	enum err e;

	if (cmd->args->no_recovery)
		return ERR_OK;
	TRY(device_number(cmd->h->a.device, &number, &stands));
	if (number > 0 && !stands && is_wanted())
		TRY(set(cmd, NULL));
out:
	return e;
}

void cmd_remind_recovery(struct cmd *cmd)
{
	uint64_t number;
	bool stands;

	if (cmd->args->json ||
	    device_number(cmd->h->a.device, &number, &stands) != ERR_OK)
		return;
	if (number == 0 || stands)
		return;
	if (cmd->chat)
		out_line("* Your account has no recovery key. Make one: "
			 "hermetic recovery");
	else
		(void)fprintf(stderr,
			      "hermetic: Your account has no recovery key. "
			      "Make one: hermetic recovery\n");
}
