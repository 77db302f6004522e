#include "server/page.h"

#include "base/text.h"

bool page_limit(const struct request *req, uint64_t otherwise, uint64_t max,
		uint64_t *limit)
{
	struct span text;

	*limit = otherwise;
	if (!request_query(req, "limit", &text))
		return true;
	return text_parse_u64(limit, text, max) == ERR_OK && *limit > 0;
}
