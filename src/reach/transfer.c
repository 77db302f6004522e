#include "reach/transfer.h"

#include "reach/tokens.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So often in a row something is tried again that brings nothing. */
#define TRIES 5
#define PAUSE_MS 500u /* before the second one, then twice as long each time */

struct run {
	struct account *a;
	const struct transfer *t;
	char path[128];
	uint64_t at; /* bytes that are there */
};

static bool goes_on(void *context)
{
	const struct run *run = context;

	return run->t->watch == NULL || run->t->watch(run->t->context, run->at);
}

static enum err begin(struct run *run)
{
	struct buf id = BUF_INIT;
	enum err e;

	uuid_put(&id, run->t->file);
	TRY(buf_end(&id));
	(void)snprintf(run->path, sizeof(run->path), "/session/%s/files/%.*s",
		       run->t->session, (int)id.n, (const char *)id.p);
out:
	buf_clear(&id);
	return e;
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

/* Is it worth another try? Without anything new, a few times. */
static bool tries_again(struct run *run, enum err e, bool passed,
			unsigned *tries)
{
	bool is_worth = (e == ERR_LOCAL_BUSY &&
			 strcmp(run->a->why.slug, "files-full") != 0) ||
			(e == ERR_LOCAL_IO && run->a->why.unreachable) ||
			(e == ERR_STATE_CONFLICT &&
			 strcmp(run->a->why.slug, "offset-differs") == 0);

	*tries = passed ? 0 : *tries + 1;
	if (!is_worth || *tries >= TRIES)
		return false;
	for (unsigned ms = PAUSE_MS << *tries; ms > 0; ms -= PAUSE_MS) {
		if (!goes_on(run))
			return false;
		(void)usleep(PAUSE_MS * 1000);
	}
	why_clear(&run->a->why);
	return true;
}

/* ---- to the server ---- */

static enum err bad_answer(struct run *run)
{
	return why_set(&run->a->why, ERR_PEER_MALFORMED, "bad-answer",
		       "%s does not answer like a hermetic server.",
		       api_url(run->a->api));
}

/* Makes the file's place, or finds it: run->at is where it goes on. */
static enum err find_place(struct run *run)
{
	char length[48];
	const char *headers[] = { "Upload-Complete: ?0", length, NULL };
	struct api_stream stream = { .method = "POST",
				     .path = run->path,
				     .headers = headers,
				     .goes_on = goes_on,
				     .context = run };
	struct api_answer answer;
	enum err e;

	(void)snprintf(length, sizeof(length), "Upload-Length: %" PRIu64,
		       run->t->size);
	e = ask(run, &stream, &answer);
	if (e == ERR_OK &&
	    (!api_header(run->a->api, "Upload-Offset", &run->at) ||
	     run->at > run->t->size))
		e = bad_answer(run);
	api_answer_clear(&answer);
	return e;
}

static size_t give(void *context, uint8_t *to, size_t n)
{
	struct run *run = context;
	uint64_t left = run->t->size - run->at;
	ssize_t got =
	    pread(run->t->fd, to, left < n ? (size_t)left : n, (off_t)run->at);

	if (got < 0 || (got == 0 && left > 0))
		return SIZE_MAX;
	run->at += (uint64_t)got;
	return (size_t)got;
}

static enum err append(struct run *run)
{
	char offset[48];
	const char *headers[] = { "Content-Type: application/partial-upload",
				  offset, NULL };
	struct api_stream stream = { .method = "PATCH",
				     .path = run->path,
				     .headers = headers,
				     .give = give,
				     .length = run->t->size - run->at,
				     .goes_on = goes_on,
				     .context = run };
	struct api_answer answer;
	uint64_t has;
	enum err e;

	(void)snprintf(offset, sizeof(offset), "Upload-Offset: %" PRIu64,
		       run->at);
	e = ask(run, &stream, &answer);
	if (e == ERR_OK && (!api_header(run->a->api, "Upload-Offset", &has) ||
			    has != run->t->size))
		e = bad_answer(run);
	api_answer_clear(&answer);
	return e;
}

enum err transfer_up(struct account *a, const struct transfer *t)
{
	struct run run = { .a = a, .t = t };
	unsigned tries = 0;
	uint64_t had = 0; /* that the server has said to have */
	bool passed;
	enum err e;

	TRY(begin(&run));
	do {
		e = find_place(&run);
		passed = e == ERR_OK && run.at > had;
		had = passed ? run.at : had;
		if (e == ERR_OK && run.at < t->size)
			e = append(&run);
	} while (e != ERR_OK && tries_again(&run, e, passed, &tries));
	TRY(e);
	(void)goes_on(&run);
out:
	return e;
}

/* ---- from the server ---- */

static bool take(void *context, bool part, struct span bytes)
{
	struct run *run = context;

	/* a server that gives all of it has not read the range */
	if (!part || bytes.n > run->t->size - run->at)
		return false;
	while (bytes.n > 0) {
		ssize_t n =
		    pwrite(run->t->fd, bytes.p, bytes.n, (off_t)run->at);

		if (n <= 0)
			return false;
		run->at += (uint64_t)n;
		bytes = span_of(bytes.p + n, bytes.n - (size_t)n);
	}
	return true;
}

static enum err fetch(struct run *run)
{
	char range[64];
	const char *headers[] = { range, NULL };
	struct api_stream stream = { .method = "GET",
				     .path = run->path,
				     .headers = headers,
				     .take = take,
				     .goes_on = goes_on,
				     .context = run };
	struct api_answer answer;
	enum err e;

	(void)snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-",
		       run->at);
	e = ask(run, &stream, &answer);
	if (e == ERR_OK && run->at < run->t->size)
		e = bad_answer(run);
	api_answer_clear(&answer);
	return e;
}

enum err transfer_down(struct account *a, const struct transfer *t)
{
	struct run run = { .a = a, .t = t };
	unsigned tries = 0;
	uint64_t before;
	struct stat is;
	enum err e;

	TRY(begin(&run));
	ENSURE(fstat(t->fd, &is) == 0, ERR_LOCAL_IO);
	run.at = (uint64_t)is.st_size;
	do {
		before = run.at;
		if (run.at < t->size)
			e = fetch(&run);
	} while (e != ERR_OK && tries_again(&run, e, run.at > before, &tries));
	TRY(e);
	/* a longer file is no part of this one */
	ENSURE(run.at == t->size, ERR_PEER_CRYPTO);
	(void)goes_on(&run);
out:
	return e;
}
