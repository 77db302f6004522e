/* The `hermetic` command. */
#include "base/given.h"
#include "command/cmd.h"
#include "command/commit.h"
#include "command/copies.h"
#include "command/environment.h"
#include "command/home.h"
#include "command/out.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum exit_code {
	EXIT_DONE,
	EXIT_REFUSED,
	EXIT_USAGE,
	EXIT_UNREACHABLE,
	EXIT_KEPT /* it waits in the outbox */
};

/* What a script is told of a result; of all others that it was refused. */
static const struct {
	enum hermetic_result result;
	const char *slug; /* NULL: any */
	enum exit_code code;
} ENDS[] = {
	{ HERMETIC_USAGE, "usage", EXIT_USAGE },
	{ HERMETIC_USAGE, "first-username", EXIT_USAGE },
	{ HERMETIC_USAGE, "first-server", EXIT_USAGE },
	{ HERMETIC_UNREACHABLE, NULL, EXIT_UNREACHABLE },
};

/* Secrets are in memory: no core file, no debugger of the same user, and no
 * file that others can read. */
static void harden(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* whose leak check traces the process */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* Texts are UTF-8, whatever the environment says. */
static void set_characters(void)
{
	(void)setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
}

static void print_failure(const struct args *args, const char *slug,
			  const char *text)
{
	struct buf safe = BUF_INIT;
	json_t *line;

	if (args->json) {
		line = json_pack("{s:s, s:s}", "error", slug, "detail", text);
		(void)json_dumpf(line, stderr,
				 JSON_COMPACT | JSON_ENSURE_ASCII);
		(void)fputc('\n', stderr);
		json_decref(line);
		return;
	}
	out_put_safe(&safe, span_str(text));
	(void)fprintf(stderr, "hermetic: %.*s\n", (int)safe.n,
		      safe.n > 0 ? (const char *)safe.p : "");
	buf_clear(&safe);
}

static enum exit_code code_of(enum hermetic_result result, const char *slug)
{
	for (size_t i = 0; i < sizeof(ENDS) / sizeof(*ENDS); i++)
		if (ENDS[i].result == result &&
		    (ENDS[i].slug == NULL || strcmp(ENDS[i].slug, slug) == 0))
			return ENDS[i].code;
	return EXIT_REFUSED;
}

static enum err check_output(struct cmd *cmd, enum err e)
{
	return out_is_good() || e != ERR_OK ? e : cmd_no_output(cmd);
}

static bool opens_itself(enum verb verb)
{
	return verb == VERB_CHAT || verb == VERB_REGISTER ||
	       verb == VERB_LOGIN || verb == VERB_PASSPHRASE ||
	       verb == VERB_ACCOUNT || verb == VERB_AGENT || verb == VERB_LOCK;
}

static bool needs_no_home(const struct args *args)
{
	return args->verb == VERB_ACCOUNT && !cmd_account_is_own(args);
}

/* Who wants to change the passphrase says it. So does who wants to have it held
 * (cmd_agent.c), whose agent then asks for the keys as others do. */
static bool needs_no_person(const struct args *args)
{
	return args->verb != VERB_PASSPHRASE;
}

/* Who is there for hours waits for a server that is away. */
static bool is_patient(const struct args *args)
{
	return args->verb == VERB_AGENT ||
	       (args->verb == VERB_CHAT && isatty(STDIN_FILENO));
}

static enum err check_ca(struct cmd *cmd)
{
	char problem[GIVEN_PROBLEM];

	if (cmd->args->ca == NULL ||
	    given_check(cmd->args->ca, problem) == ERR_OK)
		return ERR_OK;
	return cmd_no(cmd, HERMETIC_REFUSED, "file", "%s", problem);
}

/* The passphrase is read when it is needed. */
static enum err make_handle(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	struct hermetic_config config = { .size = sizeof(config),
					  .server = args->server,
					  .username = args->username,
					  .device_name = args->device,
					  .algorithms = args->algorithms,
					  .ca = args->ca,
					  .agent = needs_no_person(args),
					  .patient = is_patient(args) };
	enum err e = ERR_OK;

	if (!needs_no_home(args)) {
		TRY(home_find(args->home, args->username, &cmd->why,
			      &cmd->home));
		config.home = (const char *)cmd->home.p;
	}
	TRY(check_ca(cmd));
	if (args->transport == TRANSPORT_MQTT)
		config.mqtt = args->mqtt != NULL ? args->mqtt : "";
	TRY(environment_take(args, &cmd->why, &config));
	TRY(cmd_did(cmd, hermetic_new(&config, &cmd->h)));
out:
	return e;
}

static enum err run_verb(struct cmd *cmd)
{
	enum err e;

	if (!needs_no_home(cmd->args) && !opens_itself(cmd->args->verb))
		TRY(cmd_open(cmd));
	TRY(cmd_run(cmd));
out:
	copies_tell(cmd);
	return check_output(cmd, e);
}

static enum exit_code run(const struct args *args)
{
	struct cmd cmd = { .args = args };
	enum exit_code code = EXIT_DONE;
	enum err e;

	TRY(make_handle(&cmd));
	TRY(run_verb(&cmd));
out:
	if (e != ERR_OK) {
		reason_end(&cmd.why, e);
		print_failure(args, cmd.why.slug, cmd.why.text);
		code = code_of(cmd.why.result, cmd.why.slug);
	}
	if (cmd.kept)
		code = EXIT_KEPT;
	hermetic_free(cmd.h);
	buf_clear(&cmd.home);
	buf_clear(&cmd.passphrase);
	json_decref(cmd.login);
	return code;
}

int main(int argc, char **argv)
{
	struct args args;
	char problem[256];

	harden();
	set_characters();
	if (args_parse(&args, argc, argv, problem) != ERR_OK) {
		(void)fprintf(stderr, "hermetic: %s See: hermetic%s%s --help\n",
			      problem, args.verb != VERB_CHAT ? " " : "",
			      args_verb_name(args.verb));
		return EXIT_USAGE;
	}
	if (args.help || args.version) {
		if (args.version)
			out_line("hermetic %s%s%s%s", hermetic_version(),
				 COMMIT[0] != '\0' ? " (" : "", COMMIT,
				 COMMIT[0] != '\0' ? ")" : "");
		else
			args_help(args.verb, stdout);
		if (out_is_good())
			return EXIT_DONE;
		(void)fputs("hermetic: Cannot write to standard output.\n",
			    stderr);
		return EXIT_REFUSED;
	}
	args_environment(&args);
	return (int)run(&args);
}
