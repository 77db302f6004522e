/* Which of two logs counts, where they part. */
#include "check/account_state.h"

#include <string.h>

/* One that goes on from where they part. */
struct branch {
	struct account_log *log; /* to its end */
	struct rd links;
	struct span first; /* its first link */
	uint64_t signer;   /* whose it is */
	uint8_t hash[ACCOUNT_HASH];
	bool recovery;	/* the recovery key of the parting signed one */
	bool withdrawn; /* the other one's first link, by its signer */
	bool removed;	/* the device that began the other one */
	bool disowned;	/* it removes the device that began it */
};

static bool withdraws(const struct account_link *link,
		      const struct branch *other)
{
	struct span rest = link->withdrawn, hash;

	while (account_link_next_hash(&rest, &hash))
		if (link->signer == other->signer &&
		    span_equal(hash, SPAN_ARRAY(other->hash)))
			return true;
	return false;
}

static bool removes(const struct account_link *link, const struct branch *other)
{
	struct span rest = link->removed;
	uint64_t number;

	while (account_link_next_device(&rest, &number))
		if (number == other->signer)
			return true;
	return false;
}

/* The branch to its end. `recovery`: the key where it began. */
static struct check_verdict follow(struct branch *b, const struct branch *other,
				   uint32_t recovery)
{
	struct check_verdict verdict = { NULL, false, false };
	struct rd r = b->links;
	struct span bytes = b->first;
	struct account_link link;

	for (;; bytes = rd_vec(&r)) {
		bool stands = recovery != 0 && b->log->recovery == recovery;

		verdict = account_log_add(b->log, bytes);
		if (verdict.wrong != NULL)
			return verdict;
		if (account_link_decode(bytes, &link) != ERR_OK)
			break; /* it was decoded */
		if (stands && link.signer == ACCOUNT_RECOVERY_SIGNER)
			b->recovery = true;
		b->withdrawn |= withdraws(&link, other);
		b->removed |= removes(&link, other);
		b->disowned |= removes(&link, b);
		if (rd_left(&r) == 0)
			break;
	}
	return verdict;
}

/* A device that the other branch removes withdraws nothing in it any more:
 * otherwise it would undo its removal by withdrawing an older link of its own. */
static bool withdrew(const struct branch *b, const struct branch *other)
{
	return b->withdrawn && !other->disowned;
}

static enum account_order decide(const struct branch *first,
				 const struct branch *second)
{
	bool one = withdrew(first, second), two = withdrew(second, first);

	if (first->recovery != second->recovery)
		return first->recovery ? ACCOUNT_FIRST : ACCOUNT_SECOND;
	if (one != two)
		return one ? ACCOUNT_FIRST : ACCOUNT_SECOND;
	if (first->removed != second->removed)
		return first->removed ? ACCOUNT_FIRST : ACCOUNT_SECOND;
	return ACCOUNT_FORK;
}

static enum err begin_branch(struct branch *b, const struct account_log *from)
{
	struct account_link link;
	enum err e;

	TRY(account_log_copy(from, &b->log));
	TRY(account_link_hash(b->first, b->hash));
	/* one that does not decode is refused when it is followed */
	if (account_link_decode(b->first, &link) == ERR_OK)
		b->signer = link.signer;
out:
	return e;
}

static struct check_verdict part(const struct account_log *common,
				 struct branch *first, struct branch *second,
				 enum account_order *order)
{
	struct check_verdict verdict = { "it was not judged", false, true };

	if (begin_branch(first, common) != ERR_OK ||
	    begin_branch(second, common) != ERR_OK)
		return verdict;
	verdict = follow(first, second, common->recovery);
	if (verdict.wrong == NULL)
		verdict = follow(second, first, common->recovery);
	if (verdict.wrong == NULL)
		*order =
		    common->count == 0 ? ACCOUNT_OTHERS : decide(first, second);
	return verdict;
}

/* What both have; then `first` and `second` begin where they part. */
static struct check_verdict share(struct account_log *common,
				  struct branch *first, struct branch *second,
				  bool *parted)
{
	struct check_verdict verdict = { NULL, false, false };

	*parted = false;
	while (rd_left(&first->links) > 0 && rd_left(&second->links) > 0) {
		first->first = rd_vec(&first->links);
		second->first = rd_vec(&second->links);
		if (!span_equal(first->first, second->first)) {
			*parted = true;
			break;
		}
		verdict = account_log_add(common, first->first);
		if (verdict.wrong != NULL)
			break;
	}
	return verdict;
}

static struct check_verdict compare(struct account_log *common,
				    struct branch *first, struct branch *second,
				    enum account_order *order)
{
	struct check_verdict verdict;
	struct rd *rest;
	bool parted;

	verdict = share(common, first, second, &parted);
	if (verdict.wrong != NULL)
		return verdict;
	if (parted)
		return part(common, first, second, order);
	*order = ACCOUNT_SAME;
	if (rd_left(&first->links) > 0)
		*order = ACCOUNT_FIRST_LONGER;
	else if (rd_left(&second->links) > 0)
		*order = ACCOUNT_SECOND_LONGER;
	rest = rd_left(&first->links) > 0 ? &first->links : &second->links;
	return account_log_add_all(common, span_of(rest->p, rest->n));
}

struct check_verdict account_log_compare(const struct account_log *before,
					 struct span first, struct span second,
					 enum account_order *order)
{
	struct check_verdict verdict = { "it was not judged", false, true };
	struct branch a = { .links = rd_init(first) };
	struct branch b = { .links = rd_init(second) };
	struct account_log *common;

	if (account_log_copy(before, &common) == ERR_OK)
		verdict = compare(common, &a, &b, order);
	account_log_free(common);
	account_log_free(a.log);
	account_log_free(b.log);
	return verdict;
}

uint64_t account_links_shared(struct span first, struct span second)
{
	struct rd a = rd_init(first), b = rd_init(second);
	uint64_t count = 0;

	while (rd_left(&a) > 0 && rd_left(&b) > 0 &&
	       span_equal(rd_vec(&a), rd_vec(&b)))
		count++;
	return count;
}

struct span account_links_behind(struct span links, uint64_t count)
{
	struct rd r = rd_init(links);

	for (; count > 0 && rd_left(&r) > 0; count--)
		(void)rd_vec(&r);
	return span_of(r.p, rd_left(&r));
}

bool account_links_have(struct span links, const struct account_place *place)
{
	struct rd r = rd_init(account_links_behind(links, place->number - 1));
	uint8_t hash[ACCOUNT_HASH];

	return rd_left(&r) > 0 &&
	       account_link_hash(rd_vec(&r), hash) == ERR_OK &&
	       memcmp(hash, place->hash, ACCOUNT_HASH) == 0;
}
