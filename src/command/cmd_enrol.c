/* How this device comes into its account: as the first one, or let in. */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"

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
	line =
	    json_pack("{s:s, s:s, s:s, s:b}", "username",
		      hermetic_username(cmd->h), "device_id",
		      hermetic_device_id(cmd->h), "code", code, "pending", 1);
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
			e = cmd_no(cmd, HERMETIC_GONE, "recovery-key",
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

/* As struct hermetic_approval has it. */
static const char *recovery_key(void *context)
{
	struct cmd *cmd = context;

	buf_clear(&cmd->recovery);
	if (cmd_ask_recovery(cmd, &cmd->recovery) != ERR_OK)
		return NULL;
	return (const char *)cmd->recovery.p;
}

/* ---- all ---- */

enum hermetic_result cmd_enter(struct cmd *cmd, bool is_new)
{
	const struct hermetic_approval approval = {
		.size = sizeof(approval),
		.show = show_code,
		.context = cmd,
		.recovery_key = cmd->args->recovery ? recovery_key : NULL,
	};
	enum hermetic_result result;

	if (is_new)
		return hermetic_register(cmd->h);
	if (cmd->args->begin_anew)
		return hermetic_begin_anew(cmd->h);
	result = hermetic_login(cmd->h, &approval);
	buf_clear(&cmd->recovery);
	return result;
}
