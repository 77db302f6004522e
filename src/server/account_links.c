#include "server/account_links.h"

#include "base/rd.h"
#include "server/answer.h"
#include "server/limited.h"

static void put_uuid(struct params *params, const struct uuid *uuid)
{
	if (uuid != NULL)
		params_uuid(params, *uuid);
	else
		params_null(params);
}

static void put_removed(struct params *params, const struct account_link *link)
{
	struct span rest = link->removed;
	uint64_t device;

	params_open_array(params, PARAMS_INT8, link->removed.n / 8);
	while (account_link_next_device(&rest, &device))
		params_put_i64(params, (int64_t)device);
	params_close_array(params);
}

bool account_links_allowed(struct request *req, struct digest fingerprint)
{
	return limited_allows(req, LIMIT_LINKS, SPAN_ARRAY(fingerprint.bytes),
			      SPAN_LIT("log"));
}

/* A device that asked with this entry is approved by it. */
static enum err put_entry(struct params *params,
			  const struct account_link *link)
{
	struct buf entry = BUF_INIT;
	enum err e = ERR_OK;

	if (link->kind == ACCOUNT_ADD) {
		account_link_put_device(&entry, &link->device);
		TRY(buf_end(&entry));
		params_bytea(params, buf_span(&entry));
	} else {
		params_null(params);
	}
out:
	buf_clear(&entry);
	return e;
}

enum err account_links_append(const struct new_link *link,
			      connection_done *done, void *arg)
{
	struct params params = PARAMS_INIT;
	enum err e;

	put_uuid(&params, link->user);
	put_uuid(&params, link->device);
	params_digest(&params, link->fingerprint);
	params_i64(&params, (int64_t)link->link.number);
	params_bytea(&params, link->link.before);
	params_digest(&params, link->hash);
	params_bytea(&params, link->bytes);
	if (link->salt.n > 0)
		params_bytea(&params, link->salt);
	else
		params_null(&params);
	params_bool(&params, link->anew);
	TRY(put_entry(&params, &link->link));
	put_removed(&params, &link->link);
	return store_query(answer_store(), STATEMENT_ACCOUNT_LINK_TAKE, &params,
			   done, arg);
out:
	params_clear(&params);
	return e;
}

/* ---- a branch ---- */

static void put_hashes(struct params *params, const struct new_branch *branch)
{
	struct account_place end;

	account_log_place(branch->log, &end);
	params_open_array(params, PARAMS_BYTEA,
			  (size_t)(end.number - branch->first + 1));
	for (uint64_t n = branch->first; n <= end.number; n++)
		params_put_bytes(params, account_log_hash(branch->log, n));
	params_close_array(params);
}

static size_t count_links(struct span links)
{
	struct rd r = rd_init(links);
	size_t count = 0;

	for (; rd_left(&r) > 0; count++)
		(void)rd_vec(&r);
	return count;
}

static void put_links(struct params *params, struct span links)
{
	struct rd r = rd_init(links);

	params_open_array(params, PARAMS_BYTEA, count_links(links));
	while (rd_left(&r) > 0)
		params_put_bytes(params, rd_vec(&r));
	params_close_array(params);
}

/* Empty for what is no `add`. */
static enum err put_entries(struct params *params, struct span links)
{
	struct rd r = rd_init(links);
	struct buf entry = BUF_INIT;
	struct account_link link;
	enum err e = ERR_OK;

	params_open_array(params, PARAMS_BYTEA, count_links(links));
	while (rd_left(&r) > 0) {
		TRY(account_link_decode(rd_vec(&r), &link));
		buf_reset(&entry);
		if (link.kind == ACCOUNT_ADD)
			account_link_put_device(&entry, &link.device);
		TRY(entry.fail);
		params_put_bytes(params, buf_span(&entry));
	}
	params_close_array(params);
out:
	buf_clear(&entry);
	return e;
}

static void put_standing(struct params *params, const struct account_log *log)
{
	struct account_device device;
	size_t position = 0;

	params_open_array(params, PARAMS_INT8, account_log_standing(log));
	while (account_log_next_device(log, &position, &device))
		if (device.removed == 0)
			params_put_i64(params, (int64_t)device.number);
	params_close_array(params);
}

enum err account_links_take_branch(const struct new_branch *branch,
				   connection_done *done, void *arg)
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_bytea(&params, account_log_fingerprint(branch->log));
	params_bytea(&params, account_log_hash(branch->log, branch->first - 1));
	params_digest(&params, branch->last);
	params_i64(&params, (int64_t)branch->first);
	put_hashes(&params, branch);
	put_links(&params, branch->links);
	TRY(put_entries(&params, branch->links));
	put_standing(&params, branch->log);
	return store_query(answer_store(), STATEMENT_ACCOUNT_BRANCH_TAKE,
			   &params, done, arg);
out:
	params_clear(&params);
	return e;
}

/* ---- the answer ---- */

void account_links_answer(struct request *req, int status, uint64_t number,
			  struct digest hash)
{
	struct buf out = BUF_INIT;
	enum err e;

	buf_putf(&out, "{\"number\":%llu,\"hash\":\"",
		 (unsigned long long)number);
	digest_put(&out, hash);
	buf_put_str(&out, "\"}");
	e = buf_end(&out);
	if (e == ERR_OK)
		request_answer(req, status, "application/json", buf_span(&out));
	else
		answer_fail(req, e);
	buf_clear(&out);
}
