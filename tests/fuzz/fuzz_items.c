/* A session by item, as it lies in a device's records (device/group/shelf.h): opaque name<V>,
 * opaque value<V> each; of a name what stands behind its last slash counts. What loads is
 * stored again, and is the same then. No input has the digest of its records, so that
 * is not looked at. */
#include "fuzz.h"

#include <stdlib.h>

#include "base/rd.h"
#include "device/group/shelf.h"
#include "session/items.h"
#include "tests/testlib/session_value.h"

static struct span page_in(struct span name)
{
	size_t at = name.n;

	while (at > 0 && name.p[at - 1] != '/')
		at--;
	return span_of(name.p + at, name.n - at);
}

static enum err get(void *context, const char *name, struct buf *value)
{
	struct rd r = rd_init(*(const struct span *)context);

	while (rd_left(&r) > 0 && rd_ok(&r)) {
		struct span key = rd_vec(&r), bytes = rd_vec(&r);

		if (rd_ok(&r) &&
		    span_equal(page_in(key), page_in(span_str(name)))) {
			buf_put(value, bytes);
			return value->fail;
		}
	}
	return ERR_STATE_GONE;
}

static enum err put(void *context, const char *name, struct span value)
{
	(void)context;
	(void)name;
	(void)value;
	abort(); /* nothing has changed */
}

static enum err take_away(void *context, const char *name)
{
	return put(context, name, SPAN_EMPTY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span records = span_of(data, size);
	const struct device_store store = {
		.get = get, .put = put, .remove = take_away, .context = &records
	};
	struct session *session = NULL, *again = NULL;
	struct buf saved = BUF_INIT, twice = BUF_INIT;
	uint8_t record[1 + 8 + 32] = { 6 };
	struct shelf *shelf = NULL;
	struct mls_items items;

	if (shelf_open("id", SPAN_ARRAY(record), &shelf) != ERR_OK)
		return 0;
	items = shelf_items(shelf, &store);
	if (session_restore(&items, &session) == ERR_OK) {
		if (session_value(session, &saved) != ERR_OK ||
		    session_load(buf_span(&saved), &again) != ERR_OK ||
		    session_value(again, &twice) != ERR_OK ||
		    !span_equal(buf_span(&saved), buf_span(&twice)) ||
		    session_store(session, &items) != ERR_OK)
			abort();
	}
	session_free(session);
	session_free(again);
	shelf_free(shelf);
	buf_clear(&saved);
	buf_clear(&twice);
	return 0;
}
