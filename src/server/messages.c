/* /session/{session_id}/send and the history. */
#include "server/messages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/uuid.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/config.h"
#include "server/edge/conditional.h"
#include "server/edge/media.h"
#include "server/lanes.h"
#include "server/limited.h"
#include "server/page.h"
#include "server/position.h"
#include "server/routes_table.h"
#include "server/sessions.h"

static const char OCTETS[] = "application/octet-stream";

enum {
	PAGE = 50,
	PAGE_MAX = 500,
	HANDSHAKE_MAX = 5000,	   /* entries */
	HANDSHAKE_BYTES = 4 << 20, /* of entries that are shown with theirs */
	FILES_MAX = 32		   /* that one message names */
};

/* Those that a message names. */
struct files {
	struct uuid ids[FILES_MAX];
	size_t count;
};

/* ---- checking ---- */

bool messages_check(struct span bytes, const struct identity *who,
		    const struct uuid *session, struct append *out,
		    struct problem *problem)
{
	const struct delivery_limits limits = {
		config()->envelope_bytes, config()->nonce_window_seconds * 1000
	};

	return delivery_check(bytes, &limits, clock_now_ms(), who->device,
			      session, out, problem);
}

struct span messages_origin(const struct trace *trace, const uint64_t *frame,
			    char text[ORIGIN_SIZE])
{
	char request[ORIGIN_REQUEST_MAX + 1];

	if (config()->access_log == 0)
		return SPAN_EMPTY;
	if (frame != NULL)
		(void)snprintf(request, sizeof(request), "%s.%" PRIu64,
			       trace->request_id, *frame);
	else
		(void)snprintf(request, sizeof(request), "%s",
			       trace->request_id);
	origin_make(text, request, trace->trace_id, trace->span_id);
	return span_str(text);
}

/* ---- sending ---- */

static void on_appended(void *arg, const struct append_result *result)
{
	struct problem problem = delivery_problem(result);
	struct request *req = arg;
	struct buf out = BUF_INIT;

	if (problem.outcome != OUTCOME_OK) {
		request_refuse(req, problem);
		return;
	}
	buf_putf(&out, "{\"seq\":%" PRIu64 ",\"head\":\"", result->seq);
	digest_put(&out, result->head);
	buf_putf(&out, "\",\"sent_at\":%" PRIu64 "%s}", result->sent_ms,
		 result->rotation_due ? ",\"rotation_due\":true" : "");
	position_answer(req, result->outcome == APPEND_OK ? 201 : 200, &out);
}

/* A message that names files: they are told first, and it is kept meanwhile. */
struct naming {
	struct request *req;
	struct append message;
	uint8_t bytes[]; /* the envelope and the origin */
};

static void on_named(void *arg, enum err e, struct rows *rows)
{
	struct naming *n = arg;

	if (e == ERR_OK && !rows_text_is(rows, 0, "outcome", "ok"))
		request_problem(n->req,
				outcomes_named(rows_text(rows, 0, "outcome")),
				NULL);
	else if (e != ERR_OK ||
		 (e = lanes_append(&n->message, on_appended, n->req)) != ERR_OK)
		answer_fail(n->req, e);
	free(n);
}

static enum err name_files(struct request *req, const struct append *message,
			   const struct files *files)
{
	size_t k = message->envelope.n;
	struct naming *n = malloc(sizeof(*n) + k + message->origin.n);
	struct params params = PARAMS_INIT;
	enum err e;

	if (n == NULL)
		return ERR_LOCAL_MEMORY;
	*n = (struct naming){ req, *message };
	n->message.envelope = span_copy(n->bytes, message->envelope);
	n->message.origin = span_copy(n->bytes + k, message->origin);
	params_uuid(&params, message->session);
	params_uuid(&params, message->device);
	params_bytea(&params, SPAN_ARRAY(message->nonce));
	params_open_array(&params, PARAMS_UUID, files->count);
	for (size_t i = 0; i < files->count; i++)
		params_put_bytes(&params, SPAN_ARRAY(files->ids[i].bytes));
	params_close_array(&params);
	e = store_query(answer_store(), STATEMENT_FILES_NAME, &params, on_named,
			n);
	if (e != ERR_OK)
		free(n);
	return e;
}

