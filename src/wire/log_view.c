#include "wire/log_view.h"

#include "base/rd.h"

enum { VERSION = 1 };

static void read_place(struct rd *r, struct log_view *view)
{
	*view = (struct log_view){ .given = true };
	if (rd_u8(r) != VERSION)
		rd_fail(r, ERR_PEER_MALFORMED);
	view->seq = rd_u64(r);
	view->head = rd_take(r, LOG_VIEW_HEAD);
}

/* A number that no log has is none: the database counts to there. */
static enum err end(struct rd *r, struct log_view *view)
{
	enum err e;

	if (view->seq > INT64_MAX)
		rd_fail(r, ERR_PEER_MALFORMED);
	e = rd_end(r);
	if (e != ERR_OK)
		*view = (struct log_view){ .given = false };
	return e;
}

enum err log_view_read(struct span data, struct log_view *view)
{
	struct rd r = rd_init(data);

	read_place(&r, view);
	view->nonce = rd_take(&r, LOG_VIEW_NONCE);
	return end(&r, view);
}

enum err log_view_read_commit(struct span data, struct log_view *view)
{
	struct rd r = rd_init(data);

	*view = (struct log_view){ .given = false };
	if (data.n == 0)
		return ERR_OK;
	read_place(&r, view);
	view->links = rd_vec(&r);
	if (rd_left(&r) > 0) {
		view->changes = rd_vec(&r);
		if (view->changes.n == 0) /* there is one way to say so */
			rd_fail(&r, ERR_PEER_MALFORMED);
	}
	return end(&r, view);
}
