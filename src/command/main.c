/* The `hermetic` command. */
#include "command/cmd.h"
#include "command/commit.h"
#include "command/copies.h"
#include "command/home.h"
#include "command/out.h"
#include "reach/given.h"
#include "reach/process.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

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
	{ HERMETIC_OK, NULL, EXIT_DONE },
	{ HERMETIC_KEPT, NULL, EXIT_KEPT },
	{ HERMETIC_USAGE, "usage", EXIT_USAGE },
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

/* What could not be written was not told: that is no success. */
static enum err check_output(struct why *why, enum err e)
{
	if (out_is_good() || (e != ERR_OK && why->text[0] != '\0'))
		return e;
	return why_set(why, ERR_LOCAL_IO, "output",
		       "Cannot write to standard output.");
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

/* Who wants to change the passphrase, or to have it held, says it. */
static bool needs_no_person(const struct args *args)
{
	return args->verb != VERB_PASSPHRASE && args->verb != VERB_AGENT;
}

/* The passphrase is read when it is needed. */
static enum err make_handle(struct cmd *cmd, struct why *why)
{
	const struct args *args = cmd->args;
	struct hermetic_config config = { .size = sizeof(config),
					  .server = args->server,
					  .username = args->username,
					  .device_name = args->device,
					  .algorithms = args->algorithms,
					  .ca = args->ca,
					  .agent = needs_no_person(args) };
	struct password_cost cost;
	enum hermetic_result result;
	bool no_receipts;
	enum err e = ERR_OK;

	if (!needs_no_home(args)) {
		TRY(home_find(args->home, args->username, why, &cmd->home));
		config.home = (const char *)cmd->home.p;
	}
	if (args->ca != NULL)
		TRY(given_check(args->ca, why));
	if (args->transport == TRANSPORT_MQTT)
		config.mqtt = args->mqtt != NULL ? args->mqtt : "";
	TRY(account_parse_stock(args->stock, &config.stock, why));
	TRY(account_parse_cost(args->scrypt_n, &cost, why));
	TRY(account_parse_receipts(args->receipts, &no_receipts, why));
	config.scrypt_n = (uint32_t)cost.n;
	config.receipts = !no_receipts;
	result = hermetic_new(&config, &cmd->h);
	if (result != HERMETIC_OK)
		e = why_set(why, ERR_LOCAL_MEMORY, hermetic_slug(cmd->h), "%s",
			    cmd->h != NULL ? hermetic_why(cmd->h)
					   : err_text(ERR_LOCAL_MEMORY));
out:
	return e;
}

static enum hermetic_result run_verb(struct cmd *cmd)
{
	enum hermetic_result result;
	enum err e;

	if (!needs_no_home(cmd->args) && !opens_itself(cmd->args->verb))
		TRY(cmd_open(cmd));
	TRY(cmd_run(cmd));
out:
	copies_tell(cmd);
	e = check_output(&cmd->h->a.why, e);
	result = inside_result(cmd->h, e);
	if (result != HERMETIC_OK)
		print_failure(cmd->args, hermetic_slug(cmd->h),
			      hermetic_why(cmd->h));
	return cmd->kept ? HERMETIC_KEPT : result;
}

static enum exit_code run(const struct args *args)
{
	struct cmd cmd = { .args = args };
	struct why why = { .slug = "" }, last = { .slug = "" };
	enum exit_code code;
	enum err e = make_handle(&cmd, &why);

	if (e == ERR_OK) {
		enum hermetic_result result = run_verb(&cmd);

		code = code_of(result, hermetic_slug(cmd.h));
	} else {
		code = code_of(inside_conclude(&why, &last, e), last.slug);
		print_failure(args, last.slug, last.text);
	}
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
	enum exit_code code;

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
	code = run(&args);
	process_end();
	return (int)code;
}
