#include "reach/log_pages.h"

#include "base/text.h"
#include "check/account.h"
#include "reach/tokens.h"

#include <stdio.h>
#include <string.h>

struct reading {
	struct why *why;
	struct account_log *log;
	char username[40]; /* "" without one */
	struct buf salt;   /* empty without one */
};

static enum err bad_file(struct reading *r, const char *what)
{
	return why_set(r->why, ERR_PEER_MALFORMED, "no-account-log",
		       "That is no account's log: %s.", what);
}

static enum err add_link(struct reading *r, const json_t *text)
{
	struct account_place place;
	struct check_verdict verdict;
	struct buf link = BUF_INIT;
	enum err e;

	if (!json_is_string(text) ||
	    text_base64(&link, span_of(json_string_value(text),
				       json_string_length(text))) != ERR_OK) {
		e = bad_file(r, "a link is not base64");
		goto out;
	}
	verdict = account_log_add(r->log, buf_span(&link));
	e = verdict.local ? ERR_LOCAL_MEMORY : ERR_OK;
	if (verdict.wrong == NULL || verdict.local)
		goto out;
	account_log_place(r->log, &place);
	e = why_set(r->why, ERR_PEER_INVALID, "link-invalid",
		    "Link %llu is wrong: %s.",
		    (unsigned long long)place.number + 1, verdict.wrong);
out:
	buf_clear(&link);
	return e;
}

static enum err take_name(struct reading *r, const json_t *page)
{
	const char *username, *salt;
	enum err e = ERR_OK;

	username = json_string_value(json_object_get(page, "username"));
	salt = json_string_value(json_object_get(page, "salt"));
	if (username == NULL || salt == NULL || r->salt.n > 0)
		goto out;
	ENSURE(text_base64(&r->salt, span_str(salt)) == ERR_OK,
	       bad_file(r, "its salt is not base64"));
	(void)snprintf(r->username, sizeof(r->username), "%s", username);
out:
	return e;
}

static enum err take_page(struct reading *r, const json_t *page)
{
	const json_t *links = json_object_get(page, "links"), *link;
	size_t i;
	enum err e;

	ENSURE(json_is_array(links), bad_file(r, "it has no links"));
	TRY(take_name(r, page));
	json_array_foreach(links, i, link) TRY(add_link(r, link));
out:
	return e;
}

static enum err read_pages(struct reading *r, FILE *file)
{
	json_error_t problem;
	json_t *page;
	int c;
	enum err e;

	do {
		page = json_loadf(file, JSON_DISABLE_EOF_CHECK, &problem);
		if (page == NULL)
			return bad_file(r, "it is not JSON");
		e = take_page(r, page);
		json_decref(page);
		if (e != ERR_OK)
			return e;
		do
			c = fgetc(file);
		while (c == '\n' || c == '\r' || c == ' ');
		if (c != EOF)
			(void)ungetc(c, file);
	} while (c != EOF);
	return ERR_OK;
}

/* ---- what it says ---- */

static const char *hex(struct buf *out, struct span bytes)
{
	buf_reset(out);
	text_put_hex(out, bytes);
	buf_put_u8(out, 0);
	return buf_end(out) == ERR_OK ? (const char *)out->p : "";
}

static json_t *describe_devices(const struct account_log *log)
{
	struct account_device device;
	json_t *list = json_array();
	size_t position = 0;

	while (account_log_next_device(log, &position, &device)) {
		json_t *row =
		    json_pack("{s:I, s:I}", "device", (json_int_t)device.number,
			      "signer", (json_int_t)device.signer);

		if (device.removed != 0)
			(void)json_object_set_new(
			    row, "removed",
			    json_integer((json_int_t)device.removed));
		(void)json_array_append_new(list, row);
	}
	return list;
}

static enum err describe(const struct reading *r, bool named, json_t **found)
{
	struct account_place place;
	struct buf fingerprint = BUF_INIT, hash = BUF_INIT;
	json_t *made;
	enum err e = ERR_OK;

	account_log_place(r->log, &place);
	made = json_pack("{s:s, s:I, s:s, s:o, s:b, s:I, s:I}", "fingerprint",
			 hex(&fingerprint, account_log_fingerprint(r->log)),
			 "number", (json_int_t)place.number, "hash",
			 hex(&hash, SPAN_ARRAY(place.hash)), "devices",
			 describe_devices(r->log), "recovery",
			 account_log_recovery(r->log).n > 0, "changed",
			 (json_int_t)account_log_changed(r->log), "closed",
			 (json_int_t)account_log_closed(r->log));
	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	if (named)
		ENSURE(json_object_set_new(made, "username",
					   json_string(r->username)) == 0,
		       ERR_LOCAL_MEMORY);
	*found = json_incref(made);
out:
	json_decref(made);
	buf_clear(&fingerprint);
	buf_clear(&hash);
	return e;
}

enum err log_pages_check(FILE *file, struct why *why, json_t **found)
{
	struct reading r = { .why = why };
	bool named;
	enum err e;

	TRY(account_log_new(&r.log));
	TRY(read_pages(&r, file));
	ENSURE(account_log_fingerprint(r.log).n > 0,
	       bad_file(&r, "it has no links"));
	named = r.salt.n > 0;
	ENSURE(!named || account_log_is_named(r.log, buf_span(&r.salt),
					      span_str(r.username)),
	       why_set(why, ERR_PEER_INVALID, "another-name",
		       "The log is another account's than %s's.", r.username));
	TRY(describe(&r, named, found));
out:
	account_log_free(r.log);
	buf_clear(&r.salt);
	return e;
}

/* ---- asking ---- */

enum err log_pages_ask(struct account *a, const char *username,
		       enum err (*each)(void *context, const json_t *page),
		       void *context)
{
	struct api_answer answer = { 0 };
	json_int_t after = 0, next;
	char path[160];
	enum err e;

	ENSURE(text_is_username(span_str(username)),
	       why_set(&a->why, ERR_PEER_INVALID, "usage",
		       "\"%.40s\" is no user name.", username));
	do {
		(void)snprintf(path, sizeof(path), "/users/%s/log?after=%lld",
			       username, (long long)after);
		TRY(tokens_call(a, "GET", path, NULL, &answer));
		next = json_integer_value(json_object_get(answer.body, "next"));
		/* a server could name one page for ever */
		ENSURE(next == 0 || next > after, ERR_PEER_MALFORMED);
		TRY(each(context, answer.body));
		api_answer_clear(&answer);
		after = next;
	} while (next != 0);
out:
	api_answer_clear(&answer);
	return e;
}
