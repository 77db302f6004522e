/* Branches of this device's own account, of own_log.h. */
#include "base/rd.h"
#include "device/accounts/branches.h"
#include "device/accounts/own_log.h"

#include <inttypes.h>

/* ---- going over ---- */

/* `shown` takes the place of the log, which is kept as a branch. */
static enum err go_over(struct device *d, struct own_log *own,
			struct span shown)
{
	struct loaded *other = NULL;
	enum err e;

	TRY(loaded_links(shown, &other));
	TRY(branches_keep(d, account_log_fingerprint(own->known->log),
			  buf_span(&own->known->links)));
	loaded_free(own->known);
	own->known = other;
	other = NULL;
out:
	loaded_free(other);
	return e;
}

/* What a link was to do, as own_wish.c has it; NULL: nothing that can be done again. */
static enum err wish_of(const struct account_link *link, json_t **wish)
{
	struct span rest = link->removed;
	struct buf bytes = BUF_INIT;
	json_t *devices = json_array();
	uint64_t number;
	enum err e;

	ENSURE(devices != NULL, ERR_LOCAL_MEMORY);
	*wish = NULL;
	if (link->kind == ACCOUNT_ADD) {
		account_link_put_device(&bytes, &link->device);
		TRY(buf_end(&bytes));
		*wish = json_pack("{s:s}", "kind", "add");
		ENSURE(*wish != NULL, ERR_LOCAL_MEMORY);
		TRY(record_set_bytes(*wish, "entry", buf_span(&bytes)));
	} else if (link->kind == ACCOUNT_REMOVE) {
		while (account_link_next_device(&rest, &number))
			(void)json_array_append_new(
			    devices, json_integer((json_int_t)number));
		*wish = json_pack("{s:s, s:O}", "kind", "remove", "devices",
				  devices);
		ENSURE(*wish != NULL, ERR_LOCAL_MEMORY);
	}
	e = ERR_OK;
out:
	json_decref(devices);
	buf_clear(&bytes);
	return e;
}

/* The link that lost its number is pending again: own_wish_renew() withdraws it, and
 * does once more what it did. */
static enum err make_pending(struct own_log *own, struct span lost)
{
	struct account_link link;
	enum err e;

	TRY(account_link_decode(lost, &link));
	buf_reset(&own->pending);
	buf_put(&own->pending, lost);
	TRY(buf_end(&own->pending));
	json_decref(own->wish);
	own->wish = NULL;
	TRY(wish_of(&link, &own->wish));
out:
	return e;
}

/* Did this device begin what is only here, does it stand in the other log, and is it one
 * link that can be done again? What else stands behind it or waits would be lost without
 * a word, and may be the removal of a stolen device. */
static enum err may_withdraw(struct device *d, const struct own_log *own,
			     struct span lost, struct span shown, bool *may)
{
	struct own_log other = { .known = NULL };
	struct account_keys keys = { .count = 0 };
	struct account_link link;
	struct account_place end;
	uint64_t me;
	enum err e;

	*may = false;
	TRY(account_link_decode(lost, &link));
	account_log_place(own->known->log, &end);
	if (link.number != end.number || own->pending.n > 0 ||
	    own->wish != NULL ||
	    (link.kind != ACCOUNT_ADD && link.kind != ACCOUNT_REMOVE))
		goto out;
	TRY(own_log_me(d, own, &keys, &me));
	account_keys_clear(&keys);
	if (me == 0 || link.signer != me)
		goto out;
	TRY(loaded_links(shown, &other.known));
	TRY(own_log_me(d, &other, &keys, &me));
	*may = me != 0;
out:
	account_keys_clear(&keys);
	loaded_free(other.known);
	return e;
}

/* Nothing decides. */
static enum err settle(struct device *d, struct own_log *own, struct span shown,
		       enum account_order *order)
{
	uint64_t shared =
	    account_links_shared(buf_span(&own->known->links), shown);
	struct buf lost = BUF_INIT;
	bool may;
	enum err e;

	buf_put(&lost, own_log_link(own, shared + 1));
	TRY(buf_end(&lost));
	TRY(may_withdraw(d, own, buf_span(&lost), shown, &may));
	if (!may)
		goto out;
	TRY(go_over(d, own, shown));
	TRY(make_pending(own, buf_span(&lost)));
	*order = ACCOUNT_SECOND;
out:
	buf_clear(&lost);
	return e;
}

