/*
 * hermetic-admin: what a person asks of the administration. Its operations are those of
 * src/admin/operations_table.h, which the API has, too; usage() names them. Of its own
 * are
 *
 *   hermetic-admin rekey              wraps every wrapped key under HERMETIC_KEK;
 *                                     HERMETIC_KEK_PREVIOUS is the one before. Can
 *                                     be repeated.
 *   hermetic-admin api-token NAME SCOPES [DAYS]   a token for the API
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/audit.h"
#include "admin/operations.h"
#include "admin/token.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/library.h"
#include "crypto/signing_key.h"
#include "crypto/wrap.h"
#include "rotation/config.h"
#include "store/connection.h"
#include "store/poll_loop.h"

enum { ANSWER_MS = 30000, KEYS_MAX = 64, TOKEN_DAYS = 7, API_TOKEN_DAYS = 90 };
enum { HELP_COLUMN = 34 }; /* where the words of a row begin */

static struct poll_loop *loop;
static struct connection *connection;
static bool as_json;

/* ---- one statement at a time ---- */

struct answer {
	bool done;
	enum err e;
	void (*read)(struct rows *rows, void *arg);
	void *arg;
};

static void on_answer(void *arg, enum err e, struct rows *rows)
{
	struct answer *a = arg;

	a->done = true;
	a->e = e;
	if (e == ERR_OK) {
		a->read(rows, a->arg);
		a->e = rows_end(rows);
	}
}

/* Asks, waits for the answer and hands its rows to `read`. Takes `params`. The connection
 * waits no longer than ANSWER_MS, so this ends. */
static enum err ask(enum statement statement, struct params *params,
		    void (*read)(struct rows *rows, void *arg), void *arg)
{
	struct answer answer = { .read = read, .arg = arg };
	uint64_t end = clock_steady_ms() + ANSWER_MS;
	enum err e;

	while (!connection_is_ready(connection)) {
		ENSURE(clock_steady_ms() < end, ERR_LOCAL_IO);
		poll_loop_run(loop, 100);
	}
	TRY(connection_send(connection, statement, params, on_answer, &answer));
	while (!answer.done)
		poll_loop_run(loop, 100);
	e = answer.e;
out:
	if (e == ERR_LOCAL_IO || e == ERR_LOCAL_BUSY)
		(void)fputs("hermetic-admin: PostgreSQL cannot be reached: is "
			    "HERMETIC_ROTATION_DATABASE_URL right?\n",
			    stderr);
	return e;
}

/* ---- rekey ---- */

static struct wrapped {
	struct buf kid, bytes;
} keys[KEYS_MAX];
static size_t key_count;
static bool rewrapped;

static void read_keys(struct rows *rows, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < rows_count(rows) && key_count < KEYS_MAX; i++) {
		buf_put(&keys[key_count].kid, rows_text(rows, i, "kid"));
		buf_put(&keys[key_count++].bytes,
			rows_bytes(rows, i, "wrapped_key"));
	}
}

static void read_rewrapped(struct rows *rows, void *arg)
{
	(void)arg;
	rewrapped = rows_count(rows) == 1;
}

static enum err rewrap(const struct wrapped *key,
		       const uint8_t id[SIGNING_KEY_KEK_ID])
{
	struct buf pem = BUF_INIT, wrapped = BUF_INIT;
	struct params params = PARAMS_INIT;
	enum err e;

	TRY(signing_key_open(sec_span(&config()->kek),
			     sec_span(&config()->kek_previous),
			     buf_span(&key->bytes), &pem));
	TRY(wrap_seal(sec_span(&config()->kek), buf_span(&pem), &wrapped));
	params_text(&params, buf_span(&key->kid));
	params_bytea(&params, buf_span(&key->bytes));
	params_bytea(&params, buf_span(&wrapped));
	params_bytea(&params, span_of(id, SIGNING_KEY_KEK_ID));
	TRY(ask(STATEMENT_ADMIN_KEY_REWRAP, &params, read_rewrapped, NULL));
	(void)printf("%.*s: %s\n", (int)key->kid.n, (const char *)key->kid.p,
		     rewrapped ? "rewrapped" : "somebody else was first");
out:
	if (e == ERR_PEER_CRYPTO)
		(void)fprintf(stderr,
			      "hermetic-admin: %.*s is wrapped neither under "
			      "HERMETIC_KEK nor under HERMETIC_KEK_PREVIOUS\n",
			      (int)key->kid.n, (const char *)key->kid.p);
	buf_clear(&pem);
	buf_clear(&wrapped);
	return e;
}

/* Each key is a transaction of its own: cut off, it goes on with the next
 * call. The nodes know both key-encryption keys meanwhile. */
static enum err rekey(void)
{
	uint8_t id[SIGNING_KEY_KEK_ID];
	struct params params = PARAMS_INIT;
	enum err e, failed = ERR_OK;

