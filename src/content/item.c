#include "content/item.h"

#include "base/text.h"

#include <cbor.h>
#include <string.h>

#define HEAD_MAX 9			  /* bytes of the longest head */
#define KEY_NUMBER_MAX ((1ULL << 53) - 1) /* a double holds it exactly */
#define NAN_HALF 0x7e00

/* How libcbor says a length. */
#if CBOR_MAJOR_VERSION > 0 || CBOR_MINOR_VERSION >= 10
typedef uint64_t cbor_length;
#else
typedef size_t cbor_length;
#endif

/* What the library told of one item. */
struct head {
	enum item_kind kind;
	uint64_t number; /* value, length, count or tag */
	double real;
	struct span text; /* of bytes and texts, in the input */
	size_t size;	  /* bytes of the input, the text's included */
};

/* ---- what the library tells ---- */

static void tell(void *to, enum item_kind kind, uint64_t number)
{
	struct head *head = to;

	head->kind = kind;
	head->number = number;
}

static void on_u8(void *to, uint8_t v)
{
	tell(to, ITEM_UINT, v);
}

static void on_u16(void *to, uint16_t v)
{
	tell(to, ITEM_UINT, v);
}

static void on_u32(void *to, uint32_t v)
{
	tell(to, ITEM_UINT, v);
}

static void on_u64(void *to, uint64_t v)
{
	tell(to, ITEM_UINT, v);
}

static void on_n8(void *to, uint8_t v)
{
	tell(to, ITEM_NEGINT, v);
}

static void on_n16(void *to, uint16_t v)
{
	tell(to, ITEM_NEGINT, v);
}

static void on_n32(void *to, uint32_t v)
{
	tell(to, ITEM_NEGINT, v);
}

static void on_n64(void *to, uint64_t v)
{
	tell(to, ITEM_NEGINT, v);
}

static void on_bytes(void *to, cbor_data p, cbor_length n)
{
	tell(to, ITEM_BYTES, n);
	((struct head *)to)->text = span_of(p, (size_t)n);
}

static void on_text(void *to, cbor_data p, cbor_length n)
{
	tell(to, ITEM_TEXT, n);
	((struct head *)to)->text = span_of(p, (size_t)n);
}

static void on_array(void *to, cbor_length n)
{
	tell(to, ITEM_ARRAY, n);
}

static void on_map(void *to, cbor_length n)
{
	tell(to, ITEM_MAP, n);
}

static void on_tag(void *to, uint64_t v)
{
	tell(to, ITEM_TAG, v);
}

static void on_float(void *to, float v)
{
	tell(to, ITEM_FLOAT, 0);
	((struct head *)to)->real = (double)v;
}

static void on_double(void *to, double v)
{
	tell(to, ITEM_FLOAT, 0);
	((struct head *)to)->real = v;
}

static void on_undefined(void *to)
{
	tell(to, ITEM_UNDEFINED, 0);
}

static void on_null(void *to)
{
	tell(to, ITEM_NULL, 0);
}

static void on_bool(void *to, bool v)
{
	tell(to, ITEM_BOOL, v ? 1 : 0);
}

/* Lengths that are not said, and the break that ends them: never deterministic. */
static void on_refused(void *to)
{
	tell(to, ITEM_NONE, 0);
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_u8,
	.uint16 = on_u16,
	.uint32 = on_u32,
	.uint64 = on_u64,
	.negint8 = on_n8,
	.negint16 = on_n16,
	.negint32 = on_n32,
	.negint64 = on_n64,
	.byte_string_start = on_refused,
	.byte_string = on_bytes,
	.string = on_text,
	.string_start = on_refused,
	.indef_array_start = on_refused,
	.array_start = on_array,
	.indef_map_start = on_refused,
	.map_start = on_map,
	.tag = on_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = on_undefined,
	.null = on_null,
	.boolean = on_bool,
	.indef_break = on_refused,
};

static bool take_apart(struct span bytes, struct head *head)
{
	struct cbor_decoder_result result;

	memset(head, 0, sizeof(*head));
	if (bytes.n == 0)
		return false;
	result = cbor_stream_decode(bytes.p, bytes.n, &callbacks, head);
	head->size = result.read;
	return result.status == CBOR_DECODER_FINISHED &&
	       head->kind != ITEM_NONE && result.read > 0 &&
	       result.read <= bytes.n && head->text.n < result.read;
}

/* ---- the one encoding ---- */

