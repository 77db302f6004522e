/* What a line of the driver says, and what the answer does. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "tests/interop/member.h"

struct buf line_bytes(const json_t *value)
{
	struct buf out = BUF_INIT;
	const char *text = json_string_value(value);

	if (text != NULL && text_base64(&out, span_str(text)) != ERR_OK) {
		(void)fprintf(stderr, "no base64: %.40s\n", text);
		exit(2);
	}
	return out;
}

struct buf line_bytes_at(const json_t *q, const char *key)
{
	return line_bytes(json_object_get(q, key));
}

void line_put_bytes(json_t *answer, const char *key, struct span bytes)
{
	struct buf text = BUF_INIT;

	text_put_base64(&text, bytes);
	buf_put_u8(&text, 0);
	if (buf_end(&text) == ERR_OK)
		(void)json_object_set_new(answer, key,
					  json_string((const char *)text.p));
	buf_clear(&text);
}

uint64_t line_number_at(const json_t *q, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(q, key));
}

bool line_flag_at(const json_t *q, const char *key)
{
	return json_is_true(json_object_get(q, key));
}
