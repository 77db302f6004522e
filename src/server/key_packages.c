/* /key-packages: publishing, counting, claiming. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "check/key_package.h"
#include "crypto/hash.h"
#include "door/json.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/commit.h"
#include "server/config.h"
#include "server/leaf_names.h"
#include "server/limited.h"
#include "server/routes_table.h"
#include "server/standing_log.h"
#include "wire/key_package.h"
#include "wire/types.h"

enum { PUBLISH_MAX = 100, KEY_PACKAGE_MAX = 16384 };

/* ---- what a KeyPackage must be ---- */

#define NOT_OWN "its identity is not this device's"

struct published {
	const struct suite *suite;
	uint64_t begins, expires;
	struct digest ref;
	struct span bytes; /* of the publishing's `decoded` */
	struct span key;   /* the leaf's signature key, of the same */
	struct span offer; /* the suites that the leaf lists, of the same */
	struct leaf_name name;
	bool last_resort;
};

/* Everything that can be checked without being a member (10.1). `why` says
 * what is wrong, NULL: nothing. */
static const char *judge(struct span bytes, const struct identity *who,
			 struct published *item)
{
	struct wire_key_package kp;
	const char *wrong;

	if (wire_key_package_decode(bytes, &kp) != ERR_OK)
		return "it does not decode";
	item->suite = config_suite(kp.cipher_suite);
	if (item->suite == NULL)
		return "its suite is not allowed here";
	if (!leaf_name_read(&item->name, kp.leaf_node.credential.identity) ||
	    (!item->name.of_account && !leaf_name_is(&item->name, who)))
		return NOT_OWN;
	if (kp.leaf_node.encoded.n > COMMIT_LEAF_MAX)
		return "its leaf is too large"; /* no commit could add it */
	wrong = check_key_package_published(&kp, item->suite,
					    clock_now_ms() / 1000);
	if (wrong != NULL)
		return wrong;
	item->key = kp.leaf_node.signature_key;
	item->offer = kp.leaf_node.capabilities.cipher_suites;
	item->begins = kp.leaf_node.not_before;
	item->expires = kp.leaf_node.not_after;
	return NULL;
}

/* ---- publishing ---- */

struct publishing {
	struct request *req;
	struct identity who;
	size_t count;
	struct published items[PUBLISH_MAX];
	struct leaf_name own; /* of those of an account; else of nobody */
	struct standing_log standing;
	struct buf decoded;
};

static void end(struct publishing *p)
{
	standing_log_clear(&p->standing);
	buf_clear(&p->decoded);
	free(p);
}

/* All that are of an account are of one device. */
static bool is_same_device(struct publishing *p, const struct leaf_name *name)
{
	if (!name->of_account)
		return true;
	if (!p->own.of_account)
		p->own = *name;
	return p->own.number == name->number &&
	       digest_equal(p->own.fingerprint, name->fingerprint);
}

/* All say that the device offers the same: who invites takes two lists of one device for
 * a downgrade. */
static bool is_same_offer(const struct publishing *p)
{
	return span_equal(p->items[p->count].offer, p->items[0].offer);
}

static bool add_item(struct publishing *p, const char *text, bool last_resort)
{
	const char *why = "it is not base64";
	size_t start = p->decoded.n;
	struct span bytes;
	char detail[96];

	if (p->count == PUBLISH_MAX) {
		request_problem(p->req, OUTCOME_INVALID,
				"at most 100 KeyPackages at once");
		return false;
	}
	if (text_base64(&p->decoded, span_str(text)) == ERR_OK) {
		bytes = span_of(p->decoded.p + start, p->decoded.n - start);
		why = bytes.n > KEY_PACKAGE_MAX
			  ? "it is too large"
			  : judge(bytes, &p->who, &p->items[p->count]);
		p->items[p->count].bytes = bytes;
		p->items[p->count].last_resort = last_resort;
		if (hash_one(bytes, p->items[p->count].ref.bytes) != ERR_OK)
			why = "it cannot be hashed";
	}
	if (why == NULL && !is_same_device(p, &p->items[p->count].name))
		why = NOT_OWN;
	if (why == NULL && !is_same_offer(p))
		why = "it offers other suites than the first one";
	if (why == NULL) {
		p->count++;
		return true;
	}
	(void)snprintf(detail, sizeof(detail), "KeyPackage %zu: %s", p->count,
		       why);
	request_problem(p->req, OUTCOME_KEY_PACKAGE_INVALID, detail);
	return false;
}

