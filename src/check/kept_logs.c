#include "check/kept_logs.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "base/siphash.h"
#include "check/known.h"
#include "crypto/rng.h"

enum {
	BUCKETS = 4096,
	MARKS = 16384, /* about 90 bytes each */
	LOADED = 100,  /* links that are loaded while one is verified */
	PARTS_MAX = KNOWN_BRANCHES + 1 /* the last one is the log that counts */
};

/* So far a branch of an account was verified. */
struct mark {
	uint8_t fingerprint[ACCOUNT_HASH];
	int64_t branch;
	struct account_place place; /* number 0: free */
};

struct kept_logs {
	uint8_t key[SIPHASH_KEY];
	size_t room, bytes;
	struct kept_log *buckets[BUCKETS];
	struct kept_log *oldest, *newest;
	struct mark marks[MARKS];
};

/* A branch as the rows show it, whole. */
struct kept_part {
	int64_t branch;
	struct buf links;
	uint64_t verified;	  /* so many of its first ones were before */
	struct account_place end; /* once it is verified */
};

enum err kept_logs_new(size_t bytes, struct kept_logs **kept)
{
	struct kept_logs *made = calloc(1, sizeof(*made));
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(rng_fill(rng_system(), made->key, sizeof(made->key)));
	made->room = bytes;
	*kept = made;
	made = NULL;
out:
	free(made);
	return e;
}

void kept_log_release(struct kept_log *log)
{
	if (log == NULL || --log->holders > 0)
		return;
	account_log_free(log->log);
	buf_clear(&log->links);
	buf_clear(&log->branches);
	free(log);
}

/* ---- by use ---- */

static void unlink_use(struct kept_logs *kept, struct kept_log *log)
{
	if (log->older != NULL)
		log->older->newer = log->newer;
	else
		kept->oldest = log->newer;
	if (log->newer != NULL)
		log->newer->older = log->older;
	else
		kept->newest = log->older;
}

static void link_newest(struct kept_logs *kept, struct kept_log *log)
{
	log->older = kept->newest;
	log->newer = NULL;
	if (kept->newest != NULL)
		kept->newest->newer = log;
	else
		kept->oldest = log;
	kept->newest = log;
}

static size_t size_of(const struct kept_log *log)
{
	return sizeof(*log) + log->links.n + log->branches.n +
	       account_log_bytes(log->log);
}

/* Where the account's log is held, or would be. */
static struct kept_log **slot_of(struct kept_logs *kept,
				 const uint8_t fingerprint[ACCOUNT_HASH])
{
	const struct span text = span_of(fingerprint, ACCOUNT_HASH);
	struct kept_log **slot =
	    &kept->buckets[siphash(kept->key, text) % BUCKETS];

	while (*slot != NULL &&
	       !span_equal(SPAN_ARRAY((*slot)->fingerprint), text))
		slot = &(*slot)->next;
	return slot;
}

static void drop(struct kept_logs *kept, struct kept_log *log)
{
	struct kept_log **slot = slot_of(kept, log->fingerprint);

	*slot = log->next;
	unlink_use(kept, log);
	kept->bytes -= size_of(log);
	kept_log_release(log);
}

static void put(struct kept_logs *kept, struct kept_log *log)
{
	struct kept_log **slot = slot_of(kept, log->fingerprint);

	if (*slot == log) {
		unlink_use(kept, log);
		link_newest(kept, log);
		return;
	}
	if (*slot != NULL)
		drop(kept, *slot);
	if (size_of(log) > kept->room)
		return;
	while (kept->bytes + size_of(log) > kept->room)
		drop(kept, kept->oldest);
	slot = slot_of(kept, log->fingerprint);
	log->next = NULL;
	*slot = log;
	log->holders++;
	link_newest(kept, log);
	kept->bytes += size_of(log);
}

void kept_logs_free(struct kept_logs *kept)
{
	while (kept != NULL && kept->oldest != NULL)
		drop(kept, kept->oldest);
	free(kept);
}