enum err own_branch_take(struct device *d, struct own_log *own,
			 struct span shown, enum account_order *order)
{
	struct account_log *none = NULL;
	struct check_verdict verdict;
	enum err e;

	TRY(account_log_new(&none));
	verdict = account_log_compare(none, buf_span(&own->known->links), shown,
				      order);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL, ERR_PEER_INVALID);
	if (*order == ACCOUNT_SECOND || *order == ACCOUNT_SECOND_LONGER)
		TRY(go_over(d, own, shown));
	else if (*order == ACCOUNT_FORK)
		TRY(settle(d, own, shown, order));
	if (*order == ACCOUNT_SECOND || *order == ACCOUNT_SECOND_LONGER)
		TRY(own_log_save(d, own));
out:
	account_log_free(none);
	return e;
}

/* ---- the recovery key that was replaced ---- */

enum err own_branch_stood(const struct own_log *own, struct span key,
			  struct own_stood *stood)
{
	struct account_log *log = NULL;
	struct rd r = rd_init(buf_span(&own->known->links));
	struct account_link link;
	uint64_t n = 0;
	enum err e;

	*stood = (struct own_stood){ .number = 0 };
	TRY(account_log_new(&log));
	while (rd_left(&r) > 0) {
		struct span before = span_of(r.p, rd_left(&r));
		struct span bytes = rd_vec(&r);

		if (stood->number == n) {
			TRY(account_link_decode(bytes, &link));
			stood->signer = link.signer;
		}
		ENSURE(account_log_load(
			   log, span_of(before.p, before.n - rd_left(&r)))
			       .wrong == NULL,
		       ERR_LOCAL_MEMORY);
		n++;
		if (span_equal(account_log_recovery(log), key))
			stood->number = n;
	}
	if (stood->number == n)
		stood->number = 0;
out:
	account_log_free(log);
	return e;
}

enum err own_branch_may_recover(const struct own_stood *stood, struct why *why)
{
	if (stood->number == 0 || stood->signer != ACCOUNT_RECOVERY_SIGNER)
		return ERR_OK;
	return why_set(why, ERR_PEER_INVALID, "recovery-key-replaced",
		       "This recovery key counts no more: it has signed "
		       "itself, in link %" PRIu64
		       " of your account's log, that "
		       "another one takes its place. Use the one that came "
		       "after it. Nothing was changed.",
		       stood->number + 1);
}

static enum err append(struct own_log *own, struct span link)
{
	struct check_verdict verdict = loaded_add(&own->known, link);
	enum err e = ERR_OK;

	ENSURE(verdict.wrong == NULL,
	       verdict.local ? ERR_LOCAL_MEMORY : ERR_PEER_INVALID);
out:
	return e;
}

/* The log ends there. */
static enum err cut(struct own_log *own, uint64_t number)
{
	struct span all = buf_span(&own->known->links);
	struct loaded *first = NULL;
	enum err e;

	all.n -= account_links_behind(all, number).n;
	TRY(loaded_links(all, &first));
	loaded_free(own->known);
	own->known = first;
out:
	return e;
}

enum err own_branch_recover(struct device *d, struct own_log *own,
			    const struct account_pair *recovery,
			    const struct own_stood *stood, struct span entry)
{
	const struct account_signer by = {
		.device = ACCOUNT_RECOVERY_SIGNER,
		.private_key = sec_span(&recovery->private_key),
	};
	struct buf link = BUF_INIT;
	enum err e;

	TRY(branches_keep(d, account_log_fingerprint(own->known->log),
			  buf_span(&own->known->links)));
	TRY(cut(own, stood->number));
	TRY(account_sign_add(own->known->log, &by, entry, SPAN_EMPTY, &link));
	TRY(append(own, buf_span(&link)));
	buf_reset(&link);
	TRY(account_sign_remove(own->known->log, &by, &stood->signer, 1,
				SPAN_EMPTY, &link));
	TRY(append(own, buf_span(&link)));
out:
	buf_clear(&link);
	return e;
}
