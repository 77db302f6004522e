#include "server/password.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/metrics.h"
#include "base/text.h"
#include "server/edge/job.h"

struct work {
	char username[TEXT_USERNAME_MAX + 1];
	struct buf password, salt;
	struct password_cost cost;
	struct sec hash;
	void (*done)(void *arg, enum err e, struct span hash);
	void *arg;
	bool runs; /* its job is queued or runs */
	struct work *next;
};

static struct work *works; /* all of them, the oldest first */

static void free_work(struct work *work)
{
	buf_clear(&work->password);
	buf_clear(&work->salt);
	sec_clear(&work->hash);
	free(work);
}

static void forget(struct work *work)
{
	struct work **at = &works;

	while (*at != work)
		at = &(*at)->next;
	*at = work->next;
}

static size_t count(const char *username, bool running)
{
	size_t n = 0;

	for (const struct work *w = works; w != NULL; w = w->next)
		n += w->runs == running && strcmp(w->username, username) == 0;
	return n;
}

static void on_thread(void *arg)
{
	struct work *work = arg;
	enum err e =
	    password_derive(buf_span(&work->password), buf_span(&work->salt),
			    work->cost, PASSWORD_HASH, &work->hash);

	if (e != ERR_OK)
		sec_clear(&work->hash);
}

static void on_done(void *arg);

static MUST_CHECK enum err run(struct work *work)
{
	enum err e = job_run(on_thread, on_done, work);

	work->runs = e == ERR_OK;
	return e;
}

static struct work *oldest_waiting(const char *username)
{
	for (struct work *w = works; w != NULL; w = w->next)
		if (!w->runs && strcmp(w->username, username) == 0)
			return w;
	return NULL;
}

/* The next of that account; each that cannot run is told so, and nobody waits for ever. */
static void run_waiting(const char *username)
{
	struct work *next;
	enum err e = ERR_LOCAL_MEMORY;

	while (e != ERR_OK && (next = oldest_waiting(username)) != NULL) {
		e = run(next);
		if (e == ERR_OK)
			return;
		forget(next);
		next->done(next->arg, e, SPAN_EMPTY);
		free_work(next);
	}
}

static void on_done(void *arg)
{
	struct work *work = arg;

	forget(work);
	run_waiting(work->username);
	work->done(work->arg, work->hash.n > 0 ? ERR_OK : ERR_LOCAL_CRYPTO,
		   sec_span(&work->hash));
	free_work(work);
}

static void remember(struct work *work)
{
	struct work **at = &works;

	while (*at != NULL)
		at = &(*at)->next;
	*at = work;
}

enum err password_hash(const char *username, struct span password,
		       struct span salt, struct password_cost cost,
		       void (*done)(void *arg, enum err e, struct span hash),
		       void *arg)
{
	struct work *work = calloc(1, sizeof(*work));
	enum err e;

	if (work == NULL)
		return ERR_LOCAL_MEMORY;
	span_copy(work->username, span_str(username));
	buf_put(&work->password, password);
	buf_put(&work->salt, salt);
	work->cost = cost;
	work->done = done;
	work->arg = arg;
	TRY(buf_end(&work->password));
	TRY(buf_end(&work->salt));
	if (count(username, false) >= PASSWORD_WAITING) {
		metrics_count(METRIC_LOGINS_REFUSED, 1);
		e = ERR_LOCAL_BUSY;
		goto out;
	}
	if (count(username, true) < PASSWORD_JOBS)
		TRY(run(work));
	remember(work);
	return ERR_OK;
out:
	free_work(work);
	return e;
}

void password_put(struct params *params, struct span salt, struct span hash)
{
	const struct password_cost cost = PASSWORD_COST;

	params_bytea(params, salt);
	params_bytea(params, hash);
	params_i64(params, (int64_t)cost.n);
	params_i32(params, (int32_t)cost.r);
	params_i32(params, (int32_t)cost.p);
}
