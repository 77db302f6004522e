#include "server/password.h"

#include <stdlib.h>

#include "base/buf.h"
#include "server/edge/job.h"

struct work {
	struct buf password, salt;
	struct password_cost cost;
	struct sec hash;
	void (*done)(void *arg, struct span hash);
	void *arg;
};

static void free_work(struct work *work)
{
	buf_clear(&work->password);
	buf_clear(&work->salt);
	sec_clear(&work->hash);
	free(work);
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

static void on_done(void *arg)
{
	struct work *work = arg;

	work->done(work->arg, sec_span(&work->hash));
	free_work(work);
}

enum err password_hash(struct span password, struct span salt,
		       struct password_cost cost,
		       void (*done)(void *arg, struct span hash), void *arg)
{
	struct work *work = calloc(1, sizeof(*work));
	enum err e;

	if (work == NULL)
		return ERR_LOCAL_MEMORY;
	buf_put(&work->password, password);
	buf_put(&work->salt, salt);
	work->cost = cost;
	work->done = done;
	work->arg = arg;
	TRY(buf_end(&work->password));
	TRY(buf_end(&work->salt));
	TRY(job_run(on_thread, on_done, work));
	return ERR_OK;
out:
	free_work(work);
	return e;
}
