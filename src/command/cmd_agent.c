/* agent, lock */
#include "command/cmd.h"

#include "command/out.h"
#include "reach/agent.h"

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

/* Only the keys are taken out of the state: a state that is open does not survive
 * fork(). */
static enum err take_keys(struct cmd *cmd, struct state_keys *keys)
{
	struct account *a = &cmd->h->a;
	enum err e;

	if (!hermetic_exists(cmd->h))
		return why_set(&a->why, ERR_STATE_GONE, "no-state",
			       "Nobody is logged in in %s: there is nothing to "
			       "hold.",
			       a->home);
	TRY(cmd_need_passphrase(cmd, false));
	TRY(account_peek(a, buf_span(&cmd->passphrase)));
	state_give_keys(a->state, keys);
out:
	account_close(a);
	buf_clear(&cmd->passphrase);
	return e;
}

static void print_begun(const struct cmd *cmd, uint64_t seconds)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("The keys of %s are held for %llu minutes. To end it: "
			 "hermetic lock",
			 cmd->h->a.username,
			 (unsigned long long)(seconds + 59) / 60);
		return;
	}
	line = json_pack("{s:s, s:b, s:I}", "username", cmd->h->a.username,
			 "agent", 1, "seconds", (json_int_t)seconds);
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

static void serve(struct agent *agent, uint64_t seconds)
{
	struct sigaction action = { .sa_handler = on_signal };

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	agent_serve(agent, seconds, &told_to_stop);
	agent_close(agent);
}

/* The parent ends when the agent listens, and leaves the socket to its child. */
static enum err go_on(struct cmd *cmd, struct agent *agent, uint64_t seconds)
{
	pid_t child = cmd->args->foreground ? 0 : fork();

	if (child < 0) {
		agent_close(agent);
		return why_set(&cmd->h->a.why, ERR_LOCAL_IO, "agent",
			       "Cannot start the agent (%s).", strerror(errno));
	}
	if (child > 0) {
		agent_leave(agent);
		return ERR_OK;
	}
	if (cmd->args->foreground) {
		serve(agent, seconds);
		return ERR_OK;
	}
	let_go_of_terminal();
	serve(agent, seconds);
	_exit(0);
}

enum err cmd_agent(struct cmd *cmd)
{
	uint64_t seconds =
	    cmd->args->seconds != 0 ? cmd->args->seconds : SECONDS;
	struct state_keys keys = { .seal = { .n = 0 } };
	struct agent *agent = NULL;
	enum err e;

	TRY(take_keys(cmd, &keys));
	TRY(agent_open(cmd->h->a.home, &keys, &cmd->h->a.why, &agent));
	state_keys_clear(&keys);
	print_begun(cmd, seconds);
	TRY(go_on(cmd, agent, seconds));
out:
	state_keys_clear(&keys);
	return e;
}

enum err cmd_lock(struct cmd *cmd)
{
	enum err e = agent_lock(cmd->h->a.home, &cmd->h->a.why);
	bool was = e == ERR_OK;
	json_t *line;

	if (e != ERR_OK && e != ERR_STATE_GONE)
		return e;
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
