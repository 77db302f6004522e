/* register, login, logout */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"
#include "reach/come_in.h"
#include "reach/drive.h"

#include <string.h>

enum err cmd_need_passphrase(struct cmd *cmd, bool is_new)
{
	const struct passphrase_source source = {
		.fd = cmd->args->passphrase_fd,
		.file = cmd->args->passphrase_file,
		.credentials = cmd->args->credentials,
	};

	enum err e;

	if (cmd->passphrase.n > 0)
		return ERR_OK;
	TRY(passphrase_read(&source, is_new, &cmd->h->a.why, &cmd->passphrase));
	TRY(cmd_did(cmd, hermetic_set_passphrase(
			     cmd->h, (const char *)cmd->passphrase.p,
			     cmd->passphrase.n)));
out:
	return e;
}

enum err cmd_did(struct cmd *cmd, enum hermetic_result result)
{
	if (result == HERMETIC_OK)
		return ERR_OK;
	cmd->h->a.why = cmd->h->last;
	return cmd->h->failed;
}

enum err cmd_open(struct cmd *cmd)
{
	struct hermetic *h = cmd->h;
	enum hermetic_result result;
	enum err e;

	if (!hermetic_exists(h))
		return why_set(&h->a.why, ERR_STATE_GONE, "no-state",
			       "Nobody is logged in in %s. Start with: "
			       "hermetic login --username NAME --server "
			       "HOST:PORT",
			       h->home);
	result = hermetic_open(h);
	if (strcmp(hermetic_slug(h), "passphrase-needed") != 0)
		return cmd_did(cmd, result);
	if (cmd->args->names)
		return why_set(&h->a.why, ERR_STATE_GONE, "no-agent",
			       "No agent holds the keys, and --names asks for "
			       "no passphrase. Start one with: hermetic agent");
	TRY(cmd_need_passphrase(cmd, false));
	TRY(cmd_did(cmd, hermetic_open(h)));
out:
	return e;
}

static enum err print_joined(void *context, const char *id)
{
	return cmd_print_entered(context, id, "Joined");
}

/* The person is logged in all the same. */
static void print_not_joined(void *context, const char *id,
			     const struct why *why)
{
	const struct cmd *cmd = context;
	struct buf safe = BUF_INIT;
	json_t *line;

	if (cmd->args->json) {
		line = json_pack("{s:s, s:s, s:s}", "session_id", id, "error",
				 why->slug, "detail", why->text);
		out_json(line);
		json_decref(line);
		return;
	}
	out_put_safe(&safe, span_str(why->text));
	(void)fprintf(stderr, "hermetic: Not joined: %s. %.*s\n", id,
		      (int)safe.n, safe.n > 0 ? (const char *)safe.p : "");
	buf_clear(&safe);
}

enum err cmd_log_in(struct cmd *cmd, bool is_new)
{
	const struct come_in_listener listener = { print_joined,
						   print_not_joined, cmd };
	struct account_login login = {
		.is_new = is_new,
		.server = cmd->args->server,
		.username = cmd->args->username,
		.algorithms = cmd->args->algorithms,
		.device_name = cmd->args->device,
		.state_cost = cmd->h->cost,
	};
	struct account *a = &cmd->h->a;
	enum err e;

	TRY(account_check_login(a, &login));
	TRY(cmd_need_passphrase(cmd, is_new));
	login.passphrase = buf_span(&cmd->passphrase);
	TRY(account_login(a, &login));
	cmd->h->open = true;
	TRY(cmd_enrol(cmd));
	TRY(drive_session(a, ORDER_STOCK, NULL));
	TRY(come_in(a, &listener));
out:
	return e;
}

static void print_account(const struct cmd *cmd, const char *done)
{
	const struct account *a = &cmd->h->a;
	json_t *line;

	if (!cmd->args->json) {
		out_line("%s %s at %s, device %s.", done, a->username,
			 a->server, a->device_id);
		return;
	}
	line = json_pack("{s:s, s:s, s:s, s:s, s:o}", "username", a->username,
			 "user_id", a->user_id, "device_id", a->device_id,
			 "server", a->server, "algorithms",
			 account_suites_to_json(&a->suites));
	out_json(line);
	json_decref(line);
}

enum err cmd_register(struct cmd *cmd)
{
	enum err e = cmd_log_in(cmd, true);

	if (e == ERR_OK) {
		print_account(cmd, "Registered");
		e = cmd_offer_recovery(cmd);
	}
	return e;
}

enum err cmd_login(struct cmd *cmd)
{
	enum err e = cmd_log_in(cmd, false);

	if (e == ERR_OK) {
		print_account(cmd, "Logged in");
		cmd_remind_recovery(cmd);
	}
	return e;
}

enum err cmd_logout(struct cmd *cmd)
{
	json_t *line;
	enum err e = account_logout(&cmd->h->a);

	if (e != ERR_OK)
		return e;
	if (!cmd->args->json) {
		out_line("Logged out %s.", cmd->h->a.username);
		return ERR_OK;
	}
	line = json_pack("{s:s, s:b}", "username", cmd->h->a.username,
			 "logged_out", 1);
	out_json(line);
	json_decref(line);
	return ERR_OK;
}
