/* agent, lock */
#include "command/cmd.h"

#include "command/out.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define SECONDS (8 * 3600)

static volatile sig_atomic_t told_to_stop;

static void on_signal(int number)
{
	told_to_stop = number;
}

/* A child has no need of the passphrase. */
static enum err take_keys(struct cmd *cmd)
{
	enum err e;

	if (!hermetic_exists(cmd->h))
		return cmd_no(cmd, HERMETIC_NO_ACCOUNT, "no-state",
			      "Nobody is logged in in %s: there is nothing to "
			      "hold.",
			      (const char *)cmd->home.p);
	TRY(cmd_need_passphrase(cmd, false));
	TRY(cmd_did(cmd, hermetic_agent_begin(cmd->h)));
	TRY(cmd_did(cmd, hermetic_set_passphrase(cmd->h, "", 0)));
out:
	buf_clear(&cmd->passphrase);
	return e;
}

static void print_begun(const struct cmd *cmd, const char *username,
			uint64_t seconds)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("The keys of %s are held for %llu minutes. To end it: "
			 "hermetic lock",
			 username, (unsigned long long)(seconds + 59) / 60);
		return;
	}
	line = json_pack("{s:s, s:b, s:I}", "username", username, "agent", 1,
			 "seconds", (json_int_t)seconds);
	out_json(line);
	json_decref(line);
}

/* Whoever waits for what the command prints is not kept waiting. */
static void let_go_of_terminal(void)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(nothing, fd);
	(void)close(nothing);
}

static void serve(struct cmd *cmd, uint64_t seconds)
{
	struct sigaction action = { .sa_handler = on_signal };

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)hermetic_agent_serve(cmd->h, seconds, &told_to_stop);
}

/* The parent ends when the agent listens, and leaves the socket to its child. */
static enum err go_on(struct cmd *cmd, uint64_t seconds)
{
	pid_t child = cmd->args->foreground ? 0 : fork();

	if (child < 0)
		return cmd_no(cmd, HERMETIC_LOCAL, "agent",
			      "Cannot start the agent (%s).", strerror(errno));
	if (child > 0) {
		hermetic_agent_leave(cmd->h);
		return ERR_OK;
	}
	if (!cmd->args->foreground)
		let_go_of_terminal();
	serve(cmd, seconds);
	if (!cmd->args->foreground)
		_exit(0);
	return ERR_OK;
}

enum err cmd_agent(struct cmd *cmd)
{
	uint64_t seconds =
	    cmd->args->seconds != 0 ? cmd->args->seconds : SECONDS;
	json_t *given = NULL;
	enum err e;

	TRY(take_keys(cmd));
	given = cmd_given(cmd);
	print_begun(cmd, out_member(given, "username"), seconds);
	TRY(go_on(cmd, seconds));
out:
	json_decref(given);
	return e;
}

enum err cmd_lock(struct cmd *cmd)
{
	enum hermetic_result result = hermetic_lock(cmd->h);
	bool was = result == HERMETIC_OK;
	json_t *line;

	if (!was && result != HERMETIC_GONE)
		return cmd_did(cmd, result);
	if (cmd->args->json) {
		line = json_pack("{s:b, s:b}", "locked", 1, "agent", (int)was);
		out_json(line);
		json_decref(line);
	} else {
		out_line(was ? "Locked: the keys are wiped."
			     : "No agent holds keys here.");
	}
	return ERR_OK;
}
