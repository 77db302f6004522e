#include "bench/mls/storage.h"

#include <stdio.h>
#include <time.h>

#include "mls/items.h"

struct written {
	size_t items, bytes;
	double time; /* seconds */
};

static enum err put(void *context, struct span key, struct span value)
{
	struct written *written = context;

	written->items++;
	written->bytes += key.n + value.n;
	return ERR_OK;
}

static enum err drop(void *context, struct span prefix)
{
	struct written *written = context;

	written->bytes += prefix.n;
	return ERR_OK;
}

static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct written store(struct world *w)
{
	struct written written = { 0 };
	const struct mls_items items = { put, drop, NULL, &written };
	double start = seconds();

	world_must(mls_group_store(w->first_group, &items), "store");
	written.time = seconds() - start;
	return written;
}

static struct written store_sent(struct world *w)
{
	struct buf message = BUF_INIT;

	world_must(mls_group_protect(w->first_group, &w->first.me, SPAN_EMPTY,
				     SPAN_LIT("text"), &message),
		   "send");
	buf_clear(&message);
	return store(w);
}

static void print(const char *what, const struct written *written)
{
	(void)printf(", %s %zu in %zu (%.3f ms)", what, written->bytes,
		     written->items, 1e3 * written->time);
}

void storage_measure(struct world *w)
{
	const struct mls_change change = { .force_path = true,
					   .without_group_info = true };
	struct written first = store(w), opening = store_sent(w), sent;
	struct written staged, merged;
	struct mls_commit commit;
	struct buf whole = BUF_INIT;

	sent = store_sent(w);
	world_must(
	    mls_group_commit(w->first_group, &w->first.me, &change, &commit),
	    "commit");
	staged = store(w);
	world_must(mls_group_merge(w->first_group), "merge");
	merged = store(w);
	world_must(mls_group_save(w->first_group, &whole), "save");
	(void)printf("0x%04x %6u storage, bytes in items: whole %zu",
		     w->suite->id, w->members, whole.n);
	print("first", &first);
	print("first send", &opening);
	print("send", &sent);
	print("commit", &staged);
	print("merge", &merged);
	(void)printf("\n");
	mls_commit_clear(&commit);
	buf_clear(&whole);
}
