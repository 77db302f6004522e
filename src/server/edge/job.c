#include "server/edge/job.h"

#include <kore/kore.h>
#include <kore/tasks.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/metrics.h"

enum { NICENESS = 5, SLICE_NS = 100000000 };

struct job {
	struct kore_task task; /* first: Kore hands it back */
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

static unsigned running, limit = 8;

void job_set_limits(unsigned threads, unsigned queue)
{
	kore_task_threads = (uint16_t)threads;
	limit = threads + queue;
}

/* sched_setattr(2), which the C library does not know. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Long work gives way to the loops, whose turns are short: by niceness, and by
 * slices as long as there are, so that who wakes is due before (kernels from
 * 6.12 on; others ignore it). Both are the calling thread's own. */
static void give_way(void)
{
	const struct attributes thread = { .size = sizeof(thread),
					   .policy = SCHED_OTHER,
					   .nice = NICENESS,
					   .runtime = SLICE_NS };

	(void)syscall(SYS_sched_setattr, 0, &thread, 0U);
}

static int on_thread(struct kore_task *task)
{
	struct job *job = (struct job *)task;

	give_way();
	job->work(job->arg);
	return KORE_RESULT_OK;
}

static void on_loop(struct kore_task *task)
{
	struct job *job = (struct job *)task;
	void (*done)(void *arg) = job->done;
	void *arg = job->arg;

	if (!kore_task_finished(task))
		return;
	kore_task_destroy(task);
	free(job);
	metrics_set(METRIC_LOGIN_TASKS, --running);
	done(arg);
}

enum err job_run(void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct job *job;

	if (running >= limit) {
		metrics_count(METRIC_LOGINS_REFUSED, 1);
		return ERR_LOCAL_BUSY;
	}
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return ERR_LOCAL_MEMORY;
	job->work = work;
	job->done = done;
	job->arg = arg;
	metrics_set(METRIC_LOGIN_TASKS, ++running);
	kore_task_create(&job->task, on_thread);
	kore_task_bind_callback(&job->task, on_loop);
	kore_task_run(&job->task);
	return ERR_OK;
}