static void append(const struct call *call, struct span envelope,
		   uint64_t expires_ms, const struct files *files)
{
	struct request *req = call->req;
	char origin[ORIGIN_SIZE];
	struct problem problem;
	struct append message;
	enum err e;

	if (!messages_check(envelope, &call->who, &call->session, &message,
			    &problem)) {
		if (problem.outcome == OUTCOME_TOO_MANY_REQUESTS)
			limited_refuse(req);
		else
			request_refuse(req, problem);
		return;
	}
	message.expires_ms = expires_ms;
	message.origin = messages_origin(request_trace(req), NULL, origin);
	e = files->count > 0 ? name_files(req, &message, files)
			     : lanes_append(&message, on_appended, req);
	if (e != ERR_OK)
		answer_fail(req, e);
}

/* The member `files`, ids. A fault of the body where one is none. */
static void read_files(struct body *body, struct files *files)
{
	const char *texts[BODY_ITEMS_MAX];

	files->count = body_texts(body, "files", texts);
	if (files->count > FILES_MAX)
		body->fault = "files names too many";
	for (size_t i = 0; body->fault == NULL && i < files->count; i++)
		if (uuid_parse(&files->ids[i], span_str(texts[i])) != ERR_OK)
			body->fault = "files has ids";
}

bool messages_are_octets(const struct request *req)
{
	struct span type;

	return request_header(req, "Content-Type", &type) &&
	       head_equals(type, OCTETS);
}

static bool wants_octets(const struct request *req)
{
	const struct head *head = request_head(req);

	return media_weight(head, OCTETS) >
	       media_weight(head, "application/json");
}

void messages_send(const struct call *call)
{
	struct request *req = call->req;
	struct files files = { .count = 0 };
	struct span envelope;
	struct body body;
	uint64_t expires_ms;

	if (messages_are_octets(req)) {
		append(call, request_body(req), 0, &files);
		return;
	}
	if (!body_read(&body, req))
		return;
	envelope = body_bytes(&body, "envelope", config()->body_bytes);
	(void)body_optional_number(&body, "expires_at", DELIVERY_EXPIRES_MAX,
				   &expires_ms);
	read_files(&body, &files);
	if (!body_end(&body, req))
		return;
	append(call, envelope, expires_ms, &files);
	body_free(&body);
}

/* ---- reading ---- */

struct page {
	struct request *req;
	struct uuid session;
	uint64_t limit;
	bool backward;
	bool handshake;	 /* messages without their bytes */
	uint64_t cursor; /* after or before it */
};

static void add_link(const struct page *p, uint64_t cursor)
{
	char link[192];

	(void)snprintf(link, sizeof(link),
		       "</session/%s/messages?%s=%" PRIu64 "&limit=%" PRIu64
		       "%s>; rel=\"next\"",
		       uuid_text(p->session).text,
		       p->backward ? "before" : "after", cursor, p->limit,
		       p->handshake ? "&handshake=true" : "");
	request_add(p->req, "Link", link);
}

/* For the ETag: a head stands for the whole log before it (docs/protocol.md,
 * "Transcript"), and the letter for how a part of it is shown. The bytes of
 * messages go as time passes: `whole` is how many have theirs. */
enum { VERSION = 32 + 4 + 4 + 1 };

static void set_version(uint8_t version[VERSION], const struct message *last,
			size_t count, size_t whole, char shown)
{
	struct {
		size_t n;
		uint8_t *at;
	} numbers[] = { { count, version + 32 }, { whole, version + 36 } };

	memcpy(version, last->head.bytes, sizeof(last->head.bytes));
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 4; i > 0; i--, numbers[k].n >>= 8)
			numbers[k].at[i - 1] = (uint8_t)numbers[k].n;
	version[VERSION - 1] = (uint8_t)shown;
}