size_t kept_logs_bytes(const struct kept_logs *kept)
{
	return kept->bytes;
}

/* ---- up to where ---- */

static size_t mark_of(const struct kept_logs *kept,
		      const struct kept_reading *reading, int64_t branch)
{
	uint8_t text[ACCOUNT_HASH + sizeof(branch)];

	memcpy(text, reading->fingerprint, ACCOUNT_HASH);
	memcpy(text + ACCOUNT_HASH, &branch, sizeof(branch));
	return siphash(kept->key, SPAN_ARRAY(text)) % MARKS;
}

static void mark(struct kept_logs *kept, const struct kept_reading *reading,
		 const struct account_place *place, int64_t branch)
{
	struct mark *m = &kept->marks[mark_of(kept, reading, branch)];

	memcpy(m->fingerprint, reading->fingerprint, ACCOUNT_HASH);
	m->branch = branch;
	m->place = *place;
}

bool kept_log_has(const struct kept_log *log, const struct account_place *place)
{
	struct rd r = rd_init(buf_span(&log->branches));
	bool has = account_log_has(log->log, place);

	while (!has && rd_left(&r) > 0)
		has = account_links_have(rd_vec(&r), place);
	return has;
}

/* How many first links of a branch are those that were verified: a hash commits to all
 * links before it. */
static uint64_t count_verified(const struct kept_logs *kept,
			       const struct kept_reading *reading,
			       const struct kept_part *part)
{
	const struct mark *m =
	    &kept->marks[mark_of(kept, reading, part->branch)];

	if (m->place.number == 0 || m->branch != part->branch ||
	    memcmp(m->fingerprint, reading->fingerprint, ACCOUNT_HASH) != 0)
		return 0;
	return account_links_have(buf_span(&part->links), &m->place)
		   ? m->place.number
		   : 0;
}

/* ---- reading ---- */

/* What is kept is of no use. */
static bool is_beside(const struct kept_log *log,
		      const struct account_place *wanted, bool whole)
{
	struct account_place end;

	account_log_place(log->log, &end);
	return wanted->number > 0 && (whole || wanted->number <= end.number) &&
	       !kept_log_has(log, wanted);
}

void kept_reading_begin(struct kept_reading *reading, struct kept_logs *kept,
			struct span fingerprint,
			const struct account_place *wanted, bool whole)
{
	*reading = (struct kept_reading){ .failed = ERR_OK, .wanted = *wanted };
	(void)span_copy(reading->fingerprint, fingerprint);
	reading->from = *slot_of(kept, reading->fingerprint);
	if (reading->from == NULL)
		return;
	if (is_beside(reading->from, wanted, whole)) {
		reading->from = NULL;
		return;
	}
	reading->from->holders++;
	account_log_place(reading->from->log, &reading->place);
}

void kept_reading_clear(struct kept_reading *reading)
{
	kept_log_release(reading->from);
	buf_clear(&reading->links);
	for (size_t i = 0; i < reading->count; i++)
		buf_clear(&reading->parts[i].links);
	free(reading->parts);
	account_log_free(reading->log);
	*reading = (struct kept_reading){ .failed = ERR_OK };
}

/* The first row: the last one that is kept, or the first of all. */
static enum err take_first(struct kept_reading *reading, int64_t branch,
			   int64_t number, struct span link)
{
	uint8_t hash[ACCOUNT_HASH];
	enum err e;

	reading->begun = true;
	reading->branch = branch;
	if (number == 1) { /* there may be branches: a log of one link, too */
		buf_put_vec(&reading->links, link);
		return reading->links.fail;
	}
	TRY(account_link_hash(link, hash));
	ENSURE(reading->from != NULL && branch == reading->from->branch &&
		   (uint64_t)number == reading->place.number &&
		   memcmp(hash, reading->place.hash, ACCOUNT_HASH) == 0,
	       ERR_PEER_INVALID);
	reading->goes_on = true;
out:
	return e;
}

