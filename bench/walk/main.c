/*
 * What a walk costs: a log of a session with many members, made by real
 * groups, and then followed without their keys (check/walk.h), its chain of
 * heads included.
 *
 *   bench-walk [SUITE [MEMBERS [COMMITS [ENTRIES]]]]
 *
 * SUITE as in RFC 9420, 3 if left out; 300 members, 500 commits, 10,000
 * entries. Four members commit and follow, by turns: new keys, and each fourth
 * time somebody is exchanged for another.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "check/walk.h"
#include "crypto/sign.h"
#include "mls/group.h"
#include "session/chain.h"

enum { ACTIVE = 4, ENVELOPE = 640 };

static const uint8_t session_id[16] = "a session's id.";
static uint16_t suites[] = { 1, 2, 3, 4, 5, 6, 7, 0xF7F1 };

static void must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, err_text(e));
	exit(1);
}

static void accept(struct check_verdict verdict, const char *what)
{
	if (verdict.wrong == NULL)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, verdict.wrong);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* ---- people ---- */

struct person {
	struct mls_identity me;
	char name[32];
	struct sec private_key;
	struct buf public_key, key_package;
	struct mls_key_package_secrets secrets;
	struct mls_group *group; /* of an active one */
};

static void person_init(struct person *p, const struct suite *suite,
			unsigned number)
{
	*p = (struct person){ .group = NULL };
	(void)snprintf(p->name, sizeof(p->name), "user%u/1", number);
	must(
	    sign_generate(suite, rng_system(), &p->private_key, &p->public_key),
	    "a signature key");
	p->me = (struct mls_identity){
		.suite = suite,
		.rng = rng_system(),
		.now = 1750000000,
		.lifetime = 90 * 24 * 3600,
		.credential_identity = span_str(p->name),
		.signature_private = sec_span(&p->private_key),
		.signature_public = buf_span(&p->public_key),
		.cipher_suites = suites,
		.cipher_suite_count = sizeof(suites) / sizeof(*suites),
	};
	must(
	    mls_key_package_create(&p->me, false, &p->secrets, &p->key_package),
	    "a KeyPackage");
}

static void person_clear(struct person *p)
{
	mls_group_free(p->group);
	mls_key_package_secrets_clear(&p->secrets);
	sec_clear(&p->private_key);
	buf_clear(&p->public_key);
	buf_clear(&p->key_package);
}

/* ---- the log ---- */

struct log {
	const struct suite *suite;
	unsigned members, count;
	struct buf first, last; /* GroupInfo */
	struct buf *commits;
	struct person active[ACTIVE];
};

static void follow(struct log *log, const struct person *by, struct span commit)
{
	for (int i = 0; i < ACTIVE; i++) {
		struct person *p = &log->active[i];
		struct mls_event event;

		if (p->group == NULL)
			continue;
		if (p != by) {
			must(mls_group_process(p->group, p->me.now, commit,
					       &event),
			     "to follow");
			mls_event_clear(&event);
		}
		must(mls_group_merge(p->group), "to merge");
		mls_group_forget_past(p->group);
	}
}

/* All members at once; the active ones join by the Welcome. */
static void begin(struct log *log)
{
	struct person *rest = calloc(log->members, sizeof(*rest));
	struct span *adds = calloc(log->members, sizeof(*adds));
	struct mls_change change = { .force_path = true };
	struct mls_commit made;

	if (rest == NULL || adds == NULL)
		must(ERR_LOCAL_MEMORY, "members");
	for (unsigned i = 1; i < log->members; i++) {
		struct person *p = i < ACTIVE ? &log->active[i] : &rest[i];

		if (i >= ACTIVE)
			person_init(p, log->suite, i);
		adds[change.add_count++] = buf_span(&p->key_package);
	}
	change.adds = adds;
	must(mls_group_create(&log->active[0].me, SPAN_ARRAY(session_id),
			      SPAN_EMPTY, &log->active[0].group),
	     "a group");
	must(mls_group_commit(log->active[0].group, &log->active[0].me, &change,
			      &made),
	     "members");
	must(mls_group_merge(log->active[0].group), "to merge");
	for (int i = 1; i < ACTIVE; i++)
		must(mls_group_join(
			 &log->active[i].me, buf_span(&made.welcome),
			 SPAN_EMPTY, buf_span(&log->active[i].key_package),
			 &log->active[i].secrets, &log->active[i].group),
		     "to join");
	log->first = made.group_info;
	made.group_info = BUF_INIT;
	mls_commit_clear(&made);
	for (unsigned i = ACTIVE; i < log->members; i++)
		person_clear(&rest[i]);
	free(rest);
	free(adds);
}

