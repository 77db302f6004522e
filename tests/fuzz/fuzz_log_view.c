/* What a sender says that it has seen of the log: what is read can be written
 * again to the same bytes. The first byte: of a message, or of a commit. */
#include "fuzz.h"

#include <stdlib.h>

#include "base/buf.h"
#include "wire/log_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf again = BUF_INIT;
	struct log_view view;
	struct span bytes;
	bool commit;

	if (size == 0)
		return 0;
	commit = (data[0] & 1) != 0;
	bytes = span_of(data + 1, size - 1);
	if ((commit ? log_view_read_commit(bytes, &view)
		    : log_view_read(bytes, &view)) != ERR_OK)
		return 0;
	if (view.given) {
		buf_put_u8(&again, 1);
		buf_put_u64(&again, view.seq);
		buf_put(&again, view.head);
		buf_put(&again, view.nonce);
		if (commit)
			buf_put_vec(&again, view.links);
		if (view.changes.n > 0)
			buf_put_vec(&again, view.changes);
	}
	if (buf_end(&again) != ERR_OK || !span_equal(buf_span(&again), bytes))
		abort();
	buf_clear(&again);
	return 0;
}
