/* passphrase */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"

#include <string.h>

/* The one that is to go has to be the right one before another is asked for; nobody has to be
 * logged in. */
static enum err check_old(struct cmd *cmd)
{
	enum hermetic_result result;
	enum err e;

	if (!hermetic_exists(cmd->h))
		return cmd_no(cmd, HERMETIC_NO_ACCOUNT, "no-state",
			      "Nobody is logged in in %s: there is no "
			      "passphrase to change.",
			      (const char *)cmd->home.p);
	TRY(cmd_need_passphrase(cmd, false));
	result = hermetic_open(cmd->h);
	if (strcmp(hermetic_slug(cmd->h), "logged-out") != 0)
		TRY(cmd_did(cmd, result));
out:
	return e;
}

static void print_done(const struct cmd *cmd, const char *username)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("The passphrase was changed%s. On each other device "
			 "of yours: hermetic passphrase",
			 cmd->args->end_others
			     ? ", and all other logins were ended"
			     : "");
		return;
	}
	line = json_pack("{s:s, s:b, s:b}", "username", username,
			 "passphrase_changed", 1, "others_ended",
			 (int)cmd->args->end_others);
	out_json(line);
	json_decref(line);
}

enum err cmd_passphrase(struct cmd *cmd)
{
	struct buf new = BUF_INIT;
	json_t *given = NULL;
	enum err e;

	TRY(check_old(cmd));
	TRY(passphrase_read_new(&cmd->why, &new));
	buf_put_u8(&new, 0);
	TRY(buf_end(&new));
	TRY(cmd_did(cmd, hermetic_change_passphrase(cmd->h, (const char *)new.p,
						    cmd->args->end_others)));
	given = cmd_given(cmd);
	print_done(cmd, out_member(given, "username"));
out:
	json_decref(given);
	buf_clear(&new);
	return e;
}