static bool read_items(struct publishing *p, struct body *body)
{
	const char *texts[BODY_ITEMS_MAX], *last[BODY_ITEMS_MAX];
	size_t text_count = body_texts(body, "key_packages", texts);
	size_t last_count = body_texts(body, "last_resort", last);

	if (!body_is_good(body)) {
		request_problem(p->req, OUTCOME_MALFORMED, body->fault);
		return false;
	}
	/* one allocation: the items' spans must not move */
	(void)buf_reserve(&p->decoded, request_body(p->req).n + 1);
	for (size_t i = 0; i < text_count; i++)
		if (!add_item(p, texts[i], false))
			return false;
	for (size_t i = 0; i < last_count; i++)
		if (!add_item(p, last[i], true))
			return false;
	return true;
}

static void encode(const struct publishing *p, struct params *params)
{
	params_uuid(params, p->who.device);
	params_open_array(params, PARAMS_TEXT, p->count);
	for (size_t i = 0; i < p->count; i++)
		params_put_bytes(params,
				 span_str(p->items[i].suite->algorithm));
	params_close_array(params);
	params_open_array(params, PARAMS_BYTEA, p->count);
	for (size_t i = 0; i < p->count; i++)
		params_put_digest(params, p->items[i].ref);
	params_close_array(params);
	params_open_array(params, PARAMS_BYTEA, p->count);
	for (size_t i = 0; i < p->count; i++)
		params_put_bytes(params, p->items[i].bytes);
	params_close_array(params);
	params_open_array(params, PARAMS_BOOL, p->count);
	for (size_t i = 0; i < p->count; i++)
		params_put_bool(params, p->items[i].last_resort);
	params_close_array(params);
	params_open_array(params, PARAMS_INT8, p->count);
	for (size_t i = 0; i < p->count; i++) {
		uint64_t expires = p->items[i].expires;

		/* what timestamptz can hold */
		params_put_i64(params, expires < 4102444800u ? (int64_t)expires
							     : 4102444800);
	}
	params_close_array(params);
	params_open_array(params, PARAMS_BOOL, p->count);
	for (size_t i = 0; i < p->count; i++)
		params_put_bool(params, p->items[i].name.of_account);
	params_close_array(params);
}

static void put_counts(struct buf *out, struct rows *rows, bool with_last)
{
	buf_put_str(out, "{\"available\":{");
	for (size_t i = 0; i < rows_count(rows); i++) {
		buf_put_str(out, i > 0 ? "," : "");
		json_put_string(out, rows_text(rows, i, "algorithm"));
		buf_putf(out, ":%lld",
			 (long long)rows_i64(rows, i, "available"));
	}
	buf_put_u8(out, '}');
	if (with_last) {
		buf_put_str(out, ",\"last_resort\":{");
		for (size_t i = 0; i < rows_count(rows); i++) {
			buf_put_str(out, i > 0 ? "," : "");
			json_put_string(out, rows_text(rows, i, "algorithm"));
			buf_put_str(out, rows_bool(rows, i, "last_resort")
					     ? ":true"
					     : ":false");
		}
		buf_put_u8(out, '}');
	}
	buf_put_u8(out, '}');
}

static void answer_counts(struct request *req, enum err e, struct rows *rows,
			  int status)
{
	struct buf out = BUF_INIT;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	put_counts(&out, rows, status == 200);
	answer_rows(req, status, rows, &out);
}

static void on_counted(void *arg, enum err e, struct rows *rows)
{
	answer_counts(arg, e, rows, 200);
}

