/* Logging in, or making the account that a person chats with. */
#include "command/chat.h"

#include "command/passphrase.h"
#include "reach/drive.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

static enum err begin_again(struct cmd *cmd)
{
	enum err e;

	why_clear(&cmd->h->a.why);
	TRY(cmd_log_in(cmd, true));
	if (isatty(STDIN_FILENO))
		TRY(cmd_offer_recovery(cmd));
out:
	return e;
}

/* The server says the same about an unknown user and a wrong passphrase; only
 * the person knows. A script means what it says: it registers. */
static enum err offer_account(struct cmd *cmd, enum err refused)
{
	struct buf answer = BUF_INIT, again = BUF_INIT;
	struct why why = cmd->h->a.why;
	enum err e;

	if (!isatty(STDIN_FILENO)) {
		e = begin_again(cmd);
		if (strcmp(cmd->h->a.why.slug, "username-taken") == 0)
			cmd->h->a.why = why;
		return e;
	}
	e = passphrase_ask("There is no such account, or the passphrase is "
			   "wrong. Make a new account? [y/N] ",
			   true, &answer);
	if (e != ERR_OK || answer.n == 0 || tolower(answer.p[0]) != 'y') {
		e = refused;
		goto out;
	}
	why_clear(&cmd->h->a.why);
	TRY(passphrase_ask("The passphrase again: ", false, &again));
	ENSURE(span_equal(buf_span(&again), buf_span(&cmd->passphrase)),
	       why_set(&cmd->h->a.why, ERR_PEER_INVALID, "passphrase",
		       "The two passphrases differ."));
	TRY(begin_again(cmd));
out:
	buf_clear(&answer);
	buf_clear(&again);
	return e;
}

/* What is kept can be read while the server is away. A script wants to say something. */
static enum err begin(struct cmd *cmd)
{
	enum err e = drive_session(&cmd->h->a, ORDER_STOCK, NULL);

	if (e == ERR_OK || !cmd->h->a.why.unreachable || !isatty(STDIN_FILENO))
		return e;
	why_clear(&cmd->h->a.why);
	return ERR_OK;
}

enum err chat_log_in(struct cmd *cmd)
{
	enum err e;

	if (hermetic_exists(cmd->h)) {
		e = cmd_open(cmd);
		if (e == ERR_OK)
			return begin(cmd);
		/* logged out, or a login that was killed */
		if (e != ERR_STATE_GONE &&
		    strcmp(cmd->h->a.why.slug, "logged-out") != 0)
			return e;
		why_clear(&cmd->h->a.why);
	}
	e = cmd_log_in(cmd, false);
	if (strcmp(cmd->h->a.why.slug, "bad-credentials") == 0)
		e = offer_account(cmd, e);
	return e;
}
