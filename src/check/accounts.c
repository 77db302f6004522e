#include "check/accounts.h"

#include <string.h>

#include "base/rd.h"
#include "check/accounts_entries.h"
#include "check/group_places.h"

static struct check_verdict good(void)
{
	return (struct check_verdict){ NULL, false, false };
}

static struct check_verdict wrong(const char *why)
{
	return (struct check_verdict){ why, false, false };
}

static struct check_verdict failed(enum err e)
{
	return e == ERR_OK ? good()
			   : (struct check_verdict){ "no memory", false, true };
}

enum err check_accounts_find(struct check_accounts *accounts,
			     struct span fingerprint,
			     const struct account_log **log, struct span *links)
{
	struct known_account *entry;
	enum err e;

	TRY(accounts_get(accounts, fingerprint, &entry));
	*log = entry->counts.log;
	*links = buf_span(&entry->counts.links);
out:
	return e;
}

static bool has_key(const struct known *known, uint16_t scheme, struct span key)
{
	struct account_place end;

	if (known->log == NULL)
		return false;
	account_log_place(known->log, &end);
	return account_key_valid(known->log, scheme, key, &end, NULL) !=
	       ACCOUNT_UNKNOWN;
}

enum err check_accounts_find_key(struct check_accounts *accounts,
				 struct span fingerprint, uint16_t scheme,
				 struct span key,
				 const struct account_log **log,
				 struct span *links)
{
	struct known_account *entry;
	const struct known *found;
	size_t at = 0;
	enum err e;

	TRY(accounts_get(accounts, fingerprint, &entry));
	while (at <= entry->branch_count &&
	       !has_key(known_account_at(entry, at), scheme, key))
		at++;
	found = known_account_at(entry, at <= entry->branch_count ? at : 0);
	*log = found->log;
	*links = buf_span(&found->links);
out:
	return e;
}

struct check_verdict check_accounts_add(struct check_accounts *accounts,
					struct span links)
{
	struct known known = { .grown = true };
	struct check_verdict verdict;
	struct known_account *entry;
	enum err e;

	TRY(account_log_new(&known.log));
	verdict = account_log_add_all(known.log, links);
	if (verdict.wrong != NULL || links.n == 0) {
		known_clear(&known);
		return verdict;
	}
	TRY(accounts_get(accounts, account_log_fingerprint(known.log), &entry));
	buf_put(&known.links, links);
	TRY(buf_end(&known.links));
	TRY(known_account_take(entry, &known));
out:
	known_clear(&known);
	return failed(e);
}

/* ---- places ---- */

static struct account_place place_of(const struct place *place)
{
	struct account_place out = { .number = place->number };

	if (place->number > 0)
		(void)span_copy(out.hash, place->hash);
	return out;
}

/* Where the last links of a log begin, by the first of them. */
static bool begins_at(struct span carried, struct account_place *begin)
{
	struct rd r = rd_init(carried);
	struct account_link link;

	if (carried.n == 0 || account_link_decode(rd_vec(&r), &link) != ERR_OK)
		return false;
	if (link.number == 0)
		return false;
	begin->number = link.number - 1;
	(void)span_copy(begin->hash, link.before);
	return true;
}

/* Carried links lead from one place to the other: by their numbers and hashes,
 * whatever stands in them. `end`: where they begin; then, where they end. */
static const char *check_chain(struct span fingerprint, struct span carried,
			       struct account_place *end)
{
	struct rd r = rd_init(carried);
	struct account_link link;

	while (rd_left(&r) > 0) {
		struct span bytes = rd_vec(&r);

		if (account_link_decode(bytes, &link) != ERR_OK ||
		    link.number != end->number + 1 ||
		    (end->number > 0 &&
		     !span_equal(link.before, SPAN_ARRAY(end->hash))))
			return "links that it carries do not go on from the "
			       "account's place";
		end->number++;
		if (account_link_hash(bytes, end->hash) != ERR_OK)
			return "a link that it carries cannot be hashed";
		if (end->number == 1 &&
		    !span_equal(SPAN_ARRAY(end->hash), fingerprint))
			return "links that it carries are of another account";
	}
	return NULL;
}

/* The log up to `from`, which `base` has, and what was carried behind it. */
static struct check_verdict extend(struct known_account *entry,
				   const struct known *base,
				   const struct account_place *from,
				   struct span carried)
{
	struct known known = { .grown = true };
	struct check_verdict verdict = good();
	enum err e;

	if (from->number > 0)
		buf_put(&known.links, known_first(base, from->number));
	TRY(buf_end(&known.links));
	if (known.links.n > 0 && known.links.n == base->links.n)
		TRY(account_log_copy(base->log, &known.log));
	else
		TRY(known_load(buf_span(&known.links), &known.log));
	verdict = account_log_add_all(known.log, carried);
	if (verdict.wrong != NULL)
		goto out;
	buf_put(&known.links, carried);
	TRY(buf_end(&known.links));
	TRY(known_account_take(entry, &known));
out:
	known_clear(&known);
	return verdict.wrong != NULL ? verdict : failed(e);
}

/* Nothing was carried. */
static struct check_verdict look_up(struct known_account *entry,
				    const struct account_place *from,
				    const struct account_place *to)
{
	const struct known *known = known_account_find(entry, to);

	if (known == NULL)
		return accounts_lack(entry, to);
	if (from->number > 0 && !known_has(known, from))
		return wrong("an account's place is moved to another branch");
	return good();
}

