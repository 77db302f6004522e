/* passphrase */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"

/* What was remembered is read; nobody has to be logged in. */
static enum err open_state(struct cmd *cmd)
{
	struct account *a = &cmd->h->a;
	enum err e;

	if (!hermetic_exists(cmd->h))
		return why_set(&a->why, ERR_STATE_GONE, "no-state",
			       "Nobody is logged in in %s: there is no "
			       "passphrase to change.",
			       a->home);
	TRY(cmd_need_passphrase(cmd, false));
	TRY(account_peek(a, buf_span(&cmd->passphrase)));
out:
	return e;
}

static void print_done(const struct cmd *cmd)
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
	line = json_pack("{s:s, s:b, s:b}", "username", cmd->h->a.username,
			 "passphrase_changed", 1, "others_ended",
			 (int)cmd->args->end_others);
	out_json(line);
	json_decref(line);
}

enum err cmd_passphrase(struct cmd *cmd)
{
	struct buf new = BUF_INIT;
	struct account_change change = { .end_others = cmd->args->end_others };
	enum err e;

	TRY(open_state(cmd));
	TRY(passphrase_read_new(&cmd->h->a.why, &new));
	change.passphrase = buf_span(&new);
	TRY(account_change_passphrase(&cmd->h->a, cmd->args->server, &change));
	print_done(cmd);
out:
	buf_clear(&new);
	return e;
}
