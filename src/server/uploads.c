/*
 * How a file comes: draft-ietf-httpbis-resumable-upload. A POST makes its place, and may
 * bring its first bytes; PATCH brings more. Bytes are stored piece by piece: while one
 * is on its way to the disk nothing more is read, so TCP tells the client to wait.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "server/answer.h"
#include "server/config.h"
#include "server/edge/conn.h"
#include "server/event_loop.h"
#include "server/file_headers.h"
#include "server/files.h"

static const char PARTIAL[] = "application/partial-upload";

struct upload {
	struct request *req;
	struct file_place place;
	struct uuid user;
	uint64_t size;
	uint64_t offset;  /* before the bytes of `piece` */
	struct buf piece; /* of one row at most */
	bool creating;	  /* by POST */
	bool storing;	  /* `piece` is on its way */
	bool over;	  /* no more comes */
	enum err failed;  /* of a piece */
	bool differs;	  /* it goes on at another offset */
	bool slow;	  /* it holds a place, and hardly comes */
	uint64_t since;	  /* steady clock, milliseconds */
	uint64_t came;	  /* bytes since then */
};

/* Bytes a second that come at least, counted while the server waits for them, over as
 * long as a body may take otherwise. */
#define SLOWEST 1024

static void end(struct upload *u)
{
	buf_clear(&u->piece);
	files_end(u->user);
	free(u);
}

static void refuse_offset(struct request *req, uint64_t stored, uint64_t size)
{
	files_add_offset(req, stored, size);
	request_refuse(
	    req, (struct problem){ OUTCOME_OFFSET_DIFFERS, NULL, stored });
}

static void finish(struct upload *u)
{
	struct request *req = u->req;

	if (u->failed != ERR_OK) {
		answer_fail(req, u->failed);
	} else if (u->differs) {
		refuse_offset(req, u->offset, u->size);
	} else if (u->slow) {
		files_add_offset(req, u->offset, u->size);
		request_problem(req, OUTCOME_TIMEOUT,
				"the bytes came too slowly: go on later");
	} else {
		files_add_offset(req, u->offset, u->size);
		request_answer(req, u->creating ? 201 : 204, NULL, SPAN_EMPTY);
	}
	end(u);
}

/* ---- pieces ---- */

/* How fast it comes counts from now on. */
static void begin_time(struct upload *u)
{
	u->since = clock_steady_ms();
	u->came = 0;
}

/* A connection to which nothing comes ends by itself; so does a place that bytes
 * trickle into. */
static bool is_too_slow(struct upload *u, size_t n)
{
	uint64_t most = conn_limits()->body_ms;

	u->came += n;
	if (clock_steady_ms() - u->since < most)
		return false;
	if (u->came < SLOWEST * most / 1000)
		return true;
	begin_time(u);
	return false;
}

static void on_stored(void *arg, enum err e, struct rows *rows)
{
	struct upload *u = arg;

	u->storing = false;
	buf_reset(&u->piece);
	if (e == ERR_OK && rows_text_is(rows, 0, "outcome", "ok"))
		u->offset = (uint64_t)rows_i64(rows, 0, "stored");
	else if (e == ERR_OK &&
		 rows_text_is(rows, 0, "outcome", "offset-differs")) {
		u->offset = (uint64_t)rows_i64(rows, 0, "stored");
		u->differs = true;
	} else if (e == ERR_OK) {
		/* out of the session, or the file was taken away meanwhile */
		request_problem(u->req,
				outcomes_named(rows_text(rows, 0, "outcome")),
				NULL);
		end(u);
		return;
	}
	u->failed = e == ERR_OK ? rows_end(rows) : e;
	if (u->failed != ERR_OK || u->differs || u->over || u->slow) {
		finish(u);
		return;
	}
	begin_time(u);
	request_go_on(u->req);
}

static void on_not_stored(void *arg)
{
	finish(arg);
}