/* `last`: where it leads. */
static struct check_verdict reach(struct known_account *entry,
				  const struct place *from, struct span carried,
				  const struct place *to,
				  struct account_place *last)
{
	struct account_place begin = place_of(from), end = place_of(to);
	const struct known *base;
	const char *why;

	/* the last links of a log that is longer than what a commit carries */
	if (from->number == 0 && to->number == 0 && !begins_at(carried, &begin))
		return wrong("links that it carries cannot be read");
	*last = begin;
	why = check_chain(SPAN_ARRAY(entry->fingerprint), carried, last);
	if (why != NULL)
		return wrong(why);
	if (carried.n == 0) {
		*last = end;
		return look_up(entry, &begin, &end);
	}
	if (to->number > 0 &&
	    (last->number != end.number ||
	     !span_equal(SPAN_ARRAY(last->hash), SPAN_ARRAY(end.hash))))
		return wrong("links that it carries do not lead to the "
			     "account's place");
	if (known_account_find(entry, last) != NULL)
		return good();
	base = begin.number > 0 ? known_account_find(entry, &begin) : NULL;
	if (begin.number > 0 && base == NULL)
		return accounts_lack(entry, &begin);
	return extend(entry, base, &begin, carried);
}

struct check_verdict check_accounts_reach(struct check_accounts *accounts,
					  const struct place *from,
					  struct span carried, struct place *to,
					  const struct account_log **log)
{
	struct account_place last;
	struct check_verdict verdict;
	struct known_account *entry;
	enum err e = accounts_get(accounts, to->fingerprint, &entry);

	if (e != ERR_OK)
		return failed(e);
	if (to->number == 0 && carried.n == 0)
		return wrong("it does not carry the links of its account");
	verdict = reach(entry, from, carried, to, &last);
	if (verdict.wrong != NULL)
		return verdict;
	*log = known_account_find(entry, &last)->log;
	if (to->number == 0) {
		to->number = last.number;
		to->hash = account_log_hash(*log, to->number);
	}
	return verdict;
}

/* ---- branches ---- */

struct check_verdict check_accounts_part(struct check_accounts *accounts,
					 const struct place *at,
					 struct span carried,
					 struct account_place *end,
					 bool *counts)
{
	struct account_place place = place_of(at), begin;
	enum account_order order = ACCOUNT_SAME;
	struct check_verdict verdict;
	struct known_account *entry;
	const struct known *base;
	const char *why;
	enum err e = accounts_get(accounts, at->fingerprint, &entry);

	if (e != ERR_OK)
		return failed(e);
	base = known_account_find(entry, &place);
	if (base == NULL)
		return accounts_lack(entry, &place);
	if (!begins_at(carried, &begin) || begin.number >= at->number ||
	    !known_parts(base, carried, &begin))
		return wrong("links that it carries do not part from the "
			     "account's log");
	*end = begin;
	why = check_chain(at->fingerprint, carried, end);
	if (why != NULL)
		return wrong(why);
	verdict = known_order(base, begin.number, at->number, carried, &order);
	if (verdict.wrong != NULL)
		return verdict;
	if (order != ACCOUNT_SECOND && order != ACCOUNT_FORK)
		return wrong("it carries a branch of an account's log that "
			     "does not count");
	*counts = order == ACCOUNT_SECOND;
	return known_account_find(entry, end) != NULL
		   ? good()
		   : extend(entry, base, &begin, carried);
}

enum err check_accounts_parting(struct check_accounts *accounts,
				const struct place *at,
				struct known_parting *parting)
{
	struct account_place place = place_of(at);
	struct known_account *entry;
	enum err e;

	TRY(accounts_get(accounts, at->fingerprint, &entry));
	TRY(known_account_parting(entry, &place, PLACES_LINKS_MAX, parting));
out:
	return e;
}

/* ---- what a commit carries, and the logs that count ---- */

const char check_accounts_lost[] =
    "an account's log that stands here counts before the links that it carries";
const char check_accounts_contradicted[] =
    "an account's log that stands here contradicts the links that it carries";

/* Where they lead. */
static enum err find_end(struct span links, struct account_place *end)
{
	struct rd r = rd_init(links);
	struct span last = SPAN_EMPTY;
	struct account_link link;
	enum err e;

	while (rd_left(&r) > 0)
		last = rd_vec(&r);
	TRY(account_link_decode(last, &link));
	end->number = link.number;
	TRY(account_link_hash(last, end->hash));
out:
	return e;
}

static enum err order_of(struct check_accounts *accounts,
			 const struct carried *carried,
			 enum account_order *order)
{
	struct account_place end;
	struct known_account *entry;
	const struct known *known;
	enum err e;

	TRY(accounts_get(accounts, carried->fingerprint, &entry));
	TRY(find_end(carried->links, &end));
	known = known_account_find(entry, &end);
	ENSURE(known != NULL, ERR_LOCAL_BUG); /* it was judged */
	*order = ACCOUNT_SAME;
	if (known != &entry->counts)
		TRY(known_compare(&entry->counts, known, order));
out:
	return e;
}

const char *check_accounts_stand(struct check_accounts *accounts,
				 struct span carried,
				 const struct group_places *behind, bool *local)
{
	enum account_order order;
	struct carried one;
	struct place place;

	while (places_next_carried(&carried, &one)) {
		*local = order_of(accounts, &one, &order) != ERR_OK;
		if (*local)
			return "no memory";
		if (order == ACCOUNT_FIRST)
			return check_accounts_lost;
		if (order == ACCOUNT_FORK &&
		    (behind == NULL ||
		     group_places_find(behind, one.fingerprint, &place)))
			return check_accounts_contradicted;
	}
	return NULL;
}