	TRY(signing_key_kek_id(sec_span(&config()->kek), id));
	params_bytea(&params, SPAN_ARRAY(id));
	TRY(ask(STATEMENT_ADMIN_KEYS_TO_REWRAP, &params, read_keys, NULL));
	for (size_t i = 0; i < key_count; i++) {
		e = rewrap(&keys[i], id);
		if (e != ERR_OK)
			failed = e;
	}
	e = failed;
	if (e == ERR_OK)
		(void)puts("All keys are under HERMETIC_KEK.");
out:
	for (size_t i = 0; i < key_count; i++) {
		buf_clear(&keys[i].kid);
		buf_clear(&keys[i].bytes);
	}
	return e;
}

/* ---- operations ---- */

/* An operation under way. */
struct run {
	const struct operation *operation;
	struct operation_args args;
	struct audit_chain chain;
	enum outcome outcome;
	bool more;
	char at[OPERATION_AT_MAX];
};

static void print_rows(const struct run *run, struct rows *rows)
{
	bool prints = run->operation->gives == OPERATION_LIST ||
		      run->operation->gives == OPERATION_ONE;
	struct span text;

	for (size_t i = 0; prints && i < rows_count(rows); i++) {
		text = as_json ? operations_json(rows, i)
			       : operations_line(rows, i);
		if (text.n > 0)
			(void)printf("%.*s\n", (int)text.n,
				     (const char *)text.p);
	}
}

static void read_page(struct rows *rows, void *arg)
{
	struct run *run = arg;

	if (run->operation->gives == OPERATION_CHAIN) {
		run->more = audit_follow(&run->chain, rows);
		(void)snprintf(run->at, sizeof(run->at), "%" PRId64,
			       run->chain.n);
		return;
	}
	run->outcome = operations_outcome(run->operation, rows);
	if (run->outcome != OUTCOME_OK)
		return;
	print_rows(run, rows);
	operations_next(run->operation, run->args.rows, rows, run->at);
	run->more = run->at[0] != '\0';
}

static enum err say_chain(const struct audit_chain *chain)
{
	if (!audit_is_whole(chain)) {
		(void)fprintf(stderr,
			      "hermetic-admin: after number %" PRId64
			      " the record was changed\n",
			      chain->n);
		return ERR_PEER_CRYPTO;
	}
	(void)printf(as_json ? "{\"whole\":true,\"entries\":%" PRId64 "}\n"
			     : "%" PRId64
			       " entries, none changed or missing.\n",
		     chain->n);
	return ERR_OK;
}

static void say_outcome(enum outcome outcome)
{
	(void)fprintf(stderr, "hermetic-admin: %s\n",
		      outcomes_row(outcome)->words);
}

/* All pages of it. */
static enum err perform(struct run *run)
{
	struct params params = PARAMS_INIT;
	enum err e;

	run->args.rows = OPERATION_ROWS_MAX;
	run->outcome = OUTCOME_OK;
	if (run->operation->gives == OPERATION_CHAIN)
		TRY(audit_start(&run->chain));
	do {
		run->more = false;
		run->args.after = span_str(run->at);
		e = operations_params(run->operation, &run->args, &params);
		if (e == ERR_PEER_MALFORMED)
			run->outcome = run->operation->without;
		else if (e == ERR_OK)
			e = ask(run->operation->statement, &params, read_page,
				run);
	} while (e == ERR_OK && run->more);
	if (e == ERR_OK && run->operation->gives == OPERATION_CHAIN)
		e = say_chain(&run->chain);
	if (run->outcome != OUTCOME_OK) {
		say_outcome(run->outcome);
		e = ERR_STATE_GONE;
	}
out:
	return e;
}

/* ---- tokens, which are printed once; the database has their hashes ---- */

static void print_token(const struct buf *text)
{
	(void)printf(as_json ? "{\"token\":\"%.*s\"}\n" : "%.*s\n",
		     (int)text->n, (const char *)text->p);
}

static enum err make_token(struct run *run)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(token_new_registration(&text, &run->args.hash));
	run->args.days = TOKEN_DAYS;
	TRY(perform(run));
	print_token(&text);
out:
	buf_clear(&text);
	return e;
}

static void read_made(struct rows *rows, void *arg)
{
	*(bool *)arg = rows_count(rows) == 1 && rows_bool(rows, 0, "done");
}

/* NAME SCOPES [DAYS] */
static enum err make_api_token(char *const *args, uint64_t days)
{
	struct uuid id;
	struct digest hash;
	struct params params = PARAMS_INIT;
	struct buf text = BUF_INIT;
	bool made = false;
	enum err e;

	TRY(token_new_api(&text, &id, &hash));
	params_uuid(&params, id);
	params_text(&params, span_str(args[0]));
	params_digest(&params, hash);
	params_text(&params, span_str(args[1]));
	params_i64(&params, (int64_t)days * 86400);
	e = ask(STATEMENT_ADMIN_API_TOKEN_MAKE, &params, read_made, &made);
	if (e == ERR_STATE_CONFLICT)
		(void)fputs("hermetic-admin: that name was given before, or it "
			    "is not 1 to 32 of a-z, 0-9, . and -\n",
			    stderr);
	else if (e == ERR_OK && made)
		print_token(&text);
out:
	buf_clear(&text);
	return e;
}

/* ---- the command ---- */