static bool has_wanted(const struct kept_reading *reading, struct span links)
{
	return reading->wanted.number > 0 &&
	       account_links_have(links, &reading->wanted);
}

/* The oldest part makes room, or the one behind it where the oldest is wanted: who judges by
 * the log has room for KNOWN_BRANCHES parts beside the one that counts (check/known.h). */
static void drop_oldest(struct kept_reading *reading)
{
	size_t at = has_wanted(reading, buf_span(&reading->parts[0].links));

	buf_clear(&reading->parts[at].links);
	reading->count--;
	memmove(&reading->parts[at], &reading->parts[at + 1],
		(reading->count - at) * sizeof(*reading->parts));
}

/* What is kept is a part, with what came behind it: a branch takes its place. */
static enum err put_kept(struct kept_reading *reading)
{
	struct buf whole = BUF_INIT;
	enum err e;

	buf_put(&whole, buf_span(&reading->from->links));
	buf_put(&whole, buf_span(&reading->links));
	TRY(buf_end(&whole));
	buf_clear(&reading->links);
	reading->links = whole;
	reading->verified = reading->place.number;
out:
	return e;
}

/* What was read is a part, whole. */
static enum err end_part(struct kept_reading *reading)
{
	struct kept_part *part;
	enum err e = ERR_OK;

	if (reading->parts == NULL)
		reading->parts = calloc(PARTS_MAX, sizeof(*reading->parts));
	ENSURE(reading->parts != NULL, ERR_LOCAL_MEMORY);
	if (reading->count == PARTS_MAX)
		drop_oldest(reading);
	part = &reading->parts[reading->count];
	*part = (struct kept_part){ .branch = reading->branch,
				    .verified = reading->verified };
	reading->verified = 0;
	buf_put(&part->links, buf_span(&reading->links));
	reading->count++;
	TRY(buf_end(&part->links));
out:
	return e;
}

/* What is kept goes on, and no branch came. */
static bool goes_on_only(const struct kept_reading *reading)
{
	return reading->goes_on && reading->count == 0;
}

enum err kept_reading_row(struct kept_reading *reading, int64_t branch,
			  int64_t number, struct span link)
{
	struct span links;
	enum err e;

	ENSURE(number > 0 && number <= ACCOUNT_LINKS_MAX, ERR_PEER_INVALID);
	if (!reading->begun)
		return take_first(reading, branch, number, link);
	if (branch != reading->branch) {
		if (goes_on_only(reading))
			TRY(put_kept(reading));
		TRY(end_part(reading));
		links = buf_span(&reading->links);
		reading->links.n -=
		    account_links_behind(links, (uint64_t)number - 1).n;
		reading->branch = branch;
	}
	buf_put_vec(&reading->links, link);
	e = reading->links.fail;
out:
	return e;
}

enum err kept_reading_close(struct kept_reading *reading,
			    const struct kept_logs *kept)
{
	enum err e = ERR_OK;

	if (!reading->begun || goes_on_only(reading))
		return ERR_OK;
	TRY(end_part(reading));
	for (size_t i = 0; i < reading->count; i++) {
		struct kept_part *part = &reading->parts[i];
		uint64_t shared = 0;

		if (part->verified == 0)
			part->verified = count_verified(kept, reading, part);
		if (i > 0)
			shared = account_links_shared(
			    buf_span(&reading->parts[i - 1].links),
			    buf_span(&part->links));
		if (part->verified < shared)
			part->verified = shared;
	}
out:
	return e;
}

static size_t count_links(struct span links)
{
	struct rd r = rd_init(links);
	size_t count = 0;

	for (; rd_left(&r) > 0; count++)
		(void)rd_vec(&r);
	return count;
}

size_t kept_reading_work(const struct kept_reading *reading)
{
	size_t work =
	    goes_on_only(reading) ? count_links(buf_span(&reading->links)) : 0;

	for (size_t i = 0; i < reading->count; i++) {
		const struct kept_part *part = &reading->parts[i];

		work += count_links(buf_span(&part->links)) -
			(size_t)part->verified +
			(size_t)part->verified / LOADED;
	}
	return work;
}

