#include "device/accounts/people.h"

#include "base/digest.h"
#include "base/fault.h"
#include "crypto/hash.h"
#include "device/accounts/names.h"

#include <string.h>

#define MARK 16 /* bytes of a hash that stand for a member */

/* The notes' "shown" is an object whose members are marks in hexadecimal. */
#define SHOWN "shown"

enum err people_put_mark(struct span identity, struct span key, struct buf *hex)
{
	struct buf input = BUF_INIT;
	struct digest digest;
	enum err e;

	buf_put_vec(&input, identity);
	buf_put_vec(&input, key);
	TRY(buf_end(&input));
	TRY(hash_one(buf_span(&input), digest.bytes));
	text_put_hex(hex, span_of(digest.bytes, MARK));
	buf_put_u8(hex, 0);
	TRY(buf_end(hex));
out:
	buf_clear(&input);
	return e;
}

static enum err note(json_t *shown, struct span identity, struct span key)
{
	struct buf hex = BUF_INIT;
	enum err e;

	TRY(people_put_mark(identity, key, &hex));
	ENSURE(json_object_set_new(shown, (const char *)hex.p, json_true()) ==
		   0,
	       ERR_LOCAL_MEMORY);
out:
	buf_clear(&hex);
	return e;
}

enum err people_show_all(struct membership *m)
{
	json_t *shown = json_object();
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e;

	ENSURE(shown != NULL, ERR_LOCAL_MEMORY);
	while (mls_group_next_member(session_group(m->session), &leaf, &member))
		TRY(note(shown, member.identity, member.signature_key));
	e = json_object_set(m->notes, SHOWN, shown) == 0 ? ERR_OK
							 : ERR_LOCAL_MEMORY;
out:
	json_decref(shown);
	return e;
}

static bool is_listed(const char *const *marks, size_t count, const char *mark)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(marks[i], mark) == 0)
			return true;
	return false;
}

enum err people_show_marks(struct membership *m, const char *const *marks,
			   size_t count, bool *changed)
{
	json_t *shown, *members = NULL, *value;
	const char *mark;
	enum err e;

	*changed = FAULT(SHOWS_MORE);
	if (FAULT(SHOWS_MORE))
		return people_show_all(m);
	TRY(people_adopt(m));
	TRY(people_marks(m, &members));
	shown = json_object_get(m->notes, SHOWN);
	json_object_foreach(members, mark, value)
	{
		if (!is_listed(marks, count, mark) ||
		    json_object_get(shown, mark) != NULL)
			continue;
		ENSURE(json_object_set(shown, mark, value) == 0,
		       ERR_LOCAL_MEMORY);
		*changed = true;
	}
out:
	json_decref(members);
	return e;
}

enum err people_adopt(struct membership *m)
{
	if (json_object_get(m->notes, SHOWN) != NULL)
		return ERR_OK;
	return people_show_all(m);
}

enum err people_show(struct membership *m, struct span identity,
		     struct span signature_key)
{
	json_t *shown = json_object_get(m->notes, SHOWN);

	return shown != NULL ? note(shown, identity, signature_key) : ERR_OK;
}

enum err people_marks(const struct membership *m, json_t **marks)
{
	json_t *made = json_object();
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	while (mls_group_next_member(session_group(m->session), &leaf, &member))
		TRY(note(made, member.identity, member.signature_key));
	*marks = made;
	made = NULL;
	e = ERR_OK;
out:
	json_decref(made);
	return e;
}

enum err people_forget_gone(struct membership *m, const json_t *before)
{
	json_t *shown = json_object_get(m->notes, SHOWN), *now = NULL;
	json_t *members = (json_t *)(uintptr_t)before, *value;
	const char *mark;
	enum err e;

	if (shown == NULL)
		return ERR_OK;
	TRY(people_marks(m, &now));
	json_object_foreach(members, mark, value)
	{
		if (json_object_get(now, mark) == NULL)
			(void)json_object_del(shown, mark);
	}
out:
	json_decref(now);
	return e;
}

enum err people_was_shown(const struct membership *m,
			  const struct mls_member *member, bool *shown)
{
	const json_t *marks = json_object_get(m->notes, SHOWN);
	struct buf hex = BUF_INIT;
	enum err e;

	*shown = marks == NULL;
	if (*shown)
		return ERR_OK;
	TRY(people_put_mark(member->identity, member->signature_key, &hex));
	*shown = json_object_get(marks, (const char *)hex.p) != NULL;
out:
	buf_clear(&hex);
	return e;
}

enum err people_unseen(struct device *d, size_t *count, struct buf *names)
{
	const struct membership *m = &d->open;
	uint32_t leaf = 0, own = mls_group_own_leaf(session_group(m->session));
	struct mls_member member;
	enum err e = ERR_OK;

	*count = 0;
	while (
	    mls_group_next_member(session_group(m->session), &leaf, &member)) {
		bool shown;

		TRY(people_was_shown(m, &member, &shown));
		if (shown || member.leaf_index == own)
			continue;
		if ((*count)++ > 0 && names != NULL)
			buf_put_str(names, ", ");
		if (names != NULL)
			TRY(names_put(d, member.identity, names));
	}
	e = names != NULL ? names->fail : ERR_OK;
out:
	return e;
}