static enum err start(void)
{
	const struct connection_settings settings = {
		.conninfo = config()->database_url,
		.name = "hermetic admin",
		.durable = true,
		.queue_max = 4,
		.wait_ms = ANSWER_MS
	};
	enum err e;

	TRY(library_start());
	TRY(poll_loop_new(&loop));
	TRY(connection_open(poll_loop_store(loop), &settings, &connection));
out:
	return e;
}

static void help_row(FILE *to, const char *verb, const char *arguments,
		     const char *words)
{
	int n = fprintf(to, "  %s%s", verb, arguments);

	(void)fprintf(to, "%*s%s\n", n < HELP_COLUMN ? HELP_COLUMN - n : 2, "",
		      words);
}

/* Its manual page is made of it (tools/program-man.mjs). */
static void help(FILE *to)
{
	size_t count;
	const struct operation *all = operations_all(&count);

	(void)fputs("hermetic-admin: what an operator of Hermetic does.\n\n"
		    "Usage: hermetic-admin COMMAND [--json]\n\n"
		    "It speaks to the database, with the settings of "
		    "hermetic-rotation.\n\n"
		    "Commands:\n",
		    to);
	for (size_t i = 0; i < count; i++)
		help_row(to, all[i].verb,
			 all[i].gives == OPERATION_TOKEN     ? " [USES]"
			 : strchr(all[i].takes, 'n') != NULL ? " NAME"
			 : operations_has_argument(&all[i])  ? " ID"
							     : "",
			 all[i].words);
	help_row(to, "api-token", " NAME SCOPES [DAYS]",
		 "Makes a token of the API; scopes: read,write,export,erase.");
	help_row(to, "rekey", "",
		 "Wraps the keys that sign tokens under HERMETIC_KEK.");
	(void)fputs("\nOptions:\n", to);
	help_row(to, "--json", "", "The answer is JSON, a line for each row.");
	help_row(to, "--help", "", "Prints this text.");
}

static int usage(void)
{
	help(stderr);
	return 2;
}

/* "audit verify" is one verb of two words. */
static bool is_verb(const struct operation *operation, char *const *args,
		    int count, int *used)
{
	size_t n = strcspn(operation->verb, " ");
	const char *second =
	    operation->verb[n] == ' ' ? operation->verb + n + 1 : NULL;

	*used = second != NULL ? 2 : 1;
	return strlen(args[0]) == n &&
	       memcmp(args[0], operation->verb, n) == 0 &&
	       (second == NULL || (count > 1 && strcmp(args[1], second) == 0));
}

/* The operation that these arguments mean; NULL: none. */
static const struct operation *find(char *const *args, int count,
				    struct run *run)
{
	size_t rows;
	const struct operation *all = operations_all(&rows);
	int used, left;

	for (size_t i = 0; i < rows; i++) {
		if (!is_verb(&all[i], args, count, &used))
			continue;
		left = count - used;
		run->args.uses = 1;
		if (all[i].gives == OPERATION_TOKEN && left == 1 &&
		    text_parse_u64(&run->args.uses, span_str(args[used]),
				   OPERATION_USES_MAX) == ERR_OK)
			left = 0;
		if (left != operations_has_argument(&all[i]))
			continue;
		if (left == 1)
			run->args.argument = span_str(args[used]);
		return &all[i];
	}
	return NULL;
}

static bool makes_api_token(char *const *args, int count, uint64_t *days)
{
	*days = API_TOKEN_DAYS;
	return strcmp(args[0], "api-token") == 0 &&
	       (count == 3 || count == 4) &&
	       operations_scopes(span_str(args[2])) != SCOPE_NONE &&
	       (count == 3 || text_parse_u64(days, span_str(args[3]),
					     OPERATION_DAYS_MAX) == ERR_OK);
}

int main(int argc, char **argv)
{
	char *const *args = argv + 1;
	int count = argc - 1;
	struct run run = { .outcome = OUTCOME_OK };
	bool rekeys, makes;
	uint64_t days;
	enum err e;

	as_json = count >= 2 && strcmp(args[count - 1], "--json") == 0;
	count -= as_json;
	if (count < 1)
		return usage();
	if (strcmp(args[0], "--help") == 0 || strcmp(args[0], "-h") == 0) {
		help(stdout);
		return 0;
	}
	rekeys = count == 1 && strcmp(args[0], "rekey") == 0;
	makes = makes_api_token(args, count, &days);
	run.operation = find(args, count, &run);
	if (!rekeys && !makes && run.operation == NULL)
		return usage();
	if (!config_load())
		return 1;
	log_set_level(LOG_LEVEL_WARN); /* standard output is the answer's */
	run.args.rotation = config()->rotation;
	run.args.idle = config()->idle;
	run.args.sign = config()->signing_key;
	e = start();
	if (e == ERR_OK)
		e = rekeys  ? rekey()
		    : makes ? make_api_token(args + 1, days)
		    : run.operation->gives == OPERATION_TOKEN ? make_token(&run)
							      : perform(&run);
	if (e != ERR_OK)
		(void)fprintf(stderr, "hermetic-admin: %s\n", err_text(e));
	return e == ERR_OK ? 0 : 1;
}
