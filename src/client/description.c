#include "client/description.h"

#include <string.h>

static enum err list_members(const struct page *page, const char *own,
			     json_t *list)
{
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(session_group(page->session), &leaf,
				     &member)) {
		const char *name = (const char *)member.identity.p;
		const char *slash = member.identity.n > 0
					? memchr(name, '/', member.identity.n)
					: NULL;
		size_t n =
		    slash != NULL ? (size_t)(slash - name) : member.identity.n;
		json_t *row = json_pack(
		    "{s:I, s:b, s:s}", "leaf_index",
		    (json_int_t)member.leaf_index, "own",
		    (int)span_equal(member.identity, span_str(own)), "role",
		    roles_text(session_role(page->session, member.identity)));

		(void)json_object_set_new(row, "username",
					  json_stringn(name, n));
		if (slash != NULL)
			(void)json_object_set_new(
			    row, "device_id",
			    json_stringn(slash + 1, member.identity.n - n - 1));
		if (json_array_append_new(list, row) != 0)
			return ERR_LOCAL_MEMORY;
	}
	return ERR_OK;
}

/* RFC 9420, 8.7: equal at all members of an epoch, and no secret. */
static enum err put_authenticator(const struct page *page, json_t *made)
{
	struct buf hex = BUF_INIT;
	enum err e;

	text_put_hex(
	    &hex, mls_group_epoch_authenticator(session_group(page->session)));
	TRY(buf_end(&hex));
	(void)json_object_set_new(made, "epoch_authenticator",
				  json_stringn((const char *)hex.p, hex.n));
out:
	buf_clear(&hex);
	return e;
}

static enum err describe(struct client *c, const struct page *page,
			 json_t **description)
{
	const struct suite *suite = session_suite(page->session);
	bool member = session_member(page->session);
	json_t *members = json_array(), *made = NULL;
	char safety[SAFETY_SIZE] = "";
	enum err e;

	if (member)
		TRY(session_safety_number(page->session, safety));
	TRY(list_members(page, c->identity, members));
	made = json_pack(
	    "{s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:s, s:O}", "session_id",
	    page->id, "algorithm",
	    suite->algorithm != NULL ? suite->algorithm : suite->name, "suite",
	    suite->name, "epoch", (json_int_t)session_epoch(page->session),
	    "last_seq", (json_int_t)session_seq(page->session), "member",
	    (int)member, "forked", (int)session_forked(page->session),
	    "safety_number", safety, "members", members);
	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	if (member)
		TRY(put_authenticator(page, made));
	if (page_name(page) != NULL)
		(void)json_object_set_new(made, "name",
					  json_string(page_name(page)));
	*description = made;
	made = NULL;
out:
	json_decref(made);
	json_decref(members);
	return e;
}

enum err description_make(struct client *c, const char *id,
			  json_t **description)
{
	struct page page = { 0 };
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	TRY(describe(c, &page, description));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}
