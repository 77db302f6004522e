/* A request for approval and its answer: what decodes encodes to the same bytes, and
 * nothing that was made without the code is taken. */
#include "fuzz.h"
#include "session/approval.h"

static const struct sec code = { .b = { 1 }, .n = 13 };

static void check(struct buf *again, struct span mac, struct span bytes)
{
	buf_put(again, mac);
	if (buf_end(again) != ERR_OK || !span_equal(buf_span(again), bytes))
		__builtin_trap();
	buf_clear(again);
}

static void look_at_request(struct span bytes)
{
	struct approval_request request;
	struct buf again = BUF_INIT;

	if (approval_request_decode(bytes, &request) != ERR_OK)
		return;
	if (approval_check(&code, &request) == ERR_OK)
		__builtin_trap();
	approval_request_put(&again, &request);
	check(&again, request.mac, bytes);
}

static void look_at_answer(struct span bytes)
{
	struct approval_answer answer;
	struct buf again = BUF_INIT, handover = BUF_INIT;

	if (approval_answer_decode(bytes, &answer) != ERR_OK)
		return;
	if (approval_open(&code, &answer, SPAN_EMPTY, &handover) == ERR_OK)
		__builtin_trap();
	buf_clear(&handover);
	approval_answer_put(&again, &answer);
	check(&again, answer.mac, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	look_at_request(span_of(data, size));
	look_at_answer(span_of(data, size));
	return 0;
}
