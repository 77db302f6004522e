/* register, login, logout */
#include "client/cmd.h"

#include "client/out.h"
#include "client/packages.h"
#include "client/passphrase.h"
#include "client/tokens.h"

#include <string.h>

static enum err need_passphrase(struct cmd *cmd, bool is_new)
{
	if (cmd->passphrase.n > 0)
		return ERR_OK;
	return passphrase_read(is_new, &cmd->c.why, &cmd->passphrase);
}

enum err cmd_open(struct cmd *cmd)
{
	struct client *c = &cmd->c;
	enum err e;

	if (!state_exists(c->home))
		return why_set(&c->why, ERR_STATE_GONE, "no-state",
			       "Nobody is logged in in %s. Start with: "
			       "hermetic login --username NAME --server "
			       "HOST:PORT",
			       c->home);
	TRY(need_passphrase(cmd, false));
	TRY(account_open(c, buf_span(&cmd->passphrase), cmd->args->server,
			 cmd->args->username));
out:
	return e;
}

/* What was not given is remembered, if there is a state. */
static enum err remembered(struct cmd *cmd, struct account_login *login)
{
	struct client *c = &cmd->c;
	enum err e;

	if (login->username != NULL && login->server != NULL)
		return ERR_OK;
	if (!state_exists(c->home))
		return why_set(&c->why, ERR_PEER_INVALID, "usage",
			       "The first time, give %s.",
			       login->username == NULL ? "--username NAME"
						       : "--server HOST:PORT");
	e = account_peek(c, buf_span(&cmd->passphrase));
	if (login->username == NULL)
		login->username = c->username;
	if (login->server == NULL)
		login->server = c->server;
	return e;
}

enum err cmd_log_in(struct cmd *cmd, bool is_new)
{
	struct account_login login = {
		.is_new = is_new,
		.server = cmd->args->server,
		.username = cmd->args->username,
		.algorithms = cmd->args->algorithms,
		.device_name = cmd->args->device,
	};
	struct client *c = &cmd->c;
	enum err e;

	if (is_new && state_exists(c->home))
		return why_set(&c->why, ERR_STATE_CONFLICT, "state-exists",
			       "%s already holds an account. Use another "
			       "--home, or: hermetic login",
			       c->home);
	if (is_new && (login.username == NULL || login.server == NULL))
		return why_set(&c->why, ERR_PEER_INVALID, "usage",
			       "register wants --username NAME and --server "
			       "HOST:PORT.");
	TRY(account_parse_cost(cmd->args->scrypt_n, &login.state_cost,
			       &c->why));
	TRY(need_passphrase(cmd, is_new));
	login.passphrase = buf_span(&cmd->passphrase);
	TRY(remembered(cmd, &login));
	TRY(account_login(c, &login));
	TRY(packages_top_up(c));
out:
	return e;
}

static void print_account(const struct cmd *cmd, const char *done)
{
	const struct client *c = &cmd->c;
	json_t *line;

	if (!cmd->args->json) {
		out_line("%s %s at %s, device %s.", done, c->username,
			 c->server, c->device_id);
		return;
	}
	line = json_pack("{s:s, s:s, s:s, s:s, s:o}", "username", c->username,
			 "user_id", c->user_id, "device_id", c->device_id,
			 "server", c->server, "algorithms",
			 account_suites_to_json(&c->suites));
	out_json(line);
	json_decref(line);
}

enum err cmd_register(struct cmd *cmd)
{
	enum err e = cmd_log_in(cmd, true);

	if (e == ERR_OK)
		print_account(cmd, "Registered");
	return e;
}

enum err cmd_login(struct cmd *cmd)
{
	enum err e = cmd_log_in(cmd, false);

	if (e == ERR_OK)
		print_account(cmd, "Logged in");
	return e;
}

enum err cmd_logout(struct cmd *cmd)
{
	json_t *line;
	enum err e = account_logout(&cmd->c);

	if (e != ERR_OK)
		return e;
	if (!cmd->args->json) {
		out_line("Logged out %s.", cmd->c.username);
		return ERR_OK;
	}
	line = json_pack("{s:s, s:b}", "username", cmd->c.username,
			 "logged_out", 1);
	out_json(line);
	json_decref(line);
	return ERR_OK;
}
