/* The verbs of the command. Each prints its result, and returns ERR_OK or
 * leaves a reason in c->why. */
#ifndef HERMETIC_CLIENT_CMD_H
#define HERMETIC_CLIENT_CMD_H

#include "client/account.h"
#include "client/args.h"

/* What a verb works with. */
struct cmd {
	struct client c;
	const struct args *args;
	struct buf home;       /* a path with its NUL */
	struct buf passphrase; /* read when it is first needed */
};

/* Before anybody is logged in. */
MUST_CHECK enum err cmd_register(struct cmd *cmd);
MUST_CHECK enum err cmd_login(struct cmd *cmd);

/* cmd->c is an open account for all others. */
MUST_CHECK enum err cmd_logout(struct cmd *cmd);
MUST_CHECK enum err cmd_sessions(struct cmd *cmd);
MUST_CHECK enum err cmd_create(struct cmd *cmd);
MUST_CHECK enum err cmd_join(struct cmd *cmd);
MUST_CHECK enum err cmd_invite(struct cmd *cmd);
MUST_CHECK enum err cmd_send(struct cmd *cmd);
MUST_CHECK enum err cmd_read(struct cmd *cmd);
MUST_CHECK enum err cmd_members(struct cmd *cmd);
MUST_CHECK enum err cmd_safety(struct cmd *cmd);
MUST_CHECK enum err cmd_rotate(struct cmd *cmd);
MUST_CHECK enum err cmd_remove(struct cmd *cmd);
MUST_CHECK enum err cmd_role(struct cmd *cmd);
MUST_CHECK enum err cmd_algorithm(struct cmd *cmd);
MUST_CHECK enum err cmd_leave(struct cmd *cmd);
MUST_CHECK enum err cmd_rejoin(struct cmd *cmd);
MUST_CHECK enum err cmd_devices(struct cmd *cmd);
MUST_CHECK enum err cmd_link(struct cmd *cmd);
MUST_CHECK enum err cmd_revoke(struct cmd *cmd);

/* What is printed of a session that was changed. */
MUST_CHECK enum err cmd_print_changed(struct cmd *cmd, const char *id,
				      const char *done);

/* Logs in or registers as needed, then talks. */
MUST_CHECK enum err cmd_chat(struct cmd *cmd);

/* The account is opened with the passphrase, which is asked for. */
MUST_CHECK enum err cmd_open(struct cmd *cmd);

/* Makes the account if `is_new`, logs in and fills the stock of
 * KeyPackages. */
MUST_CHECK enum err cmd_log_in(struct cmd *cmd, bool is_new);

#endif