static void commit(struct log *log, unsigned i)
{
	struct person *by = &log->active[i % ACTIVE], other;
	uint32_t leaf = ACTIVE + i % (log->members - ACTIVE);
	struct mls_change change = { .force_path = true };
	struct mls_commit made;
	struct span add;

	person_init(&other, log->suite, log->members + i);
	add = buf_span(&other.key_package);
	if (i % 4 == 3) {
		change.adds = &add;
		change.add_count = 1;
		change.removes = &leaf;
		change.remove_count = 1;
	}
	must(mls_group_commit(by->group, &by->me, &change, &made), "to commit");
	follow(log, by, buf_span(&made.commit));
	log->commits[i] = made.commit;
	made.commit = BUF_INIT;
	buf_clear(&log->last);
	log->last = made.group_info;
	made.group_info = BUF_INIT;
	mls_commit_clear(&made);
	person_clear(&other);
}

static void log_make(struct log *log)
{
	log->commits = calloc(log->count, sizeof(*log->commits));
	if (log->commits == NULL || log->members <= ACTIVE)
		must(ERR_LOCAL_MEMORY, "a log");
	for (unsigned i = 0; i < ACTIVE; i++)
		person_init(&log->active[i], log->suite, i);
	begin(log);
	for (unsigned i = 0; i < log->count; i++)
		commit(log, i);
}

static void log_clear(struct log *log)
{
	for (unsigned i = 0; i < log->count; i++)
		buf_clear(&log->commits[i]);
	for (int i = 0; i < ACTIVE; i++)
		person_clear(&log->active[i]);
	free(log->commits);
	buf_clear(&log->first);
	buf_clear(&log->last);
}

/* ---- the walk ---- */

static void put_head(struct chain *chain, enum chain_kind kind,
		     struct span bytes)
{
	uint8_t head[CHAIN_HEAD];

	must(chain_next(chain, kind, bytes, head), "a head");
	must(chain_check_next(chain, kind, bytes, head), "a head");
	chain_advance(chain, head);
}

static void walk_log(const struct log *log, unsigned entries)
{
	static uint8_t envelope[ENVELOPE];
	size_t before = in_use(), most = 0;
	struct check_walk *walk = NULL;
	struct chain chain;
	double start = now(), began, ended;
	unsigned done = 0;

	accept(check_walk_from_info(buf_span(&log->first), CHECK_UNSEEN, &walk),
	       "the first GroupInfo");
	began = now();
	must(chain_start(&chain, SPAN_ARRAY(session_id)), "a chain");
	for (unsigned i = 0; i < entries; i++) {
		unsigned due =
		    (unsigned)((uint64_t)(i + 1) * log->count / entries);

		if (done == due) {
			put_head(&chain, CHAIN_APPLICATION,
				 SPAN_ARRAY(envelope));
			continue;
		}
		put_head(&chain, CHAIN_COMMIT, buf_span(&log->commits[done]));
		accept(check_walk_commit(walk, buf_span(&log->commits[done])),
		       "a commit");
		done++;
		if (in_use() - before > most)
			most = in_use() - before;
	}
	accept(check_walk_matches(walk, buf_span(&log->last)),
	       "the last GroupInfo");
	ended = now();
	(void)printf("%s: %u members, %u entries, %u of them commits\n"
		     "  the first GroupInfo  %8.1f ms\n"
		     "  the walk             %8.1f ms, %.0f us a commit\n"
		     "  memory               %8.1f KB\n",
		     log->suite->name, log->members, entries, done,
		     (began - start) * 1e3, (ended - began) * 1e3,
		     (ended - began) * 1e6 / done, (double)most / 1024);
	check_walk_free(walk);
}

static unsigned number(int argc, char **argv, int i, unsigned otherwise)
{
	return argc > i ? (unsigned)strtoul(argv[i], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	struct log log = {
		.suite = suite_by_id((uint16_t)number(argc, argv, 1, 3)),
		.members = number(argc, argv, 2, 300),
		.count = number(argc, argv, 3, 500),
	};
	unsigned entries = number(argc, argv, 4, 10000);

	if (log.suite == NULL || log.members <= ACTIVE || log.count == 0 ||
	    entries < log.count) {
		(void)fprintf(stderr, "bench-walk [SUITE [MEMBERS [COMMITS "
				      "[ENTRIES]]]]\n");
		return 2;
	}
	log_make(&log);
	walk_log(&log, entries);
	log_clear(&log);
	return 0;
}
