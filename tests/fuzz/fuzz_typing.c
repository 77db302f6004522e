/* A typing notice, outside and inside: what is read of it encodes to the same bytes. */
#include "fuzz.h"
#include "wire/typing.h"

static void same(struct buf *again, struct span bytes)
{
	if (buf_end(again) != ERR_OK || !span_equal(buf_span(again), bytes))
		__builtin_trap();
	buf_clear(again);
}

static void use_notice(struct span bytes)
{
	struct buf again = BUF_INIT;
	struct typing typing;

	if (typing_decode(bytes, &typing) != ERR_OK)
		return;
	typing_put_clear(&again, typing.session_id, typing.epoch);
	if (!span_equal(typing.clear, buf_span(&again)) ||
	    typing.nonce.n != TYPING_NONCE || bytes.n > TYPING_MAX)
		__builtin_trap();
	buf_put(&again, typing.nonce);
	buf_put(&again, typing.sealed);
	same(&again, bytes);
}

static void use_said(struct span bytes)
{
	struct buf again = BUF_INIT;
	struct typing_said said;

	if (typing_said_decode(bytes, &said) != ERR_OK)
		return;
	typing_put_unsigned(&again, &said);
	if (!span_equal(said.unsigned_part, buf_span(&again)))
		__builtin_trap();
	buf_put(&again, said.signature);
	same(&again, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	use_notice(span_of(data, size));
	use_said(span_of(data, size));
	return 0;
}
