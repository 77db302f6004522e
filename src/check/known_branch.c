/* Logs of one account that part, of known.h. */
#include "base/rd.h"
#include "check/known.h"

struct span known_first(const struct known *known, uint64_t count)
{
	struct span all = buf_span(&known->links);

	return span_of(all.p, all.n - account_links_behind(all, count).n);
}

bool known_parts(const struct known *known, struct span links,
		 const struct account_place *begin)
{
	struct account_place next = { .number = begin->number + 1 };
	struct rd r = rd_init(links);

	return begin->number > 0 && known_has(known, begin) &&
	       account_link_hash(rd_vec(&r), next.hash) == ERR_OK &&
	       !known_has(known, &next);
}

struct check_verdict known_order(const struct known *known, uint64_t begin,
				 uint64_t end, struct span links,
				 enum account_order *order)
{
	struct span shared = known_first(known, begin);
	struct span all = known_first(known, end);
	struct check_verdict verdict = { "no memory", false, true };
	struct account_log *common;

	if (known_load(shared, &common) != ERR_OK)
		return verdict;
	verdict = account_log_compare(
	    common, span_of(all.p + shared.n, all.n - shared.n), links, order);
	account_log_free(common);
	return verdict;
}

/* Links of `other` behind the first `common`, as many as fit. */
static void measure(const struct known *other, uint64_t common, size_t most,
		    struct known_parting *parting)
{
	struct span all = account_links_behind(buf_span(&other->links), common);
	struct rd r = rd_init(all);
	size_t n = 0;

	parting->end.number = common;
	while (rd_left(&r) > 0) {
		(void)rd_vec(&r);
		if (all.n - rd_left(&r) > most)
			break;
		n = all.n - rd_left(&r);
		parting->end.number++;
	}
	parting->links = span_of(all.p, n);
	(void)span_copy(parting->end.hash,
			account_log_hash(other->log, parting->end.number));
}

static enum err order(const struct known *known, uint64_t begin, uint64_t end,
		      struct span links, enum account_order *which)
{
	/* all of them are good */
	return known_order(known, begin, end, links, which).wrong == NULL
		   ? ERR_OK
		   : ERR_LOCAL_MEMORY;
}

/* A place goes over to the log that counts, and not to another branch: from there it would
 * have to go on. Where that log has the place, only a fork with all of it is one. */
static enum err look_at(const struct known_account *account,
			const struct known *base,
			const struct account_place *place,
			const struct known *other, size_t most,
			struct known_parting *parting)
{
	enum account_order at = ACCOUNT_SAME, end = ACCOUNT_FORK;
	uint64_t common = account_links_shared(buf_span(&base->links),
					       buf_span(&other->links));
	bool settled = base == &account->counts;
	struct account_place last;
	enum err e = ERR_OK;

	account_log_place(base->log, &last);
	measure(other, common, most, parting);
	if (parting->links.n == 0)
		return ERR_OK;
	TRY(order(base, common, place->number, parting->links, &at));
	if (settled)
		TRY(order(base, common, last.number, parting->links, &end));
	parting->counts = at == ACCOUNT_SECOND && other == &account->counts;
	if (!parting->counts && (at != ACCOUNT_FORK || end != ACCOUNT_FORK))
		parting->links = SPAN_EMPTY;
out:
	return e;
}

enum err known_account_parting(struct known_account *account,
			       const struct account_place *place, size_t most,
			       struct known_parting *parting)
{
	const struct known *base = known_account_find(account, place), *other;
	struct known_parting one;
	enum err e = ERR_OK;

	*parting = (struct known_parting){ .links = SPAN_EMPTY };
	for (size_t k = 0; base != NULL && k <= account->branch_count; k++) {
		other = known_account_at(account, k);
		if (other->log == NULL || known_has(other, place))
			continue;
		one = (struct known_parting){ .links = SPAN_EMPTY };
		TRY(look_at(account, base, place, other, most, &one));
		if (one.links.n > 0 && (one.counts || parting->links.n == 0))
			*parting = one;
		if (parting->counts)
			break;
	}
out:
	return e;
}
