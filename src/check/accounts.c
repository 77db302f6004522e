#include "check/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"

struct entry {
	uint8_t fingerprint[ACCOUNT_HASH];
	struct account_log *log; /* NULL: nothing is known */
	struct buf links;	 /* of it */
	bool lacks, grown;
};

struct check_accounts {
	struct check_source source;
	struct entry **entries; /* owned, by fingerprint, ascending */
	size_t count, room;
};

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

enum err check_accounts_new(const struct check_source *source,
			    struct check_accounts **accounts)
{
	*accounts = calloc(1, sizeof(**accounts));
	if (*accounts == NULL)
		return ERR_LOCAL_MEMORY;
	if (source != NULL)
		(*accounts)->source = *source;
	return ERR_OK;
}

static void entry_free(struct entry *entry)
{
	if (entry == NULL)
		return;
	account_log_free(entry->log);
	buf_clear(&entry->links);
	free(entry);
}

void check_accounts_free(struct check_accounts *accounts)
{
	if (accounts == NULL)
		return;
	for (size_t i = 0; i < accounts->count; i++)
		entry_free(accounts->entries[i]);
	free(accounts->entries);
	free(accounts);
}

/* ---- entries ---- */

/* Where the account stands, or would. */
static size_t find_slot(const struct check_accounts *accounts,
			struct span fingerprint, bool *there)
{
	size_t low = 0, high = accounts->count;

	*there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = span_compare(
		    SPAN_ARRAY(accounts->entries[middle]->fingerprint),
		    fingerprint);

		if (order == 0) {
			*there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum err make_room(struct check_accounts *accounts)
{
	size_t room = accounts->room == 0 ? 8 : 2 * accounts->room;
	struct entry **grown;

	if (accounts->count < accounts->room)
		return ERR_OK;
	grown = realloc(accounts->entries, room * sizeof(struct entry *));
	if (grown == NULL)
		return ERR_LOCAL_MEMORY;
	accounts->entries = grown;
	accounts->room = room;
	return ERR_OK;
}

/* The log of links that were verified before. */
static enum err load(struct span links, struct account_log **log)
{
	struct account_log *loaded = NULL;
	struct check_verdict verdict;
	enum err e;

	TRY(account_log_new(&loaded));
	verdict = account_log_load(loaded, links);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL, ERR_PEER_MALFORMED);
	*log = loaded;
	loaded = NULL;
out:
	account_log_free(loaded);
	return e;
}

static enum err ask_source(const struct check_accounts *accounts,
			   struct entry *entry)
{
	enum err e;

	if (accounts->source.links == NULL)
		return ERR_OK;
	TRY(accounts->source.links(accounts->source.context,
				   SPAN_ARRAY(entry->fingerprint),
				   &entry->links));
	TRY(buf_end(&entry->links));
	if (entry->links.n > 0)
		TRY(load(buf_span(&entry->links), &entry->log));
out:
	return e;
}

static enum err get(struct check_accounts *accounts, struct span fingerprint,
		    struct entry **found)
{
	struct entry *made = NULL;
	bool there;
	size_t slot = find_slot(accounts, fingerprint, &there);
	enum err e;

	if (there) {
		*found = accounts->entries[slot];
		return ERR_OK;
	}
	made = calloc(1, sizeof(*made));
	ENSURE(made != NULL && fingerprint.n == ACCOUNT_HASH, ERR_LOCAL_MEMORY);
	memcpy(made->fingerprint, fingerprint.p, ACCOUNT_HASH);
	TRY(ask_source(accounts, made));
	TRY(make_room(accounts));
	memmove(&accounts->entries[slot + 1], &accounts->entries[slot],
		(accounts->count - slot) * sizeof(struct entry *));
	accounts->entries[slot] = made;
	accounts->count++;
	*found = made;
	made = NULL;
out:
	entry_free(made);
	return e;
}

/* Takes log and links over. */
static void replace(struct entry *entry, struct account_log **log,
		    struct buf *links)
{
	account_log_free(entry->log);
	buf_clear(&entry->links);
	entry->log = *log;
	entry->links = *links;
	entry->grown = true;
	entry->lacks = false;
	*log = NULL;
	*links = BUF_INIT;
}

enum err check_accounts_find(struct check_accounts *accounts,
			     struct span fingerprint,
			     const struct account_log **log, struct span *links)
{
	struct entry *entry;
	enum err e;

	TRY(get(accounts, fingerprint, &entry));
	*log = entry->log;
	*links = buf_span(&entry->links);
out:
	return e;
}

struct check_verdict check_accounts_add(struct check_accounts *accounts,
					struct span links)
{
	struct account_log *log = NULL;
	struct buf copy = BUF_INIT;
	struct account_place place;
	struct check_verdict verdict;
	struct entry *entry;
	enum err e;

	TRY(account_log_new(&log));
	verdict = account_log_add_all(log, links);
	if (verdict.wrong != NULL || links.n == 0) {
		account_log_free(log);
		return verdict;
	}
	TRY(get(accounts, account_log_fingerprint(log), &entry));
	account_log_place(log, &place);
	if (entry->log != NULL && account_log_has(entry->log, &place))
		goto out;
	buf_put(&copy, links);
	TRY(buf_end(&copy));
	replace(entry, &log, &copy);
out:
	account_log_free(log);
	buf_clear(&copy);
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

/* Carried links lead from one place to the other: by their numbers and hashes,
 * whatever stands in them. `end` is where they end. */
static const char *check_chain(struct span fingerprint,
			       const struct place *from, struct span carried,
			       struct account_place *end)
{
	struct rd r = rd_init(carried);
	struct account_link link;