/* A float that a shorter one holds is that one. */
static size_t encode_float(double v, uint8_t *out)
{
	float single = (float)v;
	struct head half;
	size_t n;

	if (v != v) {
		out[0] = 0xf9;
		out[1] = NAN_HALF >> 8;
		out[2] = NAN_HALF & 0xff;
		return 3;
	}
	if ((double)single != v)
		return cbor_encode_double(v, out, HEAD_MAX);
	n = cbor_encode_half(single, out, HEAD_MAX);
	if (n > 0 && take_apart(span_of(out, n), &half) && half.real == v)
		return n;
	return cbor_encode_single(single, out, HEAD_MAX);
}

static size_t encode_head(const struct head *head, uint8_t *out)
{
	size_t n = (size_t)head->number;

	switch (head->kind) {
	case ITEM_UINT:
		return cbor_encode_uint(head->number, out, HEAD_MAX);
	case ITEM_NEGINT:
		return cbor_encode_negint(head->number, out, HEAD_MAX);
	case ITEM_BYTES:
		return cbor_encode_bytestring_start(n, out, HEAD_MAX);
	case ITEM_TEXT:
		return cbor_encode_string_start(n, out, HEAD_MAX);
	case ITEM_ARRAY:
		return cbor_encode_array_start(n, out, HEAD_MAX);
	case ITEM_MAP:
		return cbor_encode_map_start(n, out, HEAD_MAX);
	case ITEM_TAG:
		return cbor_encode_tag(head->number, out, HEAD_MAX);
	case ITEM_BOOL:
		return cbor_encode_bool(head->number == 1, out, HEAD_MAX);
	case ITEM_NULL:
		return cbor_encode_null(out, HEAD_MAX);
	case ITEM_UNDEFINED:
		return cbor_encode_undef(out, HEAD_MAX);
	case ITEM_FLOAT:
		return encode_float(head->real, out);
	case ITEM_NONE:
		break;
	}
	return 0;
}

/* The library takes longer forms, too, and on 32 bits the lower half of a length:
 * what it understood is encoded again, and has to be the same. */
static bool is_the_one(const struct head *head, struct span bytes)
{
	uint8_t again[HEAD_MAX];
	size_t n = encode_head(head, again);

	return n > 0 && n == head->size - head->text.n &&
	       memcmp(again, bytes.p, n) == 0;
}

/* ---- reading ---- */

struct item_rd item_rd_init(struct span bytes)
{
	return (struct item_rd){ bytes, ERR_OK };
}

enum err item_end(struct item_rd *r)
{
	if (r->fail == ERR_OK && r->rest.n > 0)
		item_fail(r, ERR_PEER_MALFORMED);
	return r->fail;
}

void item_fail(struct item_rd *r, enum err e)
{
	if (r->fail == ERR_OK)
		r->fail = e;
	r->rest = SPAN_EMPTY;
}

/* kind ITEM_NONE: the reader has failed. */
static struct head take(struct item_rd *r)
{
	struct head head;

	if (!take_apart(r->rest, &head) || !is_the_one(&head, r->rest) ||
	    (head.kind == ITEM_TEXT && !text_is_utf8(head.text))) {
		item_fail(r, ERR_PEER_MALFORMED);
		memset(&head, 0, sizeof(head));
		return head;
	}
	r->rest = span_of(r->rest.p + head.size, r->rest.n - head.size);
	return head;
}

static struct head take_kind(struct item_rd *r, enum item_kind kind,
			     uint64_t max)
{
	struct head head = take(r);

	if (head.kind == kind && head.number <= max)
		return head;
	item_fail(r,
		  head.kind == kind ? ERR_PEER_TOO_LARGE : ERR_PEER_MALFORMED);
	memset(&head, 0, sizeof(head));
	return head;
}

uint64_t item_uint(struct item_rd *r, uint64_t max)
{
	return take_kind(r, ITEM_UINT, max).number;
}

bool item_bool(struct item_rd *r)
{
	return take_kind(r, ITEM_BOOL, 1).number == 1;
}

struct span item_bytes(struct item_rd *r, size_t max)
{
	return take_kind(r, ITEM_BYTES, max).text;
}

struct span item_text(struct item_rd *r, size_t max)
{
	return take_kind(r, ITEM_TEXT, max).text;
}

