#include "wire/invited.h"

#include "base/rd.h"
#include "wire/extension.h"

bool invited_next(struct span *rest, struct invitation *one)
{
	struct rd r = rd_init(*rest);

	if (rd_left(&r) == 0)
		return false;
	one->user = rd_vec(&r);
	one->by = rd_vec(&r);
	one->last = rd_u64(&r);
	if (!rd_ok(&r))
		return false;
	*rest = rd_take(&r, rd_left(&r));
	return true;
}

bool invited_find(const struct invited *invited, struct span user,
		  struct invitation *found)
{
	struct span rest = invited->rows;

	while (invited_next(&rest, found))
		if (span_equal(found->user, user))
			return true;
	return false;
}

static bool is_user(struct span user)
{
	return user.n > 0 && user.n <= INVITED_USER_MAX;
}

static enum err check_rows(struct span rows)
{
	struct span before = SPAN_EMPTY;
	struct invitation one;
	size_t count = 0;
	enum err e = ERR_OK;

	while (invited_next(&rows, &one)) {
		ENSURE(is_user(one.user) && is_user(one.by),
		       ERR_PEER_MALFORMED);
		ENSURE(count == 0 || span_compare(before, one.user) < 0,
		       ERR_PEER_MALFORMED);
		ENSURE(++count <= INVITED_MAX, ERR_PEER_MALFORMED);
		before = one.user;
	}
	ENSURE(rows.n == 0, ERR_PEER_MALFORMED);
out:
	return e;
}

enum err invited_read(struct span extensions, struct invited *invited)
{
	struct span data, rows;
	struct rd r;
	uint8_t open;
	enum err e = ERR_OK;

	*invited = (struct invited){ .there = false };
	if (!wire_extensions_find(extensions, INVITED_EXTENSION, &data))
		return ERR_OK;
	r = rd_init(data);
	open = rd_u8(&r);
	rows = rd_vec(&r);
	TRY(rd_end(&r));
	ENSURE(open <= 1, ERR_PEER_MALFORMED);
	TRY(check_rows(rows));
	*invited = (struct invited){ true, open == 1, rows };
out:
	return e;
}

void invited_put_row(struct buf *rows, const struct invitation *one)
{
	buf_put_vec(rows, one->user);
	buf_put_vec(rows, one->by);
	buf_put_u64(rows, one->last);
}

enum err invited_put(bool open, struct span rows, struct buf *extension)
{
	struct buf data = BUF_INIT;
	enum err e;

	buf_put_u8(&data, open);
	buf_put_vec(&data, rows);
	TRY(buf_end(&data));
	wire_extension_put(extension, INVITED_EXTENSION, buf_span(&data));
	TRY(buf_end(extension));
out:
	buf_clear(&data);
	return e;
}

enum err invited_put_with(const struct invited *invited,
			  const struct invitation *one, struct buf *extension)
{
	struct span rest = invited->rows;
	struct buf rows = BUF_INIT;
	struct invitation other;
	bool put = false;
	size_t count = 1;
	enum err e;

	ENSURE(is_user(one->user) && is_user(one->by), ERR_PEER_INVALID);
	while (invited_next(&rest, &other)) {
		if (span_equal(other.user, one->user))
			continue;
		if (!put && span_compare(one->user, other.user) < 0) {
			invited_put_row(&rows, one);
			put = true;
		}
		invited_put_row(&rows, &other);
		count++;
	}
	if (!put)
		invited_put_row(&rows, one);
	ENSURE(count <= INVITED_MAX, ERR_PEER_TOO_LARGE);
	TRY(buf_end(&rows));
	TRY(invited_put(invited->open, buf_span(&rows), extension));
out:
	buf_clear(&rows);
	return e;
}

enum err invited_put_without(const struct invited *invited,
			     bool (*goes)(const void *context,
					  const struct invitation *one),
			     const void *context, struct buf *extension)
{
	struct span rest = invited->rows;
	struct buf rows = BUF_INIT;
	struct invitation one;
	enum err e;

	while (invited_next(&rest, &one))
		if (!goes(context, &one))
			invited_put_row(&rows, &one);
	TRY(buf_end(&rows));
	TRY(invited_put(invited->open, buf_span(&rows), extension));
out:
	buf_clear(&rows);
	return e;
}