	*end = place_of(from);
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

/* The first `count` links. */
static struct span prefix(struct span links, uint64_t count)
{
	struct rd r = rd_init(links);

	while (count-- > 0)
		(void)rd_vec(&r);
	return span_of(links.p, links.n - rd_left(&r));
}

static struct check_verdict lack(struct entry *entry)
{
	entry->lacks = true;
	return wrong("the log of an account is not known here up to its "
		     "place");
}

/* The log up to `from`, and what was carried behind it. */
static struct check_verdict extend(struct entry *entry,
				   const struct account_place *from,
				   struct span carried)
{
	struct account_log *log = NULL;
	struct check_verdict verdict = good();
	struct buf links = BUF_INIT;
	enum err e;

	if (from->number > 0)
		buf_put(&links, prefix(buf_span(&entry->links), from->number));
	TRY(buf_end(&links));
	TRY(load(buf_span(&links), &log));
	verdict = account_log_add_all(log, carried);
	if (verdict.wrong == NULL) {
		buf_put(&links, carried);
		TRY(buf_end(&links));
		replace(entry, &log, &links);
	}
out:
	account_log_free(log);
	buf_clear(&links);
	return verdict.wrong != NULL ? verdict : failed(e);
}

/* Nothing was carried. */
static struct check_verdict look_up(struct entry *entry,
				    const struct account_place *from,
				    const struct account_place *to)
{
	if (entry->log == NULL || !account_log_has(entry->log, to))
		return lack(entry);
	if (from->number > 0 && !account_log_has(entry->log, from))
		return wrong("an account's place is moved to another branch");
	return good();
}

static struct check_verdict reach(struct entry *entry, const struct place *from,
				  struct span carried, const struct place *to)
{
	struct account_place begin = place_of(from), end = place_of(to), last;
	const char *why =
	    check_chain(SPAN_ARRAY(entry->fingerprint), from, carried, &last);

	if (why != NULL)
		return wrong(why);
	if (carried.n == 0)
		return look_up(entry, &begin, &end);
	if (to->number > 0 &&
	    (last.number != end.number ||
	     !span_equal(SPAN_ARRAY(last.hash), SPAN_ARRAY(end.hash))))
		return wrong("links that it carries do not lead to the "
			     "account's place");
	if (entry->log != NULL && account_log_has(entry->log, &last))
		return good();
	if (begin.number > 0 &&
	    (entry->log == NULL || !account_log_has(entry->log, &begin)))
		return lack(entry);
	return extend(entry, &begin, carried);
}

struct check_verdict check_accounts_reach(struct check_accounts *accounts,
					  const struct place *from,
					  struct span carried, struct place *to,
					  const struct account_log **log)
{
	struct check_verdict verdict;
	struct entry *entry;
	enum err e = get(accounts, to->fingerprint, &entry);

	if (e != ERR_OK)
		return failed(e);
	if (to->number == 0 && carried.n == 0)
		return wrong("it does not carry the links of its account");
	verdict = reach(entry, from, carried, to);
	if (verdict.wrong != NULL)
		return verdict;
	*log = entry->log;
	if (to->number == 0) {
		struct rd r = rd_init(carried);

		for (; rd_left(&r) > 0; to->number++)
			(void)rd_vec(&r);
		to->hash = account_log_hash(entry->log, to->number);
	}
	return verdict;
}

/* ---- what is lacking, what has grown ---- */

bool check_accounts_lacks(const struct check_accounts *accounts,
			  size_t *position, struct span *fingerprint)
{
	for (; *position < accounts->count; ++*position)
		if (accounts->entries[*position]->lacks) {
			*fingerprint = SPAN_ARRAY(
			    accounts->entries[*position]->fingerprint);
			++*position;
			return true;
		}
	return false;
}

const char *check_accounts_lack(struct check_accounts *accounts,
				struct span fingerprint)
{
	struct entry *entry;

	return get(accounts, fingerprint, &entry) == ERR_OK ? lack(entry).wrong
							    : "no memory";
}

void check_accounts_forget_lacks(struct check_accounts *accounts)
{
	for (size_t i = 0; i < accounts->count; i++)
		accounts->entries[i]->lacks = false;
}

bool check_accounts_grown(const struct check_accounts *accounts,
			  size_t *position, struct span *fingerprint,
			  struct span *links)
{
	for (; *position < accounts->count; ++*position) {
		const struct entry *entry = accounts->entries[*position];

		if (!entry->grown)
			continue;
		*fingerprint = SPAN_ARRAY(entry->fingerprint);
		*links = buf_span(&entry->links);
		++*position;
		return true;
	}
	return false;
}

void check_accounts_kept(struct check_accounts *accounts)
{
	for (size_t i = 0; i < accounts->count; i++)
		accounts->entries[i]->grown = false;
}

static void forget(struct check_accounts *accounts, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < accounts->count; i++) {
		if (all || accounts->entries[i]->grown)
			entry_free(accounts->entries[i]);
		else
			accounts->entries[kept++] = accounts->entries[i];
	}
	accounts->count = kept;
}

void check_accounts_undo(struct check_accounts *accounts)
{
	forget(accounts, false);
}

void check_accounts_reset(struct check_accounts *accounts)
{
	forget(accounts, true);
}
