/* hermetic-admin: accounts, who may register, and the record of what was done. */
#include "rotation/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/rng.h"

enum { PAGE = 500, TOKEN_DAYS = 7, TOKEN_BYTES = 24 };

static size_t row_count; /* of the last answer */

/* ---- users ---- */

static char last_name[64]; /* where the next page begins */

static void print_time(const char *name, struct rows *rows, size_t i,
		       const char *column)
{
	if (rows_is_null(rows, i, column))
		(void)printf(",\"%s\":null", name);
	else
		(void)printf(",\"%s\":%" PRId64, name,
			     rows_i64(rows, i, column));
}

static void print_user(struct rows *rows, size_t i)
{
	struct span name = rows_text(rows, i, "username");
	struct span id = rows_text(rows, i, "user_id");
	bool suspended = !rows_is_null(rows, i, "suspended_ms");
	int64_t devices = rows_i64(rows, i, "devices"),
		connected = rows_i64(rows, i, "connected"),
		sessions = rows_i64(rows, i, "sessions");

	(void)snprintf(last_name, sizeof(last_name), "%.*s", (int)name.n,
		       (const char *)name.p);
	if (!admin_as_json()) {
		(void)printf("%-32s %3" PRId64 " devices, %3" PRId64
			     " connected, %5" PRId64 " sessions%s\n",
			     last_name, devices, connected, sessions,
			     suspended ? ", suspended" : "");
		return;
	}
	(void)printf("{\"username\":\"%s\",\"user_id\":\"%.*s\","
		     "\"devices\":%" PRId64 ",\"connected\":%" PRId64
		     ",\"sessions\":%" PRId64,
		     last_name, (int)id.n, (const char *)id.p, devices,
		     connected, sessions);
	print_time("created_at", rows, i, "created_ms");
	print_time("suspended_at", rows, i, "suspended_ms");
	(void)puts("}");
}

static void read_users(struct rows *rows)
{
	row_count = rows_count(rows);
	for (size_t i = 0; i < row_count; i++)
		print_user(rows, i);
}

static enum err users(const char *name)
{
	enum err e;

	last_name[0] = '\0';
	do {
		struct params params = PARAMS_INIT;

		params_text(&params, span_str(last_name));
		params_i32(&params, PAGE);
		if (name != NULL)
			params_text(&params, span_str(name));
		else
			params_null(&params);
		TRY(admin_ask(STATEMENT_ADMIN_USERS, &params, read_users));
	} while (name == NULL && row_count == PAGE);
	ENSURE(name == NULL || row_count == 1, ERR_STATE_GONE);
out:
	return e;
}

/* ---- acts ---- */

static bool done;

static void read_done(struct rows *rows)
{
	done = rows_count(rows) == 1 && rows_bool(rows, 0, "done");
}

static enum err act(enum statement statement, const char *name,
		    const bool *suspended)
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_text(&params, span_str(name));
	if (suspended != NULL)
		params_bool(&params, *suspended);
	TRY(admin_ask(statement, &params, read_done));
	ENSURE(done, ERR_STATE_GONE);
out:
	return e;
}

static bool archived;

static void read_archive(struct rows *rows)
{
	struct span text;

	archived = rows_count(rows) == 1 && !rows_is_null(rows, 0, "archive");
	if (!archived)
		return;
	text = rows_text(rows, 0, "archive");
	(void)fwrite(text.p, 1, text.n, stdout);
	(void)putchar('\n');
}

static enum err export(const char *name) {
	struct params params = PARAMS_INIT; enum err e;

	params_text(&params, span_str(name));
	TRY(admin_ask(STATEMENT_ADMIN_EXPORT, &params, read_archive));
	ENSURE(archived, ERR_STATE_GONE);
	out : return e;
}

/* Printed once; the database has its hash. */
static enum err token(uint64_t uses)
{
	uint8_t bytes[TOKEN_BYTES], hash[32];
	struct params params = PARAMS_INIT;
	struct buf text = BUF_INIT;
	struct span span;
	enum err e;

	TRY(rng_fill(rng_system(), bytes, sizeof(bytes)));
	text_put_base64url(&text, SPAN_ARRAY(bytes));
	TRY(buf_end(&text));
	span = buf_span(&text);
	TRY(hash_sha256(&span, 1, hash));
	params_bytea(&params, SPAN_ARRAY(hash));
	params_i32(&params, (int32_t)uses);
	params_i64(&params, (int64_t)TOKEN_DAYS * 86400);
	TRY(admin_ask(STATEMENT_ADMIN_TOKEN, &params, read_done));
	(void)printf(admin_as_json() ? "{\"token\":\"%.*s\"}\n" : "%.*s\n",
		     (int)text.n, (const char *)text.p);
out:
	sec_wipe(bytes, sizeof(bytes));
	buf_clear(&text);
	return e;
}

/* ---- the record ---- */

static struct {
	bool verifies, broken;
	int64_t n, last;
	uint8_t hash[32], last_hash[32];
} chain;

static enum err next_hash(struct rows *rows, size_t i, uint8_t out[32])
{
	uint8_t subject[16];
	struct buf bytes = BUF_INIT;
	struct span span;
	enum err e;