static void on_published_counted(void *arg, enum err e, struct rows *rows)
{
	answer_counts(arg, e, rows, 201);
}

static void on_published(void *arg, enum err e, struct rows *rows)
{
	struct params params = PARAMS_INIT;
	struct publishing *p = arg;

	if (e == ERR_OK && rows_count(rows) != 1)
		e = ERR_LOCAL_BUG;
	if (e != ERR_OK) {
		answer_fail(p->req, e);
	} else if (rows_bool(rows, 0, "full")) {
		request_problem(p->req, OUTCOME_QUOTA_EXCEEDED,
				"a device may have no more KeyPackages of an "
				"algorithm than that");
	} else if (rows_bool(rows, 0, "older")) {
		request_problem(p->req, OUTCOME_KEY_PACKAGE_INVALID,
				"newer KeyPackages of this device are here, "
				"and they offer other suites");
	} else {
		params_uuid(&params, p->who.device);
		answer_query(p->req, STATEMENT_KEY_PACKAGE_COUNT, &params,
			     on_published_counted);
	}
	end(p);
}

/* Those that lie there with another list are called back by these, unless they are newer. */
static enum err put_offer(const struct publishing *p, struct params *params)
{
	struct digest offer;
	uint64_t begins = 0;
	enum err e = ERR_OK;

	if (p->count == 0) {
		params_null(params);
		params_null(params);
		return ERR_OK;
	}
	for (size_t i = 0; i < p->count; i++)
		begins =
		    p->items[i].begins > begins ? p->items[i].begins : begins;
	TRY(hash_one(p->items[0].offer, offer.bytes));
	params_digest(params, offer);
	params_i64(params, (int64_t)begins); /* not after now: judge() */
out:
	return e;
}

static void insert(struct publishing *p)
{
	struct params params = PARAMS_INIT;
	enum err e;

	encode(p, &params);
	params_i64(&params, (int64_t)config()->key_packages);
	TRY(put_offer(p, &params));
	TRY(store_query(answer_store(), STATEMENT_KEY_PACKAGE_INSERT, &params,
			on_published, p));
	return;
out:
	params_clear(&params);
	answer_fail(p->req, e);
	end(p);
}

/* ---- the account's log ---- */

static bool is_own(const struct published *item, const struct account_log *log,
		   const struct account_place *last)
{
	uint64_t device = 0;

	if (account_key_valid(log, suite_scheme(item->suite), item->key, last,
			      &device) != ACCOUNT_VALID)
		return false;
	return !item->name.of_account ||
	       (device == item->name.number &&
		span_equal(account_log_fingerprint(log),
			   SPAN_ARRAY(item->name.fingerprint.bytes)));
}

/* The first KeyPackage whose key no device of the account has; p->count: none.
 * An account without a log is one of before. */
static size_t find_stranger(const struct publishing *p)
{
	const struct kept_log *kept = p->standing.kept;
	size_t i = 0;

	while (i < p->count && (kept == NULL ? !p->items[i].name.of_account
					     : is_own(&p->items[i], kept->log,
						      &p->standing.end)))
		i++;
	return i;
}

static void on_log(void *arg, enum err e)
{
	struct publishing *p = arg;
	char detail[96];
	size_t stranger;

	if (e != ERR_OK) {
		answer_fail(p->req, e);
		end(p);
		return;
	}
	stranger = find_stranger(p);
	if (stranger == p->count) {
		insert(p);
		return;
	}
	(void)snprintf(detail, sizeof(detail),
		       "KeyPackage %zu: its signature key is no device's in "
		       "the account's log",
		       stranger);
	request_problem(p->req, OUTCOME_KEY_NOT_IN_LOG, detail);
	end(p);
}

static void on_name(void *arg, enum err e)
{
	struct publishing *p = arg;
	const struct account_name name = { .username =
					       span_str(p->who.username) };

	if (e == ERR_OK &&
	    (!p->own.of_account || leaf_name_is(&p->own, &p->who))) {
		standing_log_find(&p->standing, &name, p->who.user, on_log, p);
		return;
	}
	if (e != ERR_OK)
		answer_fail(p->req, e);
	else
		request_problem(p->req, OUTCOME_KEY_PACKAGE_INVALID, NOT_OWN);
	end(p);
}

