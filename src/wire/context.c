#include "wire/context.h"

void wire_group_context_read(struct rd *r, struct wire_group_context *context)
{
	struct rd start = *r;

	*context = (struct wire_group_context){ 0 };
	context->version = rd_u16(r);
	context->cipher_suite = rd_u16(r);
	context->group_id = rd_vec(r);
	context->epoch = rd_u64(r);
	context->tree_hash = rd_vec(r);
	context->confirmed_transcript_hash = rd_vec(r);
	context->extensions = wire_extensions_read(r);
	context->encoded = wire_since(&start, r);
}

enum err wire_group_context_decode(struct span bytes,
				   struct wire_group_context *context)
{
	struct rd r = rd_init(bytes);

	wire_group_context_read(&r, context);
	return rd_end(&r);
}

void wire_group_context_put(struct buf *b,
			    const struct wire_group_context *context)
{
	buf_put_u16(b, context->version);
	buf_put_u16(b, context->cipher_suite);
	buf_put_vec(b, context->group_id);
	buf_put_u64(b, context->epoch);
	buf_put_vec(b, context->tree_hash);
	buf_put_vec(b, context->confirmed_transcript_hash);
	buf_put_vec(b, context->extensions);
}
