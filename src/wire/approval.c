#include "wire/approval.h"

#define VERSION 1

static void put_place(struct buf *b, const struct approval_place *place)
{
	buf_put_u8(b, VERSION);
	buf_put(b, place->fingerprint);
	buf_put_u64(b, place->number);
	buf_put(b, place->hash);
}

void approval_request_put(struct buf *b, const struct approval_request *request)
{
	put_place(b, &request->place);
	buf_put_vec(b, request->entry);
}

void approval_answer_put(struct buf *b, const struct approval_answer *answer)
{
	put_place(b, &answer->place);
	buf_put_vec(b, answer->handover);
}

/* Version, place and a vector, then the mac. */
static enum err decode(struct span bytes, struct approval_place *place,
		       struct span *vector, struct span *signed_part,
		       struct span *mac)
{
	struct rd r = rd_init(bytes);
	uint8_t version = rd_u8(&r);
	enum err e;

	TRY(r.fail);
	ENSURE(version == VERSION, ERR_PEER_UNSUPPORTED);
	place->fingerprint = rd_take(&r, ACCOUNT_HASH);
	place->number = rd_u64(&r);
	place->hash = rd_take(&r, ACCOUNT_HASH);
	*vector = rd_vec(&r);
	*signed_part = span_of(bytes.p, bytes.n - rd_left(&r));
	*mac = rd_take(&r, APPROVAL_MAC);
	TRY(rd_end(&r));
	ENSURE(place->number > 0, ERR_PEER_MALFORMED);
out:
	return e;
}

enum err approval_request_decode(struct span bytes,
				 struct approval_request *request)
{
	struct approval_request got = { .mac = SPAN_EMPTY };
	struct account_entry entry;
	enum err e;

	ENSURE(bytes.n <= APPROVAL_REQUEST_MAX, ERR_PEER_TOO_LARGE);
	TRY(decode(bytes, &got.place, &got.entry, &got.signed_part, &got.mac));
	TRY(account_link_decode_device(got.entry, &entry));
	*request = got;
out:
	return e;
}

enum err approval_answer_decode(struct span bytes,
				struct approval_answer *answer)
{
	struct approval_answer got = { .mac = SPAN_EMPTY };
	enum err e;

	ENSURE(bytes.n <= APPROVAL_ANSWER_MAX, ERR_PEER_TOO_LARGE);
	TRY(decode(bytes, &got.place, &got.handover, &got.signed_part,
		   &got.mac));
	*answer = got;
out:
	return e;
}
