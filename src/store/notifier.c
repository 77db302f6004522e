#include "store/notifier.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "base/text.h"

/* PostgreSQL takes payloads below 8,000 bytes. */
enum { PAYLOAD_MAX = 7900, LINE_MAX_SIZE = 64, PENDING_MAX = 65536 };

/* Of typing notices so many wait, and none where so many others do. */
enum {
	TYPING_WAITING = 64,
	TYPING_BESIDE = 512,
	TYPING_LINE = LINE_MAX_SIZE + (NOTIFIER_BYTES_MAX + 2) / 3 * 4
};

struct waiting_typing {
	struct uuid session;
	uint64_t seq;
	size_t n;
	uint8_t bytes[NOTIFIER_BYTES_MAX];
};

struct notifier {
	const struct store_loop *loop;
	struct connection *connection;
	struct notice *pending;
	size_t count, cap;
	struct waiting_typing typing[TYPING_WAITING];
	size_t typing_count;
	bool in_flight;
	bool due; /* what is pending goes at the end of this turn */
};

static void send_pending(struct notifier *n);

static void on_sent(void *arg, enum err e, struct rows *rows)
{
	struct notifier *n = arg;

	(void)rows;
	(void)e; /* a lost wake-up is made good by the listeners */
	n->in_flight = false;
	send_pending(n);
}

/* The first letter of a line, by kind. */
static const char LETTERS[] = "?mwrkxdat";

static void put_line(struct buf *payload, const struct notice *notice)
{
	buf_putf(payload, "%c ", LETTERS[notice->kind]);
	uuid_put(payload, notice->id);
	if (notice->kind == NOTICE_MESSAGE || notice->kind == NOTICE_TYPING)
		buf_putf(payload, " %" PRIu64, notice->seq);
	if (notice->kind == NOTICE_TYPING) {
		buf_put_u8(payload, ' ');
		text_put_base64(payload, notice->bytes);
	}
	buf_put_u8(payload, '\n');
}

/* In what room there is: the others go first. */
static void put_typing(struct notifier *n, struct buf *payload)
{
	size_t taken = 0;

	for (;
	     taken < n->typing_count && payload->n + TYPING_LINE < PAYLOAD_MAX;
	     taken++) {
		const struct waiting_typing *t = &n->typing[taken];
		const struct notice notice = { NOTICE_TYPING, t->session,
					       t->seq,
					       span_of(t->bytes, t->n) };

		put_line(payload, &notice);
	}
	n->typing_count -= taken;
	memmove(n->typing, n->typing + taken,
		n->typing_count * sizeof(*n->typing));
}

static void send_pending(struct notifier *n)
{
	struct params params = PARAMS_INIT;
	struct buf payload = BUF_INIT;
	size_t taken = 0;

	if (n->in_flight || n->count + n->typing_count == 0)
		return;
	while (taken < n->count && payload.n + LINE_MAX_SIZE < PAYLOAD_MAX)
		put_line(&payload, &n->pending[taken++]);
	put_typing(n, &payload);
	params_text(&params, buf_span(&payload));
	buf_clear(&payload);
	n->count -= taken;
	if (taken > 0)
		memmove(n->pending, n->pending + taken,
			n->count * sizeof(*n->pending));
	n->in_flight = connection_send(n->connection, STATEMENT_NOTIFY, &params,
				       on_sent, n) == ERR_OK;
}

static void on_turn_end(void *arg)
{
	struct notifier *n = arg;

	n->due = false;
	send_pending(n);
}

/* All that was stored together is told together. */
static void send_soon(struct notifier *n)
{
	if (n->due || n->in_flight)
		return;
	n->due = true;
	n->loop->later(n->loop->context, 0, on_turn_end, n);
}

/* The newest position of a session replaces an older one that still waits.
 * Newest entries are looked at first: the busy sessions are there. */
static void add(struct notifier *n, const struct notice *notice)
{
	for (size_t i = n->count; i > 0; i--) {
		struct notice *old = &n->pending[i - 1];

		if (old->kind == notice->kind &&
		    uuid_equal(old->id, notice->id)) {
			if (notice->seq > old->seq)
				old->seq = notice->seq;
			return;
		}
	}
	if (n->count == n->cap) {
		size_t cap = n->cap > 0 ? n->cap * 2 : 64;
		struct notice *grown;

		if (cap > PENDING_MAX)
			return;
		grown = realloc(n->pending, cap * sizeof(*grown));
		if (grown == NULL)
			return;
		n->pending = grown;
		n->cap = cap;
	}
	n->pending[n->count++] = *notice;
}

