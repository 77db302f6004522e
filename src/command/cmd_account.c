/* register, login, logout */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"

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
	TRY(passphrase_read(&source, is_new, &cmd->why, &cmd->passphrase));
	TRY(cmd_did(cmd, hermetic_set_passphrase(
			     cmd->h, (const char *)cmd->passphrase.p,
			     cmd->passphrase.n)));
out:
	return e;
}

enum err cmd_open(struct cmd *cmd)
{
	enum hermetic_result result;
	enum err e;

	if (!hermetic_exists(cmd->h))
		return cmd_no(cmd, HERMETIC_NO_ACCOUNT, "no-state",
			      "Nobody is logged in in %s. Start with: "
			      "hermetic login --username NAME --server "
			      "HOST:PORT",
			      (const char *)cmd->home.p);
	result = hermetic_open(cmd->h);
	if (result != HERMETIC_PASSPHRASE ||
	    strcmp(hermetic_slug(cmd->h), "passphrase-needed") != 0)
		return cmd_did(cmd, result);
	if (cmd->args->names)
		return cmd_no(cmd, HERMETIC_GONE, "no-agent",
			      "No agent holds the keys, and --names asks for "
			      "no passphrase. Start one with: hermetic agent");
	TRY(cmd_need_passphrase(cmd, false));
	TRY(cmd_did(cmd, hermetic_open(cmd->h)));
out:
	return e;
}

/* The person is logged in all the same. */
static void print_not_joined(const struct cmd *cmd, const json_t *row)
{
	struct buf safe = BUF_INIT;

	if (cmd->args->json) {
		out_json(row);
		return;
	}
	out_put_safe(&safe, out_span(row, "detail"));
	(void)fprintf(stderr, "hermetic: Not joined: %s. %.*s\n",
		      out_member(row, "session_id"), (int)safe.n,
		      safe.n > 0 ? (const char *)safe.p : "");
	buf_clear(&safe);
}

static enum err print_sessions(struct cmd *cmd, const json_t *sessions)
{
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(sessions, i, row)
	{
		if (json_object_get(row, "error") != NULL)
			print_not_joined(cmd, row);
		else
			TRY(cmd_print_entered(
			    cmd, out_member(row, "session_id"), "Joined"));
	}
out:
	return e;
}

/* As the login goes on from where the passphrase is asked for. */
static enum err log_in(struct cmd *cmd, bool is_new)
{
	enum hermetic_result result = cmd_enter(cmd, is_new);
	enum err e;

	if (result == HERMETIC_PASSPHRASE &&
	    strcmp(hermetic_slug(cmd->h), "passphrase-needed") == 0) {
		TRY(cmd_need_passphrase(cmd, is_new));
		result = cmd_enter(cmd, is_new);
	}
	TRY(cmd_did(cmd, result));
out:
	return e;
}

enum err cmd_log_in(struct cmd *cmd, bool is_new)
{
	enum err e;

	json_decref(cmd->login);
	cmd->login = NULL;
	TRY(log_in(cmd, is_new));
	cmd->login = cmd_given(cmd);
	ENSURE(cmd->login != NULL, ERR_LOCAL_MEMORY);
	TRY(print_sessions(cmd, json_object_get(cmd->login, "sessions")));
out:
	return e;
}

static void print_account(const struct cmd *cmd, const char *done)
{
	if (!cmd->args->json) {
		out_line("%s %s at %s, device %s.", done,
			 out_member(cmd->login, "username"),
			 out_member(cmd->login, "server"),
			 out_member(cmd->login, "device_id"));
		return;
	}
	(void)json_object_del(cmd->login, "sessions");
	out_json(cmd->login);
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
	json_t *line = json_pack("{s:s, s:b}", "username",
				 hermetic_username(cmd->h), "logged_out", 1);
	enum err e;

	TRY(cmd_did(cmd, hermetic_logout(cmd->h)));
	if (cmd->args->json)
		out_json(line);
	else
		out_line("Logged out %s.", out_member(line, "username"));
out:
	json_decref(line);
	return e;
}
