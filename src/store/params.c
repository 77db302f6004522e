#include "store/params.h"

#include <limits.h>

void params_clear(struct params *p)
{
	buf_clear(&p->bytes);
	p->count = 0;
}

enum err params_end(struct params *p)
{
	if (p->bytes.fail == ERR_OK && p->bytes.n > INT_MAX)
		p->bytes.fail = ERR_PEER_TOO_LARGE;
	return buf_end(&p->bytes);
}

static void begin(struct params *p)
{
	if (p->count == PARAMS_MAX || p->bytes.n > INT_MAX) {
		p->bytes.fail = ERR_LOCAL_BUG;
		return;
	}
	p->start[p->count] = (int)p->bytes.n;
}

static void end(struct params *p)
{
	if (p->bytes.fail != ERR_OK)
		return;
	p->length[p->count] = (int)p->bytes.n - p->start[p->count];
	p->count++;
}

struct params params_copy(const struct params *p)
{
	struct params copy = *p;

	copy.bytes = BUF_INIT;
	buf_put(&copy.bytes, buf_span(&p->bytes));
	return copy;
}

void params_null(struct params *p)
{
	begin(p);
	if (p->bytes.fail != ERR_OK)
		return;
	p->start[p->count] = -1;
	p->length[p->count++] = 0;
}

void params_bytea(struct params *p, struct span bytes)
{
	begin(p);
	buf_put(&p->bytes, bytes);
	end(p);
}

void params_text(struct params *p, struct span text)
{
	params_bytea(p, text);
}

void params_uuid(struct params *p, struct uuid uuid)
{
	params_bytea(p, SPAN_ARRAY(uuid.bytes));
}

void params_digest(struct params *p, struct digest digest)
{
	params_bytea(p, SPAN_ARRAY(digest.bytes));
}

void params_bool(struct params *p, bool v)
{
	begin(p);
	buf_put_u8(&p->bytes, v);
	end(p);
}

void params_i32(struct params *p, int32_t v)
{
	begin(p);
	buf_put_u32(&p->bytes, (uint32_t)v);
	end(p);
}

void params_i64(struct params *p, int64_t v)
{
	begin(p);
	buf_put_u64(&p->bytes, (uint64_t)v);
	end(p);
}

/* PostgreSQL's array_send: dimensions, has-nulls, element type, and for the
 * one dimension its length and lower bound. An empty array has none. */
void params_open_array(struct params *p, enum params_type type, size_t count)
{
	begin(p);
	buf_put_u32(&p->bytes, count > 0);
	buf_put_u32(&p->bytes, 0);
	buf_put_u32(&p->bytes, (uint32_t)type);
	if (count > 0) {
		buf_put_u32(&p->bytes, (uint32_t)count);
		buf_put_u32(&p->bytes, 1);
	}
}

void params_put_bytes(struct params *p, struct span element)
{
	buf_put_u32(&p->bytes, (uint32_t)element.n);
	buf_put(&p->bytes, element);
}

void params_put_uuid(struct params *p, struct uuid uuid)
{
	params_put_bytes(p, SPAN_ARRAY(uuid.bytes));
}

void params_put_digest(struct params *p, struct digest digest)
{
	params_put_bytes(p, SPAN_ARRAY(digest.bytes));
}

void params_put_bool(struct params *p, bool v)
{
	uint8_t byte = v;

	params_put_bytes(p, span_of(&byte, 1));
}

void params_put_i32(struct params *p, int32_t v)
{
	buf_put_u32(&p->bytes, 4);
	buf_put_u32(&p->bytes, (uint32_t)v);
}

void params_put_i64(struct params *p, int64_t v)
{
	buf_put_u32(&p->bytes, 8);
	buf_put_u64(&p->bytes, (uint64_t)v);
}

void params_close_array(struct params *p)
{
	end(p);
}
