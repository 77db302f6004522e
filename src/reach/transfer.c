#include "reach/transfer.h"

#include "reach/saving.h"
#include "reach/tokens.h"
#include "reach/transfer_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 500u /* whether it goes on, while it waits */

struct run {
	struct account *a;
	const struct transfer *t;
	uint64_t at;  /* bytes that are there */
	uint64_t end; /* of what is given */
};

static bool goes_on(void *context)
{
	const struct run *run = context;

	return run->t->watch == NULL || run->t->watch(run->t->context, run->at);
}

/* With a good token. The reason is in a->why. */
static enum err ask(struct run *run, const struct api_stream *stream,
		    struct api_answer *answer)
{
	struct account *a = run->a;
	const uint64_t at = run->at;
	struct buf token = BUF_INIT;
	enum err e;

	TRY(tokens_access(a, false, &token));
	e = api_pass(a->api, stream, &a->why, answer);
	if (e == ERR_PEER_DENIED && answer->status == 401) {
		api_answer_clear(answer);
		why_clear(&a->why);
		buf_reset(&token);
		TRY(tokens_access(a, true, &token));
		run->at = at; /* what was given before is given again */
		e = api_pass(a->api, stream, &a->why, answer);
	}
out:
	buf_clear(&token);
	return e;
}

static size_t give(void *context, uint8_t *to, size_t n)
{
	struct run *run = context;
	uint64_t left = run->end - run->at;
	ssize_t got =
	    pread(run->t->fd, to, left < n ? (size_t)left : n, (off_t)run->at);

	if (got < 0 || (got == 0 && left > 0)) {
		(void)why_set(&run->a->why, ERR_LOCAL_IO, "file",
			      "Cannot read the sealed file below %.200s: %s.",
			      run->t->folder,
			      got < 0 ? strerror(errno) : "it became shorter");
		return SIZE_MAX;
	}
	run->at += (uint64_t)got;
	return (size_t)got;
}

static bool take(void *context, bool part, struct span bytes)
{
	struct run *run = context;

	/* a server that gives all of it has not read the range */
	if (!part || bytes.n > run->t->size - run->at)
		return false;
	while (bytes.n > 0) {
		ssize_t n =
		    pwrite(run->t->fd, bytes.p, bytes.n, (off_t)run->at);

		if (n <= 0) {
			saving_failed(run->t->folder, &run->a->why);
			return false;
		}
		run->at += (uint64_t)n;
		bytes = span_of(bytes.p + n, bytes.n - (size_t)n);
	}
	return true;
}

static void pass(struct run *run, struct transfer_plan *plan,
		 const struct transfer_step *step)
{
	struct api_stream stream = { .method = step->method,
				     .path = step->path,
				     .headers = step->headers,
				     .give = plan->up && step->count > 0 ? give
									 : NULL,
				     .length = step->count,
				     .take = plan->up ? NULL : take,
				     .goes_on = goes_on,
				     .context = run };
	struct why kept = run->a->why;
	struct api_answer answer = { 0 };
	uint64_t offset = UINT64_MAX;
	enum err e;

	run->at = step->from;
	run->end = step->from + step->count;
	why_clear(&run->a->why);
	e = ask(run, &stream, &answer);
	if (!api_header(run->a->api, "Upload-Offset", &offset))
		offset = UINT64_MAX;
	transfer_plan_take(plan, e, &run->a->why, offset,
			   plan->up ? 0 : run->at - step->from);
	run->a->why = kept;
	api_answer_clear(&answer);
}

/* False: it is ended. */
static bool wait_for(struct run *run, uint32_t ms)
{
	for (; ms > 0; ms -= ms < LOOK_MS ? ms : LOOK_MS) {
		if (!goes_on(run))
			return false;
		(void)usleep((ms < LOOK_MS ? ms : LOOK_MS) * 1000);
	}
	return true;
}

/* `place`: no more than a place is asked for. */
static enum err move(struct account *a, const struct transfer *t, bool up,
		     uint64_t at, bool place)
{
	struct run run = { .a = a, .t = t, .at = at };
	struct transfer_plan plan;
	struct transfer_step step;
	enum transfer_turn turn;
	enum err e;

	transfer_plan_begin(&plan, up, t->session, t->file, t->size, at, 0);
	while (!(place && plan.placed) &&
	       (turn = transfer_plan_turn(&plan, &step)) != TRANSFER_DONE) {
		if (turn == TRANSFER_ASK)
			pass(&run, &plan, &step);
		else if (!wait_for(&run, step.wait_ms))
			return why_set(&a->why, ERR_LOCAL_IO, "interrupted",
				       "It was interrupted. It goes on from "
				       "there when it is asked for again.");
	}
	e = plan.result;
	if (e != ERR_OK)
		a->why = plan.why;
	TRY(e);
	if (!place) {
		run.at = t->size;
		(void)goes_on(&run);
	}
out:
	return e;
}

enum err transfer_place(struct account *a, const struct transfer *t)
{
	return move(a, t, true, 0, true);
}

void transfer_give_back(struct account *a, const struct transfer *t)
{
	struct why kept = a->why;
	struct api_answer answer = { 0 };
	char path[128];

	(void)snprintf(path, sizeof(path), "/session/%.36s/files/%s",
		       t->session, uuid_text(t->file).text);
	why_clear(&a->why);
	/* what stays ends within a day */
	if (tokens_call(a, "DELETE", path, NULL, &answer) != ERR_OK)
		why_clear(&a->why);
	api_answer_clear(&answer);
	a->why = kept;
}

enum err transfer_up(struct account *a, const struct transfer *t)
{
	return move(a, t, true, 0, false);
}

enum err transfer_down(struct account *a, const struct transfer *t)
{
	struct stat is;
	enum err e = ERR_OK;

	ENSURE(fstat(t->fd, &is) == 0, ERR_LOCAL_IO);
	/* a longer file is no part of this one */
	ENSURE((uint64_t)is.st_size <= t->size, ERR_PEER_CRYPTO);
	TRY(move(a, t, false, (uint64_t)is.st_size, false));
out:
	return e;
}