void key_packages_publish(const struct call *call)
{
	struct publishing *p = calloc(1, sizeof(*p));
	struct request *req = call->req;
	struct body body;
	bool ok;

	if (p == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	p->req = req;
	p->who = call->who;
	if (!body_read(&body, req)) {
		end(p);
		return;
	}
	ok = read_items(p, &body);
	body_free(&body);
	if (!ok) {
		end(p);
		return;
	}
	leaf_names_find(&p->own, 1, on_name, p);
}

void key_packages_count(const struct call *call)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->who.device);
	answer_query(call->req, STATEMENT_KEY_PACKAGE_COUNT, &params,
		     on_counted);
}

/* ---- claiming ---- */

static void put_claimed(struct buf *out, struct rows *rows, size_t i)
{
	buf_put_str(out, "{\"algorithm\":");
	json_put_string(out, rows_text(rows, i, "algorithm"));
	buf_put_str(out, ",\"key_package\":\"");
	text_put_base64(out, rows_bytes(rows, i, "key_package"));
	buf_putf(out, "\",\"last_resort\":%s}",
		 rows_bool(rows, i, "last_resort") ? "true" : "false");
}

/* Rows come ordered by device. */
static void put_devices(struct buf *out, struct rows *rows)
{
	struct uuid device, previous = { { 0 } };
	bool open = false, first = true;

	for (size_t i = 0; i < rows_count(rows); i++) {
		if (rows_is_null(rows, i, "device_id"))
			continue;
		device = rows_uuid(rows, i, "device_id");
		if (!open || !uuid_equal(device, previous)) {
			buf_putf(out,
				 "%s{\"device_id\":\"%s\","
				 "\"key_packages\":[",
				 open ? "]}," : "", uuid_text(device).text);
			previous = device;
			open = first = true;
		}
		if (rows_is_null(rows, i, "key_package"))
			continue;
		buf_put_str(out, first ? "" : ",");
		put_claimed(out, rows, i);
		first = false;
	}
	if (open)
		buf_put_str(out, "]}");
}

static void on_claimed(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	if (rows_count(rows) == 0) {
		request_problem(req, OUTCOME_NO_SUCH_USER, NULL);
		return;
	}
	if (rows_i64(rows, 0, "wait") > 0) {
		limited_by_statement(req, LIMIT_CLAIMS_OF_ONE,
				     (uint64_t)rows_i64(rows, 0, "wait"));
		return;
	}
	buf_putf(&out, "{\"user_id\":\"%s\",\"username\":",
		 uuid_text(rows_uuid(rows, 0, "user_id")).text);
	json_put_string(&out, rows_text(rows, 0, "username"));
	buf_put_str(&out, ",\"devices\":[");
	put_devices(&out, rows);
	buf_put_str(&out, "]}");
	answer_rows(req, 200, rows, &out);
}

void key_packages_claim(const struct call *call)
{
	const struct config *c = config();
	struct params params = PARAMS_INIT;
	struct request *req = call->req;
	struct body body;

	if (!body_read(&body, req))
		return;
	params_text(&params, span_str(body_text(&body, "username")));
	params_open_array(&params, PARAMS_TEXT, c->algorithm_count);
	for (size_t i = 0; i < c->algorithm_count; i++)
		params_put_bytes(&params,
				 span_str(c->algorithms[i]->algorithm));
	params_close_array(&params);
	params_uuid(&params, call->who.user);
	params_i64(&params, (int64_t)c->claims_of_one_per_hour);
	params_i64(&params, (int64_t)c->claimed_per_hour);
	if (!body_end(&body, req)) {
		params_clear(&params);
		return;
	}
	body_free(&body);
	answer_query(req, STATEMENT_KEY_PACKAGE_CLAIM, &params, on_claimed);
}
