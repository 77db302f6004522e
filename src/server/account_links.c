#include "server/account_links.h"

#include "server/answer.h"

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