/* Each item has a byte at least. */
static size_t count_of(struct item_rd *r, enum item_kind kind, size_t max,
		       size_t least)
{
	size_t count = (size_t)take_kind(r, kind, max).number;

	if (count <= r->rest.n / least)
		return count;
	item_fail(r, ERR_PEER_MALFORMED);
	return 0;
}

size_t item_array(struct item_rd *r, size_t max)
{
	return count_of(r, ITEM_ARRAY, max, 1);
}

size_t item_map(struct item_rd *r, size_t max)
{
	return count_of(r, ITEM_MAP, max, 2);
}

bool item_null(struct item_rd *r)
{
	struct head head;

	if (!take_apart(r->rest, &head) || head.kind != ITEM_NULL)
		return false;
	(void)take(r);
	return true;
}

struct item_key item_key(struct item_rd *r)
{
	struct span from = r->rest;
	struct head head = take(r);
	struct item_key key = { head.kind, head.number, head.text,
				span_of(from.p, head.size) };

	if (head.kind == ITEM_TEXT || head.kind == ITEM_BYTES)
		return key;
	/* -1 - number: the smallest is -(2^53 - 1) */
	if ((head.kind == ITEM_UINT && head.number <= KEY_NUMBER_MAX) ||
	    (head.kind == ITEM_NEGINT && head.number < KEY_NUMBER_MAX))
		return key;
	item_fail(r, ERR_PEER_MALFORMED);
	memset(&key, 0, sizeof(key));
	return key;
}

bool item_in_order(struct span before, struct span after)
{
	return span_compare(before, after) < 0;
}

static void skip_any(struct item_rd *r, unsigned levels);

static void skip_map(struct item_rd *r, size_t pairs, unsigned levels)
{
	struct span last = SPAN_EMPTY;

	if (pairs > r->rest.n / 2)
		item_fail(r, ERR_PEER_MALFORMED);
	for (; pairs > 0 && r->fail == ERR_OK; pairs--) {
		struct item_key key = item_key(r);

		if (r->fail == ERR_OK && !item_in_order(last, key.encoded))
			item_fail(r, ERR_PEER_MALFORMED);
		last = key.encoded;
		skip_any(r, levels);
	}
}

/* It goes `levels` deep at most, and each item takes a byte at least. */
static void skip_any(struct item_rd *r, unsigned levels)
{
	struct head head = take(r);
	size_t count = head.kind == ITEM_TAG ? 1 : (size_t)head.number;

	if (head.kind != ITEM_ARRAY && head.kind != ITEM_MAP &&
	    head.kind != ITEM_TAG)
		return;
	if (levels == 0) {
		item_fail(r, ERR_PEER_TOO_LARGE);
		return;
	}
	if (head.kind == ITEM_MAP) {
		skip_map(r, count, levels - 1);
		return;
	}
	if (count > r->rest.n)
		item_fail(r, ERR_PEER_MALFORMED);
	for (; count > 0 && r->fail == ERR_OK; count--)
		skip_any(r, levels - 1);
}

struct span item_any(struct item_rd *r, unsigned levels)
{
	struct span from = r->rest;

	skip_any(r, levels);
	return r->fail == ERR_OK ? span_of(from.p, from.n - r->rest.n)
				 : SPAN_EMPTY;
}

/* ---- writing ---- */

static void put(struct buf *out, enum item_kind kind, uint64_t number)
{
	struct head head = { .kind = kind, .number = number };
	uint8_t made[HEAD_MAX];
	size_t n = encode_head(&head, made);

	buf_put(out, span_of(made, n));
}

void item_put_uint(struct buf *out, uint64_t value)
{
	put(out, ITEM_UINT, value);
}

void item_put_negint(struct buf *out, uint64_t number)
{
	put(out, ITEM_NEGINT, number);
}

void item_put_bytes(struct buf *out, struct span bytes)
{
	put(out, ITEM_BYTES, bytes.n);
	buf_put(out, bytes);
}

void item_put_text(struct buf *out, struct span text)
{
	put(out, ITEM_TEXT, text.n);
	buf_put(out, text);
}

void item_put_array(struct buf *out, size_t count)
{
	put(out, ITEM_ARRAY, count);
}

void item_put_map(struct buf *out, size_t pairs)
{
	put(out, ITEM_MAP, pairs);
}

void item_put_bool(struct buf *out, bool value)
{
	put(out, ITEM_BOOL, value ? 1 : 0);
}

void item_put_null(struct buf *out)
{
	put(out, ITEM_NULL, 0);
}