/* All at once: a buffer that grows copies what it has. */
static void make_room(struct rows *rows, size_t count, struct buf *out)
{
	size_t n = 64;

	for (size_t i = 0; i < count; i++) {
		struct message m = { .bytes = SPAN_EMPTY };

		if (!rows_is_null(rows, i, "seq"))
			m.bytes = rows_bytes(rows, i, "envelope");
		n += delivery_size(&m);
	}
	(void)buf_reserve(out, n);
}

/* What a page shows. */
struct shown {
	struct message last;
	size_t whole; /* entries with their bytes */
	bool more;    /* there is another page */
};

static bool has_more(const struct page *p, struct rows *rows, uint64_t last)
{
	if (p->handshake)
		return !rows_is_null(rows, 0, "seq") &&
		       last < (uint64_t)rows_i64(rows, 0, "last_seq");
	return rows_count(rows) > p->limit;
}

static void put_page(const struct page *p, struct rows *rows, struct buf *out,
		     struct shown *shown)
{
	size_t there = rows_count(rows);
	size_t count = there < p->limit ? there : (size_t)p->limit;
	struct message *m = &shown->last;

	*shown = (struct shown){ .whole = 0 };
	make_room(rows, count, out);
	buf_put_str(out, "{\"messages\":[");
	for (size_t i = 0; i < count; i++) {
		if (rows_is_null(rows, i, "seq"))
			break;
		store_read_message(rows, i, p->session, m);
		shown->whole += m->bytes.n > 0;
		buf_put_str(out, i > 0 ? "," : "");
		delivery_put(out, m, false);
	}
	buf_put_u8(out, ']');
	shown->more = has_more(p, rows, m->seq);
	if (shown->more) {
		buf_putf(out, ",\"next\":%" PRIu64, m->seq);
		add_link(p, m->seq);
	}
	buf_put_u8(out, '}');
}

/* What comes next is older than what is kept: a page without it would look
 * like a gap. */
static bool is_gone(const struct page *p, struct rows *rows)
{
	return !p->backward &&
	       p->cursor + 1 < (uint64_t)rows_i64(rows, 0, "first_seq");
}

static void answer_gone(const struct page *p, struct rows *rows)
{
	request_refuse(p->req, (struct problem){
				   OUTCOME_HISTORY_EXPIRED, NULL,
				   (uint64_t)rows_i64(rows, 0, "first_seq") });
}

static void answer_page(struct page *p, struct rows *rows)
{
	struct buf out = BUF_INIT;
	uint8_t version[VERSION];
	struct shown shown;

	put_page(p, rows, &out, &shown);
	set_version(version, &shown.last, p->limit, shown.whole,
		    p->handshake  ? 'h'
		    : p->backward ? 'b'
				  : 'a');
	position_add(p->req, (uint64_t)rows_i64(rows, 0, "position"));
	if (rows_end(rows) != ERR_OK)
		answer_fail(p->req, ERR_LOCAL_BUG);
	else if (shown.more)
		conditional_answer(p->req, "application/json", buf_span(&out),
				   SPAN_ARRAY(version));
	else
		request_answer(p->req, 200, "application/json", buf_span(&out));
	buf_clear(&out);
}

static void on_page(void *arg, enum err e, struct rows *rows)
{
	struct page *p = arg;

	if (e != ERR_OK || rows_count(rows) == 0)
		answer_fail(p->req, e != ERR_OK ? e : ERR_LOCAL_BUG);
	else if (!rows_bool(rows, 0, "member"))
		request_problem(p->req,
				p->handshake ? OUTCOME_NOT_INVITED
					     : OUTCOME_NOT_A_MEMBER,
				NULL);
	else if (is_gone(p, rows))
		answer_gone(p, rows);
	else
		answer_page(p, rows);
	free(p);
}

