#include "wire/bans.h"

#include "base/rd.h"
#include "wire/extension.h"

bool bans_next(struct span *rest, struct span *user)
{
	struct rd r = rd_init(*rest);

	if (rd_left(&r) == 0)
		return false;
	*user = rd_vec(&r);
	if (!rd_ok(&r))
		return false;
	*rest = rd_take(&r, rd_left(&r));
	return true;
}

bool bans_have(const struct bans *bans, struct span user)
{
	struct span rest = bans->rows, one;

	while (bans_next(&rest, &one))
		if (span_equal(one, user))
			return true;
	return false;
}

static enum err check_rows(struct span rows)
{
	struct span user, before = SPAN_EMPTY;
	size_t count = 0;
	enum err e = ERR_OK;

	while (bans_next(&rows, &user)) {
		ENSURE(user.n > 0 && user.n <= BANS_USER_MAX,
		       ERR_PEER_MALFORMED);
		ENSURE(count == 0 || span_compare(before, user) < 0,
		       ERR_PEER_MALFORMED);
		ENSURE(++count <= BANS_MAX, ERR_PEER_MALFORMED);
		before = user;
	}
	ENSURE(rows.n == 0 && count > 0, ERR_PEER_MALFORMED);
out:
	return e;
}

enum err bans_read(struct span extensions, struct bans *bans)
{
	struct span rows;
	bool there;
	enum err e;

	*bans = (struct bans){ .there = false };
	TRY(wire_extensions_find_rows(extensions, BANS_EXTENSION, check_rows,
				      &there, &rows));
	*bans = (struct bans){ .there = there, .rows = rows };
out:
	return e;
}

/* Those of before, with or without the user, in order. */
static size_t put_rows(const struct bans *bans, struct span user, bool banned,
		       struct buf *data)
{
	struct span rest = bans->rows, one;
	size_t count = 0;

	while (bans_next(&rest, &one)) {
		if (span_equal(one, user))
			continue;
		if (banned && span_compare(user, one) < 0) {
			buf_put_vec(data, user);
			banned = false;
			count++;
		}
		buf_put_vec(data, one);
		count++;
	}
	if (banned) {
		buf_put_vec(data, user);
		count++;
	}
	return count;
}

enum err bans_put_changed(const struct bans *bans, struct span user,
			  bool banned, struct buf *extension)
{
	struct buf rows = BUF_INIT;
	size_t count;
	enum err e;

	ENSURE(user.n > 0 && user.n <= BANS_USER_MAX, ERR_PEER_INVALID);
	count = put_rows(bans, user, banned, &rows);
	ENSURE(count <= BANS_MAX, ERR_PEER_TOO_LARGE);
	TRY(buf_end(&rows));
	if (count > 0)
		wire_extension_put_vec(extension, BANS_EXTENSION,
				       buf_span(&rows));
	TRY(buf_end(extension));
out:
	buf_clear(&rows);
	return e;
}
