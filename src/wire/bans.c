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
	*rest = span_of(rest->p + (rest->n - rd_left(&r)), rd_left(&r));
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
	TRY(wire_extensions_find_vec(extensions, BANS_EXTENSION, &there,
				     &rows));
	if (!there)
		return ERR_OK;
	TRY(check_rows(rows));
	*bans = (struct bans){ .there = true, .rows = rows };
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
	struct buf data = BUF_INIT;
	size_t list = buf_open_vec(&data), count;
	enum err e;

	ENSURE(user.n > 0 && user.n <= BANS_USER_MAX, ERR_PEER_INVALID);
	count = put_rows(bans, user, banned, &data);
	ENSURE(count <= BANS_MAX, ERR_PEER_TOO_LARGE);
	buf_close_vec(&data, list);
	TRY(buf_end(&data));
	if (count > 0)
		wire_extension_put(extension, BANS_EXTENSION, buf_span(&data));
	TRY(buf_end(extension));
out:
	buf_clear(&data);
	return e;
}