/* handshake, after, before and limit; false: answered with 400. */
static bool read_page(struct page *p)
{
	struct span after, before, handshake;
	bool has_after = request_query(p->req, "after", &after), ok;

	p->handshake = request_query(p->req, "handshake", &handshake) &&
		       !span_equal(handshake, SPAN_LIT("false"));
	p->backward = request_query(p->req, "before", &before);
	ok = page_limit(p->req, PAGE, p->handshake ? HANDSHAKE_MAX : PAGE_MAX,
			&p->limit);
	if (p->handshake &&
	    (p->backward || !span_equal(handshake, SPAN_LIT("true"))))
		ok = false;
	if (has_after && p->backward)
		ok = false;
	else if (has_after || p->backward)
		ok =
		    ok && text_parse_u64(&p->cursor, has_after ? after : before,
					 INT64_MAX) == ERR_OK;
	if (!ok)
		request_problem(p->req, OUTCOME_MALFORMED,
				"after or before is a seq, limit 1 to 500; "
				"handshake is true, with after, limit 1 to "
				"5000");
	return ok;
}

static enum err ask_page(struct page *p, const struct identity *who)
{
	struct params params = PARAMS_INIT;
	enum statement statement = p->handshake
				       ? STATEMENT_MESSAGE_PAGE_HANDSHAKE
				   : p->backward ? STATEMENT_MESSAGE_PAGE_BEFORE
						 : STATEMENT_MESSAGE_PAGE_AFTER;

	params_uuid(&params, p->session);
	params_uuid(&params, p->handshake ? who->user : who->device);
	params_i64(&params, (int64_t)p->cursor);
	/* one more: is there more? */
	params_i32(&params, (int32_t)p->limit + (p->handshake ? 0 : 1));
	if (p->handshake)
		params_i64(&params, HANDSHAKE_BYTES);
	return store_read(answer_store(), statement, &params,
			  position_given(p->req), on_page, p);
}

void messages_list(const struct call *call)
{
	struct request *req = call->req;
	struct page *p;
	enum err e;

	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	p->req = req;
	p->session = call->session;
	if (!read_page(p)) {
		free(p);
		return;
	}
	e = ask_page(p, &call->who);
	if (e != ERR_OK) {
		answer_fail(req, e);
		free(p);
	}
}

static void answer_octets(struct request *req, const struct message *m)
{
	struct buf head = BUF_INIT;
	uint8_t version[VERSION];
	char number[24];

	(void)snprintf(number, sizeof(number), "%" PRIu64, m->seq);
	request_add(req, "Hermetic-Seq", number);
	(void)snprintf(number, sizeof(number), "%d", (int)m->kind);
	request_add(req, "Hermetic-Kind", number);
	digest_put(&head, m->head);
	buf_put_u8(&head, '\0');
	if (buf_end(&head) == ERR_OK)
		request_add(req, "Hermetic-Head", (const char *)head.p);
	set_version(version, m, 1, 1, 'o');
	conditional_answer(req, OCTETS, m->bytes, SPAN_ARRAY(version));
	buf_clear(&head);
}

static void on_message(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;
	struct uuid session;
	uint8_t version[VERSION];
	struct message m;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	if (rows_count(rows) == 0 ||
	    uuid_parse(&session, request_param(req, "session_id")) != ERR_OK) {
		request_problem(req, OUTCOME_NO_MESSAGE, NULL);
		return;
	}
	store_read_message(rows, 0, session, &m);
	if (rows_end(rows) != ERR_OK) {
		answer_fail(req, ERR_LOCAL_BUG);
		buf_clear(&out);
		return;
	}
	request_add(req, "Vary", "Accept");
	if (wants_octets(req) && m.bytes.n == 0) {
		request_problem(req, OUTCOME_NOT_FOUND,
				"only the hash of these bytes is kept");
	} else if (wants_octets(req)) {
		answer_octets(req, &m);
	} else {
		delivery_put(&out, &m, false);
		set_version(version, &m, 1, m.bytes.n > 0, 'j');
		conditional_answer(req, "application/json", buf_span(&out),
				   SPAN_ARRAY(version));
	}
	buf_clear(&out);
}

void messages_get(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct request *req = call->req;
	uint64_t seq;

	if (text_parse_u64(&seq, request_param(req, "seq"), INT64_MAX) !=
	    ERR_OK) {
		request_problem(req, OUTCOME_NO_MESSAGE, NULL);
		return;
	}
	params_uuid(&params, call->session);
	params_uuid(&params, call->who.device);
	params_i64(&params, (int64_t)seq);
	answer_query(req, STATEMENT_MESSAGE_GET, &params, on_message);
}