static enum err err_of(struct check_verdict verdict)
{
	if (verdict.local)
		return ERR_LOCAL_MEMORY;
	return verdict.wrong == NULL ? ERR_OK : ERR_PEER_INVALID;
}

static enum err verify_part(struct kept_reading *reading,
			    struct kept_part *part)
{
	const struct span links = buf_span(&part->links);
	const struct span rest = account_links_behind(links, part->verified);
	enum err e;

	account_log_free(reading->log);
	reading->log = NULL;
	TRY(account_log_new(&reading->log));
	TRY(err_of(account_log_load(reading->log,
				    span_of(links.p, links.n - rest.n))));
	TRY(err_of(account_log_add_all(reading->log, rest)));
	ENSURE(span_equal(account_log_fingerprint(reading->log),
			  SPAN_ARRAY(reading->fingerprint)),
	       ERR_PEER_INVALID);
	account_log_place(reading->log, &part->end);
out:
	return e;
}

static enum err verify(struct kept_reading *reading)
{
	enum err e = ERR_OK;

	if (goes_on_only(reading) && reading->links.n > 0) {
		TRY(account_log_copy(reading->from->log, &reading->log));
		TRY(err_of(account_log_add_all(reading->log,
					       buf_span(&reading->links))));
	}
	for (size_t i = 0; i < reading->count; i++)
		TRY(verify_part(reading, &reading->parts[i]));
out:
	return e;
}

void kept_reading_verify(struct kept_reading *reading)
{
	reading->failed = verify(reading);
}

/* ---- what was verified ---- */

/* The branches of before, but the oldest where there would be too many and they are not
 * wanted, then those that came. */
static void put_branches(const struct kept_reading *reading, struct buf *out)
{
	const size_t came = reading->count > 0 ? reading->count - 1 : 0;
	struct span before =
	    reading->goes_on ? buf_span(&reading->from->branches) : SPAN_EMPTY;
	size_t all = count_links(before) + came;
	struct rd r = rd_init(before);

	while (rd_left(&r) > 0) {
		struct span links = rd_vec(&r);

		if (all > KNOWN_BRANCHES && !has_wanted(reading, links))
			all--;
		else
			buf_put_vec(out, links);
	}
	for (size_t i = 0; i < came; i++)
		buf_put_vec(out, buf_span(&reading->parts[i].links));
}

static enum err make(struct kept_reading *reading, struct kept_log **log)
{
	struct kept_log *made = calloc(1, sizeof(*made));
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	*made = (struct kept_log){ .holders = 1, .branch = reading->branch };
	memcpy(made->fingerprint, reading->fingerprint, ACCOUNT_HASH);
	if (goes_on_only(reading))
		buf_put(&made->links, buf_span(&reading->from->links));
	buf_put(&made->links, buf_span(&reading->links));
	put_branches(reading, &made->branches);
	TRY(buf_end(&made->links));
	TRY(buf_end(&made->branches));
	made->log = reading->log;
	reading->log = NULL;
	*log = made;
	made = NULL;
out:
	kept_log_release(made);
	return e;
}

enum err kept_reading_end(struct kept_reading *reading, struct kept_logs *kept,
			  struct kept_log **log)
{
	struct account_place end;
	enum err e;

	*log = NULL;
	TRY(reading->failed);
	if (!reading->begun)
		goto out;
	for (size_t i = 0; i < reading->count; i++)
		mark(kept, reading, &reading->parts[i].end,
		     reading->parts[i].branch);
	if (reading->log == NULL) { /* nothing came behind it */
		reading->from->holders++;
		*log = reading->from;
	} else {
		TRY(make(reading, log));
	}
	account_log_place((*log)->log, &end);
	mark(kept, reading, &end, reading->branch);
	put(kept, *log);
out:
	kept_reading_clear(reading);
	return e;
}
