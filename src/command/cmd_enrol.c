/* How a login ends: this device comes into its account's log. */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"
#include "reach/enrol.h"

#include <stdlib.h>
#include <string.h>

/* ---- waiting for approval ---- */

static void show_code(void *context, const char *code)
{
	const struct cmd *cmd = context;
	json_t *line;

	if (!cmd->args->json) {
		cmd_print_qr(code);
		out_line("This device waits to be approved. On another device "
			 "of yours:\n\n"
			 "    hermetic devices approve %s\n\n"
			 "Nobody else may see the code. Without any other "
			 "device: hermetic login --recovery",
			 code);
		return;
	}
	line = json_pack("{s:s, s:s, s:s, s:b}", "username", cmd->h->a.username,
			 "device_id", cmd->h->a.device_id, "code", code,
			 "pending", 1);
	out_json(line);
	json_decref(line);
}

/* ---- the recovery key ---- */

enum err cmd_ask_recovery(struct cmd *cmd, struct buf *typed)
{
	char *given = getenv(CMD_RECOVERY_VARIABLE);
	enum err e;

	if (given != NULL) {
		buf_put_str(typed, given);
		sec_wipe(given, strlen(given));
		(void)unsetenv(CMD_RECOVERY_VARIABLE);
	} else {
		e = passphrase_ask("Recovery key: ", false, typed);
		if (e == ERR_STATE_GONE)
			e = why_set(&cmd->h->a.why, e, "recovery-key",
				    "There is no terminal to ask for the "
				    "recovery key: set " CMD_RECOVERY_VARIABLE
				    ".");
		TRY(e);
	}
	buf_put_u8(typed, 0);
	TRY(buf_end(typed));
out:
	return e;
}

static enum err by_recovery(struct cmd *cmd)
{
	struct buf typed = BUF_INIT;
	enum err e;

	TRY(cmd_ask_recovery(cmd, &typed));
	TRY(enrol_by_recovery(&cmd->h->a, (const char *)typed.p));
out:
	buf_clear(&typed);
	return e;
}

/* ---- all ---- */

enum err cmd_enrol(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	bool needed;
	enum err e;

	if (args->begin_anew || args->recovery) {
		TRY(enrol_must_be_needed(&cmd->h->a));
		TRY(args->begin_anew ? enrol_anew(&cmd->h->a)
				     : by_recovery(cmd));
		goto out;
	}
	TRY(enrol_is_needed(&cmd->h->a, &needed));
	if (needed)
		TRY(enrol_by_approval(&cmd->h->a, show_code, cmd));
out:
	return e;
}
