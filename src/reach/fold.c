#include "reach/fold.h"

#include "base/sec.h"

#include <stdlib.h>
#include <utf8proc.h>

static const utf8proc_option_t FOLDED = UTF8PROC_STABLE | UTF8PROC_COMPOSE |
					UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
					UTF8PROC_IGNORE;

void fold_put(struct buf *out, struct span text)
{
	utf8proc_uint8_t *folded = NULL;
	utf8proc_ssize_t n;

	if (text.n == 0)
		return;
	n = utf8proc_map(text.p, (utf8proc_ssize_t)text.n, &folded, FOLDED);
	if (n == UTF8PROC_ERROR_NOMEM)
		out->fail = ERR_LOCAL_MEMORY;
	else if (n < 0)
		buf_put(out, text);
	else
		buf_put(out, span_of(folded, (size_t)n));
	if (n > 0)
		sec_wipe(folded, (size_t)n);
	free(folded);
}