	rows_uuid(rows, i, "subject", subject);
	buf_put_str(&bytes, "hermetic audit 1");
	buf_put(&bytes, SPAN_ARRAY(chain.hash));
	buf_put_u64(&bytes, (uint64_t)rows_i64(rows, i, "n"));
	buf_put_u64(&bytes, (uint64_t)rows_i64(rows, i, "at_us"));
	buf_put(&bytes, SPAN_ARRAY(subject));
	buf_put(&bytes, rows_text(rows, i, "actor"));
	buf_put_u8(&bytes, '\n');
	buf_put(&bytes, rows_text(rows, i, "event"));
	buf_put_u8(&bytes, '\n');
	buf_put(&bytes, rows_text(rows, i, "detail"));
	TRY(buf_end(&bytes));
	span = buf_span(&bytes);
	e = hash_sha256(&span, 1, out);
out:
	buf_clear(&bytes);
	return e;
}

static void print_entry(struct rows *rows, size_t i)
{
	struct span actor = rows_text(rows, i, "actor"),
		    event = rows_text(rows, i, "event"),
		    detail = rows_text(rows, i, "detail");
	char subject[TEXT_UUID_SIZE];
	uint8_t id[16];

	rows_uuid(rows, i, "subject", id);
	text_uuid(subject, id);
	(void)printf("{\"n\":%" PRId64 ",\"at_us\":%" PRId64
		     ",\"actor\":\"%.*s\",\"event\":\"%.*s\","
		     "\"subject\":\"%s\",\"detail\":\"%.*s\"}\n",
		     rows_i64(rows, i, "n"), rows_i64(rows, i, "at_us"),
		     (int)actor.n, (const char *)actor.p, (int)event.n,
		     (const char *)event.p, subject, (int)detail.n,
		     (const char *)detail.p);
}

static void follow(struct rows *rows, size_t i)
{
	uint8_t is[32], must[32];

	rows_copy(rows, i, "hash", is, sizeof(is));
	if (rows_i64(rows, i, "n") != chain.n + 1 ||
	    next_hash(rows, i, must) != ERR_OK ||
	    !sec_equal(SPAN_ARRAY(is), SPAN_ARRAY(must))) {
		chain.broken = true;
		return;
	}
	chain.n++;
	memcpy(chain.hash, is, sizeof(is));
}

static void read_audit(struct rows *rows)
{
	row_count = rows_count(rows);
	if (row_count == 0)
		return;
	chain.last = rows_i64(rows, 0, "last");
	rows_copy(rows, 0, "last_hash", chain.last_hash, 32);
	if (rows_is_null(rows, 0, "n"))
		row_count = 0;
	for (size_t i = 0; i < row_count && !chain.broken; i++) {
		if (chain.verifies) {
			follow(rows, i);
		} else {
			print_entry(rows, i);
			chain.n = rows_i64(rows, i, "n");
		}
	}
}

static enum err audit(bool verifies)
{
	const struct span start = SPAN_LIT("hermetic audit 1");
	enum err e;

	chain.verifies = verifies;
	TRY(hash_sha256(&start, 1, chain.hash));
	do {
		struct params params = PARAMS_INIT;

		params_i64(&params, chain.n);
		params_i32(&params, PAGE);
		TRY(admin_ask(STATEMENT_ADMIN_AUDIT, &params, read_audit));
	} while (row_count > 0 && !chain.broken);
	if (!verifies)
		return ERR_OK;
	if (chain.broken || chain.n != chain.last ||
	    !sec_equal(SPAN_ARRAY(chain.hash), SPAN_ARRAY(chain.last_hash))) {
		(void)fprintf(stderr,
			      "hermetic-admin: after number %" PRId64
			      " the record was changed\n",
			      chain.n);
		return ERR_PEER_CRYPTO;
	}
	(void)printf("%" PRId64 " entries, none changed or missing.\n",
		     chain.n);
out:
	return e;
}

/* ---- the verbs ---- */

static bool acts(const char *verb, const char *name, enum err *out)
{
	static const bool yes = true, no = false;

	if (strcmp(verb, "suspend") == 0)
		*out = act(STATEMENT_ADMIN_SUSPEND, name, &yes);
	else if (strcmp(verb, "resume") == 0)
		*out = act(STATEMENT_ADMIN_SUSPEND, name, &no);
	else if (strcmp(verb, "sign-out") == 0)
		*out = act(STATEMENT_ADMIN_SIGN_OUT, name, NULL);
	else if (strcmp(verb, "delete") == 0)
		*out = act(STATEMENT_ADMIN_ERASE, name, NULL);
	else if (strcmp(verb, "export") == 0)
		*out = export(name);
	else
		return false;
	if (*out == ERR_STATE_GONE)
		(void)fputs("hermetic-admin: no such account\n", stderr);
	return true;
}

bool admin_accounts(const char *verb, char *const *args, int count,
		    enum err *out)
{
	uint64_t uses = 1;

	if (strcmp(verb, "users") == 0 && count <= 1)
		*out = users(count == 1 ? args[0] : NULL);
	else if (strcmp(verb, "token") == 0 &&
		 (count == 0 ||
		  (count == 1 &&
		   text_parse_u64(&uses, span_str(args[0]), 100000) == ERR_OK)))
		*out = token(uses);
	else if (strcmp(verb, "audit") == 0 && count == 0)
		*out = audit(false);
	else if (strcmp(verb, "audit") == 0 && count == 1 &&
		 strcmp(args[0], "verify") == 0)
		*out = audit(true);
	else
		return count == 1 && acts(verb, args[0], out);
	return true;
}
