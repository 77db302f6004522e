#include "store/lines.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

enum { NODE_HEX = 16 };

/* The first letter of a line, by kind. */
static const char LETTERS[] = "?mwrkxdat";

/* ---- putting ---- */

void lines_put_node(struct buf *payload, uint64_t node)
{
	buf_putf(payload, "n %016" PRIx64 "\n", node);
}

size_t lines_length(const struct notice *notice)
{
	size_t n = notice->bytes.n;

	return LINES_ONE_MAX + (n > 0 ? (n + LINES_SEAL_MAX + 2) / 3 * 4 : 0);
}

static void put_row(struct buf *payload, struct span row,
		    const struct lines_seal *seal)
{
	struct buf sealed = BUF_INIT;

	if (seal->seal(row, &sealed) == ERR_OK && buf_end(&sealed) == ERR_OK) {
		buf_put_u8(payload, ' ');
		text_put_base64(payload, buf_span(&sealed));
	}
	buf_clear(&sealed);
}

void lines_put(struct buf *payload, const struct notice *notice,
	       const struct lines_seal *seal)
{
	buf_putf(payload, "%c ",
		 notice->node != 0 ? 's' : LETTERS[notice->kind]);
	uuid_put(payload, notice->id);
	if (notice->kind == NOTICE_MESSAGE || notice->kind == NOTICE_TYPING)
		buf_putf(payload, " %" PRIu64, notice->seq);
	if (notice->kind == NOTICE_TYPING) {
		buf_put_u8(payload, ' ');
		text_put_base64(payload, notice->bytes);
	} else if (notice->bytes.n > 0) {
		put_row(payload, notice->bytes, seal);
	}
	buf_put_u8(payload, '\n');
}

/* ---- parsing ---- */

struct parsing {
	const struct lines_seal *seal;
	uint64_t node; /* of the lines that follow; 0: nobody has said */
	struct buf bytes, row; /* of the line */
};

/* What is no row of a node's is as if it were not there: the line is a hint still. */
static void take_row(struct parsing *p, struct notice *notice)
{
	struct message m;
	struct rd r;

	if (p->seal->open(buf_span(&p->bytes), &p->row) != ERR_OK)
		return;
	r = rd_init(buf_span(&p->row));
	if (message_take(&r, &m) && m.seq == notice->seq &&
	    uuid_equal(m.session, notice->id))
		notice->bytes = buf_span(&p->row);
}

static bool wants_row(const struct parsing *p, const struct notice *notice)
{
	return p->seal != NULL &&
	       (p->seal->wants == NULL || p->seal->wants(notice));
}

static bool take_bytes(struct parsing *p, struct notice *notice,
		       struct span text)
{
	if (notice->kind == NOTICE_MESSAGE && !wants_row(p, notice))
		return true;
	if (text_base64(&p->bytes, text) != ERR_OK)
		return false;
	if (notice->kind == NOTICE_MESSAGE) {
		take_row(p, notice);
		return true;
	}
	notice->bytes = buf_span(&p->bytes);
	return notice->bytes.n > 0 && notice->bytes.n <= LINES_TYPING_MAX;
}

/* "SEQ" or "SEQ BASE64": `has_bytes` says whether there may, and of typing must, be some. */
static bool parse_seq(struct parsing *p, struct rd *r, struct notice *notice,
		      bool has_bytes)
{
	struct span rest = rd_take(r, rd_left(r));
	const uint8_t *space =
	    has_bytes && rest.n > 0 ? memchr(rest.p, ' ', rest.n) : NULL;
	size_t n = space != NULL ? (size_t)(space - rest.p) : rest.n;

	if (text_parse_u64(&notice->seq, span_of(rest.p, n), INT64_MAX) !=
	    ERR_OK)
		return false;
	if (space == NULL)
		return notice->kind == NOTICE_MESSAGE;
	return take_bytes(p, notice, span_of(space + 1, rest.n - n - 1));
}

static bool parse_line(struct parsing *p, struct span line,
		       struct notice *notice)
{
	struct rd r = rd_init(line);
	uint8_t letter = rd_u8(&r), space = rd_u8(&r);
	struct span id = rd_take(&r, UUID_TEXT);
	bool stored = letter == 's';
	const char *at = stored		? &LETTERS[NOTICE_MESSAGE]
			 : letter > '?' ? strchr(LETTERS + 1, letter)
					: NULL;

	if (!rd_ok(&r) || space != ' ' || at == NULL)
		return false;
	*notice = (struct notice){ .kind = (enum notice_kind)(at - LETTERS),
				   .node = stored ? p->node : 0 };
	if (uuid_parse(&notice->id, id) != ERR_OK)
		return false;
	if (notice->kind == NOTICE_MESSAGE || notice->kind == NOTICE_TYPING)
		return rd_u8(&r) == ' ' && rd_left(&r) > 0 &&
		       parse_seq(p, &r, notice,
				 stored || notice->kind == NOTICE_TYPING);
	return rd_left(&r) == 0;
}

/* "n NODE"; false: it is another line. */
static bool parse_node(struct parsing *p, struct span line)
{
	struct rd r = rd_init(line);
	struct rd bytes;
	uint8_t kind = rd_u8(&r);

	if (kind != 'n' || rd_u8(&r) != ' ' || rd_left(&r) != NODE_HEX)
		return false;
	if (text_hex(&p->bytes, rd_take(&r, NODE_HEX)) != ERR_OK)
		return true; /* what it says is nothing */
	bytes = rd_init(buf_span(&p->bytes));
	p->node = rd_u64(&bytes);
	return true;
}

void lines_parse(const char *payload, const struct lines_seal *seal,
		 void (*each)(void *arg, const struct notice *notice),
		 void *arg)
{
	struct parsing p = { .seal = seal, .bytes = BUF_INIT, .row = BUF_INIT };
	struct notice notice;

	while (*payload != '\0') {
		size_t n = strcspn(payload, "\n");
		struct span line = span_of(payload, n);

		if (!parse_node(&p, line) && parse_line(&p, line, &notice))
			each(arg, &notice);
		buf_reset(&p.bytes);
		buf_reset(&p.row);
		payload += n + (payload[n] == '\n');
	}
	buf_clear(&p.bytes);
	buf_clear(&p.row);
}
