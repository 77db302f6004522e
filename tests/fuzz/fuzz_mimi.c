/* A message's content: what decodes is encoded as it came in, and stays within
 * its limits. */
#include "content/mimi.h"
#include "fuzz.h"

#include "base/text.h"

static void check(bool holds)
{
	if (!holds)
		__builtin_trap();
}

static void check_parts(const struct mimi_message *m)
{
	size_t children = 1;

	check(m->part_count >= 1 && m->part_count <= MIMI_PARTS);
	for (size_t i = 0; i < m->part_count; i++) {
		const struct mimi_part *part = &m->parts[i];

		check(part->level >= 1 && part->level <= MIMI_LEVELS);
		check(part->cardinality == MIMI_MULTI || part->children == 0);
		check(text_is_utf8(part->content_type) &&
		      text_is_utf8(part->external.filename));
		children += part->children;
	}
	check(children == m->part_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mimi_message m;
	struct mimi_extension extension;
	struct buf again = BUF_INIT;
	struct span rest;

	if (mimi_decode(span_of(data, size), &m) != ERR_OK)
		return 0;
	check_parts(&m);
	rest = m.extensions;
	while (mimi_next_extension(&rest, &extension))
		;
	check(rest.n == 0);
	check(mimi_encode(&m, &again) == ERR_OK &&
	      span_equal(buf_span(&again), span_of(data, size)));
	buf_clear(&again);
	mimi_message_clear(&m);
	return 0;
}