/* What cannot be sent is answered in another turn: take() is no place for it. */
static void store_piece(struct upload *u)
{
	const struct store_loop *loop = event_loop();

	u->storing = true;
	u->failed = buf_end(&u->piece);
	if (u->failed == ERR_OK)
		u->failed = files_put(answer_store(), &u->place, u->offset,
				      buf_span(&u->piece), on_stored, u);
	if (u->failed != ERR_OK)
		loop->later(loop->context, 0, on_not_stored, u);
}

static size_t take(void *arg, struct span bytes)
{
	struct upload *u = arg;
	size_t room = files_room(u->offset);
	size_t n = room - u->piece.n;

	if (u->storing)
		return 0;
	n = bytes.n < n ? bytes.n : n;
	if (u->piece.n == 0) /* once: a buffer that grows copies what it has */
		(void)buf_reserve(&u->piece, room);
	buf_put(&u->piece, span_of(bytes.p, n));
	u->slow = is_too_slow(u, n);
	if (u->piece.n == room || u->piece.fail != ERR_OK || u->slow)
		store_piece(u);
	return n;
}

/* No more comes: what is there is stored, also when the client has gone. */
static void on_over(void *arg)
{
	struct upload *u = arg;

	u->over = true;
	if (u->storing)
		return;
	if (u->piece.n > 0)
		store_piece(u);
	else
		finish(u);
}

static void take_body(struct upload *u)
{
	static const struct request_taker taker = { take, on_over, on_over };

	begin_time(u);
	request_take_body(u->req, &taker, u);
}

/* NULL: answered. */
static struct upload *begin(const struct call *call,
			    const struct file_place *place)
{
	struct upload *u;

	if (!files_begin(call))
		return NULL;
	u = calloc(1, sizeof(*u));
	if (u == NULL) {
		files_end(call->who.user);
		answer_fail(call->req, ERR_LOCAL_MEMORY);
		return NULL;
	}
	u->req = call->req;
	u->place = *place;
	u->user = call->who.user;
	return u;
}

/* ---- POST ---- */

static void refuse_full(struct request *req, struct rows *rows)
{
	uint64_t bytes = (uint64_t)rows_i64(rows, 0, "bytes_left");
	uint64_t count = (uint64_t)rows_i64(rows, 0, "count_left");
	bool of_session = rows_bool(rows, 0, "of_session");
	char words[128];

	(void)snprintf(words, sizeof(words),
		       "%s may have %" PRIu64 " more files, and %" PRIu64
		       " more bytes in them",
		       of_session ? "the session" : "the account", count,
		       bytes);
	request_refuse(req, (struct problem){ OUTCOME_FILES_FULL, words,
					      count > 0 ? bytes : 0 });
}

static void add_location(const struct upload *u)
{
	struct buf path = BUF_INIT;

	buf_put_str(&path, "/session/");
	uuid_put(&path, u->place.session);
	buf_put_str(&path, "/files/");
	uuid_put(&path, u->place.file);
	request_add_span(u->req, "Location", buf_span(&path));
	buf_clear(&path);
}

static void on_created(void *arg, enum err e, struct rows *rows)
{
	struct upload *u = arg;
	struct request *req = u->req;
	bool again =
	    e == ERR_OK && rows_text_is(rows, 0, "outcome", "duplicate");

	if (again)
		u->offset = (uint64_t)rows_i64(rows, 0, "stored");
	if (e == ERR_OK)
		u->place.objects = rows_bool(rows, 0, "objects");
	if (e == ERR_OK && (again || rows_text_is(rows, 0, "outcome", "ok")) &&
	    (e = rows_end(rows)) == ERR_OK) {
		u->creating = !again;
		u->differs = u->offset > 0 && request_body_left(req) > 0;
		if (u->differs) {
			finish(u);
			return;
		}
		add_location(u);
		take_body(u);
		return;
	}
	if (e != ERR_OK)
		answer_fail(req, e);
	else if (rows_text_is(rows, 0, "outcome", "files-full"))
		refuse_full(req, rows);
	else
		request_problem(
		    req, outcomes_named(rows_text(rows, 0, "outcome")), NULL);
	end(u);
}

