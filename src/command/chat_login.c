/* Logging in, or making the account that a person chats with. */
#include "command/chat.h"

#include "command/passphrase.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

static enum err begin_again(struct cmd *cmd)
{
	enum err e;

	TRY(cmd_log_in(cmd, true));
	if (isatty(STDIN_FILENO))
		TRY(cmd_offer_recovery(cmd));
out:
	return e;
}

/* A script means what it says: it registers. */
static enum err register_at_once(struct cmd *cmd, enum err refused)
{
	struct cmd_failure before;
	enum err e;

	cmd_keep(cmd, refused, &before);
	e = begin_again(cmd);
	if (e != ERR_OK && strcmp(cmd->why.slug, "username-taken") == 0)
		e = cmd_fail(cmd, &before);
	return e;
}

/* The server says the same about an unknown user and a wrong passphrase; only
 * the person knows. */
static enum err offer_account(struct cmd *cmd, enum err refused)
{
	struct buf answer = BUF_INIT, again = BUF_INIT;
	enum err e;

	if (!isatty(STDIN_FILENO))
		return register_at_once(cmd, refused);
	e = passphrase_ask("There is no such account, or the passphrase is "
			   "wrong. Make a new account? [y/N] ",
			   true, &answer);
	if (e != ERR_OK || answer.n == 0 || tolower(answer.p[0]) != 'y') {
		e = refused;
		goto out;
	}
	TRY(passphrase_ask("The passphrase again: ", false, &again));
	ENSURE(span_equal(buf_span(&again), buf_span(&cmd->passphrase)),
	       cmd_no(cmd, HERMETIC_PASSPHRASE, "passphrase",
		      "The two passphrases differ."));
	TRY(begin_again(cmd));
out:
	buf_clear(&answer);
	buf_clear(&again);
	return e;
}

enum err chat_log_in(struct cmd *cmd)
{
	enum err e;

	if (hermetic_exists(cmd->h)) {
		e = cmd_open(cmd);
		/* logged out, or a login that was killed */
		if (e == ERR_OK || cmd->why.result != HERMETIC_NO_ACCOUNT ||
		    strcmp(cmd->why.slug, "device-gone") == 0)
			return e;
	}
	e = cmd_log_in(cmd, false);
	if (e != ERR_OK && strcmp(cmd->why.slug, "bad-credentials") == 0)
		e = offer_account(cmd, e);
	return e;
}