void notifier_tell(struct notifier *n, enum notice_kind kind, struct uuid id,
		   uint64_t seq)
{
	struct notice notice = { .kind = kind, .id = id, .seq = seq };

	add(n, &notice);
	send_soon(n);
}

void notifier_tell_typing(struct notifier *n, struct uuid session, uint64_t seq,
			  struct span bytes)
{
	struct waiting_typing *t = &n->typing[n->typing_count];

	if (bytes.n > NOTIFIER_BYTES_MAX || n->typing_count == TYPING_WAITING ||
	    n->count > TYPING_BESIDE)
		return;
	*t = (struct waiting_typing){ session, seq, bytes.n, { 0 } };
	span_copy(t->bytes, bytes);
	n->typing_count++;
	send_soon(n);
}

struct connection *notifier_connection(struct notifier *n)
{
	return n->connection;
}

bool notifier_is_idle(const struct notifier *n)
{
	return n->count + n->typing_count == 0 && !n->in_flight;
}

enum err notifier_open(const struct store_loop *loop, const char *conninfo,
		       bool pooled, struct notifier **out)
{
	struct connection_settings settings = { .conninfo = conninfo,
						.name = "hermetic notifier",
						.durable = false,
						.keeps_plans = true,
						.pooled = pooled,
						.queue_max = 2,
						.wait_ms = 5000 };
	struct notifier *n = calloc(1, sizeof(*n));
	enum err e;

	ENSURE(n != NULL, ERR_LOCAL_MEMORY);
	n->loop = loop;
	TRY(connection_open(loop, &settings, &n->connection));
	*out = n;
	return ERR_OK;
out:
	free(n);
	return e;
}

/* "SEQ", or with `bytes` "SEQ BASE64". */
static bool parse_seq(struct rd *r, struct notice *notice, struct buf *bytes)
{
	struct span rest = rd_take(r, rd_left(r));
	const uint8_t *space =
	    bytes != NULL ? memchr(rest.p, ' ', rest.n) : rest.p + rest.n;
	size_t n = space != NULL ? (size_t)(space - rest.p) : rest.n;

	if (text_parse_u64(&notice->seq, span_of(rest.p, n), INT64_MAX) !=
	    ERR_OK)
		return false;
	if (bytes == NULL)
		return true;
	if (space == NULL ||
	    text_base64(bytes, span_of(space + 1, rest.n - n - 1)) != ERR_OK)
		return false;
	notice->bytes = buf_span(bytes);
	return notice->bytes.n > 0 && notice->bytes.n <= NOTIFIER_BYTES_MAX;
}

static bool parse_line(struct span line, struct notice *notice,
		       struct buf *bytes)
{
	struct rd r = rd_init(line);
	uint8_t letter = rd_u8(&r), space = rd_u8(&r);
	struct span id = rd_take(&r, UUID_TEXT);
	const char *at = letter > '?' ? strchr(LETTERS + 1, letter) : NULL;

	if (!rd_ok(&r) || space != ' ' || at == NULL)
		return false;
	*notice = (struct notice){ .kind = (enum notice_kind)(at - LETTERS) };
	if (uuid_parse(&notice->id, id) != ERR_OK)
		return false;
	if (notice->kind == NOTICE_MESSAGE || notice->kind == NOTICE_TYPING)
		return rd_u8(&r) == ' ' && rd_left(&r) > 0 &&
		       parse_seq(&r, notice,
				 notice->kind == NOTICE_TYPING ? bytes : NULL);
	return rd_left(&r) == 0;
}

void notifier_parse(const char *payload,
		    void (*each)(void *arg, const struct notice *notice),
		    void *arg)
{
	struct buf bytes = BUF_INIT;
	struct notice notice;

	while (*payload != '\0') {
		size_t n = strcspn(payload, "\n");

		buf_reset(&bytes);
		if (parse_line(span_of(payload, n), &notice, &bytes))
			each(arg, &notice);
		payload += n + (payload[n] == '\n');
	}
	buf_clear(&bytes);
}