/* How many bytes the file will have; false: answered. */
static bool read_size(struct request *req, uint64_t *size)
{
	uint64_t length = request_head(req)->content_length, said = length;
	bool whole = true;
	struct span text;

	if ((request_header(req, "Upload-Complete", &text) &&
	     !file_headers_flag(text, &whole)) ||
	    (request_header(req, "Upload-Length", &text)
		 ? !file_headers_number(text, &said)
		 : !whole)) {
		request_problem(req, OUTCOME_MALFORMED,
				"Upload-Length is how many bytes the file has; "
				"Upload-Complete is ?1 or ?0");
		return false;
	}
	*size = said;
	if (said == 0 || length > said || (whole && length != said)) {
		request_problem(req, OUTCOME_INVALID,
				"a file has bytes, and its first ones are not "
				"more than all");
		return false;
	}
	if (said > config()->file_bytes) {
		request_refuse(req,
			       (struct problem){ OUTCOME_FILE_TOO_LARGE, NULL,
						 config()->file_bytes });
		return false;
	}
	return true;
}

void uploads_create(const struct call *call)
{
	const struct config *c = config();
	struct params params = PARAMS_INIT;
	struct file_place place;
	struct upload *u;
	uint64_t size;
	enum err e;

	if (!files_place(call, &place) || !read_size(call->req, &size))
		return;
	u = begin(call, &place);
	if (u == NULL)
		return;
	u->size = size;
	params_uuid(&params, place.session);
	params_uuid(&params, place.device);
	params_uuid(&params, place.file);
	params_i64(&params, (int64_t)size);
	params_i64(&params, (int64_t)c->file_account_bytes);
	params_i64(&params, (int64_t)c->file_account_count);
	params_i64(&params, (int64_t)c->file_session_bytes);
	params_i64(&params, (int64_t)c->file_session_count);
	params_bool(&params, c->files_store == FILES_IN_OBJECTS);
	e = store_query(answer_store(), STATEMENT_FILE_CREATE, &params,
			on_created, u);
	if (e != ERR_OK) {
		answer_fail(call->req, e);
		end(u);
	}
}

/* ---- PATCH ---- */

/* A piece that is there is written anew for each part that comes of it: no request
 * means to leave one unfinished. */
static bool ends_well(const struct upload *u, size_t n)
{
	uint64_t at = u->offset + n;

	return at == u->size || files_room(at) == FILES_PIECE;
}

static void on_found(void *arg, enum err e, struct rows *rows)
{
	struct upload *u = arg;
	struct request *req = u->req;
	struct file_found found;

	if (!files_found(req, e, rows, &found)) {
		end(u);
		return;
	}
	u->size = found.size;
	u->place.objects = found.objects;
	if (!found.own)
		request_problem(req, OUTCOME_FORBIDDEN,
				"another account stores this file");
	else if (u->offset != found.stored)
		refuse_offset(req, found.stored, found.size);
	else if (request_body_left(req) > found.size - found.stored)
		request_problem(req, OUTCOME_INVALID,
				"that is more than the file has");
	else if (!ends_well(u, request_body_left(req)))
		request_problem(req, OUTCOME_INVALID,
				"the bytes end with the file, or at a multiple "
				"of 262144 of it");
	else {
		take_body(u);
		return;
	}
	end(u);
}

void uploads_append(const struct call *call)
{
	struct request *req = call->req;
	struct file_place place;
	struct span text;
	struct upload *u;
	uint64_t offset;
	enum err e;

	if (!files_place(call, &place))
		return;
	if (!request_header(req, "Content-Type", &text) ||
	    !head_equals(text, PARTIAL)) {
		request_problem(req, OUTCOME_UNSUPPORTED_MEDIA_TYPE,
				"the body must be application/partial-upload");
		return;
	}
	if (!request_header(req, "Upload-Offset", &text) ||
	    !file_headers_number(text, &offset)) {
		request_problem(req, OUTCOME_MALFORMED,
				"Upload-Offset is where the bytes belong");
		return;
	}
	u = begin(call, &place);
	if (u == NULL)
		return;
	u->offset = offset;
	e = files_ask(&place, on_found, u);
	if (e != ERR_OK) {
		answer_fail(req, e);
		end(u);
	}
}
