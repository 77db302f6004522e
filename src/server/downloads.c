/* How a file goes: a piece of it is fetched when the client has taken the one before. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/answer.h"
#include "server/edge/media.h"
#include "server/file_headers.h"
#include "server/files.h"

static const char OCTETS[] = "application/octet-stream";

struct download {
	struct request *req;
	struct file_place place;
	struct uuid user;
	uint64_t at, end; /* of the file */
	bool asking;	  /* for bytes */
	bool left;	  /* the client has */
};

static void end(struct download *d)
{
	files_end(d->user);
	free(d);
}

static void finish(struct download *d)
{
	request_end_answer(d->req);
	end(d);
}

static void on_bytes(void *arg, enum err e, struct span bytes)
{
	struct download *d = arg;

	d->asking = false;
	if (e != ERR_OK || bytes.n == 0 || d->left) {
		finish(d); /* cut short: the client asks for the rest */
		return;
	}
	request_put(d->req, bytes);
	d->at += bytes.n;
	if (d->at == d->end)
		finish(d);
}

static void more(void *arg)
{
	struct download *d = arg;
	uint64_t left = d->end - d->at;
	size_t room = files_room(d->at);

	if (d->asking)
		return;
	d->asking = true;
	if (files_read(answer_store(), &d->place, d->at,
		       left < room ? (size_t)left : room, on_bytes,
		       d) != ERR_OK)
		finish(d);
}

static void on_cut(void *arg)
{
	struct download *d = arg;

	d->left = true;
	if (!d->asking)
		finish(d);
}

/* Its bytes never change, so its id stands for them. */
static void add_headers(struct download *d)
{
	struct buf tag = BUF_INIT;

	buf_put_u8(&tag, '"');
	uuid_put(&tag, d->place.file);
	buf_put_u8(&tag, '"');
	request_add_span(d->req, "ETag", buf_span(&tag));
	request_add(d->req, "Accept-Ranges", "bytes");
	/* whoever keeps it asks again: membership may have ended */
	request_add(d->req, "Cache-Control", "private, no-cache");
	buf_clear(&tag);
}

/* RFC 9110, 13.1.5: a range only of the file that is meant. */
static enum file_range read_range(const struct download *d, uint64_t size,
				  uint64_t *from, uint64_t *to)
{
	struct span range, tag;
	struct uuid meant;

	*from = 0;
	*to = size;
	if (!request_header(d->req, "Range", &range))
		return FILE_RANGE_WHOLE;
	if (request_header(d->req, "If-Range", &tag) &&
	    (tag.n != UUID_TEXT + 2 || tag.p[0] != '"' ||
	     uuid_parse(&meant, span_of(tag.p + 1, UUID_TEXT)) != ERR_OK ||
	     !uuid_equal(meant, d->place.file)))
		return FILE_RANGE_WHOLE;
	return file_headers_range(range, size, from, to);
}

static void begin_answer(struct download *d, uint64_t size)
{
	static const struct request_giver giver = { more, on_cut };
	enum file_range range = read_range(d, size, &d->at, &d->end);
	char text[80];

	add_headers(d);
	if (range == FILE_RANGE_NOTHING) {
		(void)snprintf(text, sizeof(text), "bytes */%" PRIu64, size);
		request_add(d->req, "Content-Range", text);
		request_refuse(d->req,
			       (struct problem){ OUTCOME_RANGE_NOT_SATISFIABLE,
						 NULL, size });
		end(d);
		return;
	}
	if (range == FILE_RANGE_PART) {
		(void)snprintf(text, sizeof(text),
			       "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, d->at,
			       d->end - 1, size);
		request_add(d->req, "Content-Range", text);
	}
	request_begin_answer(d->req, range == FILE_RANGE_PART ? 206 : 200,
			     OCTETS, d->end - d->at, &giver, d);
}

static void on_found(void *arg, enum err e, struct rows *rows)
{
	struct download *d = arg;
	struct request *req = d->req;
	struct file_found found;

	if (!files_found(req, e, rows, &found)) {
		end(d);
		return;
	}
	d->place.objects = found.objects;
	if (request_method(req) == HEAD_HEAD) {
		files_add_offset(req, found.stored, found.size);
		request_answer(req, 204, NULL, SPAN_EMPTY);
	} else if (found.stored < found.size) {
		request_problem(req, OUTCOME_NO_FILE,
				"not all of this file is here");
	} else if (media_weight(request_head(req), OCTETS) == 0) {
		request_problem(req, OUTCOME_NOT_ACCEPTABLE, NULL);
	} else {
		begin_answer(d, found.size);
		return;
	}
	end(d);
}

void downloads_get(const struct call *call)
{
	struct file_place place;
	struct download *d;
	enum err e;

	if (!files_place(call, &place) || !files_begin(call))
		return;
	d = calloc(1, sizeof(*d));
	if (d == NULL) {
		files_end(call->who.user);
		answer_fail(call->req, ERR_LOCAL_MEMORY);
		return;
	}
	d->req = call->req;
	d->place = place;
	d->user = call->who.user;
	e = files_ask(&place, on_found, d);
	if (e != ERR_OK) {
		answer_fail(call->req, e);
		end(d);
	}
}
