#include "device/texts/entry.h"

#include "device/accounts/people.h"
#include "device/texts/content.h"
#include "device/texts/entry_kind.h"
#include "device/texts/heard.h"
#include "device/texts/naming.h"
#include "device/texts/receipts.h"
#include "session/invited.h"
#include "wire/envelope.h"

#include <string.h>

/* ---- whom a commit adds and removes ---- */

void entry_people_clear(struct entry_people *people)
{
	json_decref(people->added);
	json_decref(people->removed);
	json_decref(people->roles);
	json_decref(people->banned);
	json_decref(people->unbanned);
	json_decref(people->invited);
	json_decref(people->uninvited);
	json_decref(people->marks);
	memset(people, 0, sizeof(*people));
}

static enum err append(json_t **list, struct span identity)
{
	json_t *text = json_stringn((const char *)identity.p, identity.n);

	if (text == NULL) /* no UTF-8: a name that nobody can have */
		return ERR_OK;
	if (*list == NULL)
		*list = json_array();
	return json_array_append_new(*list, text) == 0 ? ERR_OK
						       : ERR_LOCAL_MEMORY;
}

/* Notes the identity and signature key of a member that comes in. */
static enum err mark(struct entry_people *people,
		     const struct mls_member *member)
{
	struct buf hex = BUF_INIT;
	enum err e;

	TRY(people_put_mark(member->identity, member->signature_key, &hex));
	if (people->marks == NULL)
		people->marks = json_array();
	ENSURE(json_array_append_new(people->marks,
				     json_string((const char *)hex.p)) == 0,
	       ERR_LOCAL_MEMORY);
out:
	buf_clear(&hex);
	return e;
}

static enum err read_add(const struct mls_member *member,
			 struct entry_people *people)
{
	enum err e;

	TRY(append(&people->added, member->identity));
	TRY(mark(people, member));
out:
	return e;
}

static enum err tell_role(json_t **list, struct span user, enum role role)
{
	json_t *name = json_stringn((const char *)user.p, user.n);

	if (name == NULL)
		return ERR_OK;
	if (*list == NULL)
		*list = json_array();
	return json_array_append_new(*list,
				     json_pack("{s:o, s:s}", "user", name,
					       "role", roles_text(role))) == 0
		   ? ERR_OK
		   : ERR_LOCAL_MEMORY;
}

/* Whose role is another one behind this commit. Roles that cannot be read give
 * nobody. */
static enum err read_roles(const struct session *session,
			   struct span extensions, struct entry_people *people)
{
	struct roles before, after;
	struct span rest, user;
	enum role role;
	enum err e = ERR_OK;

	if (session_roles(session, &before) != ERR_OK ||
	    roles_read(extensions, &after) != ERR_OK)
		return ERR_OK;
	rest = after.rows;
	while (roles_next(&rest, &user, &role))
		if (roles_of(&before, user) != role)
			TRY(tell_role(&people->roles, user, role));
	rest = before.rows;
	while (roles_next(&rest, &user, &role))
		if (roles_of(&after, user) == ROLE_MEMBER)
			TRY(tell_role(&people->roles, user, ROLE_MEMBER));
out:
	return e;
}

/* Who is on the one list and not on the other. */
static enum err tell_bans(const struct bans *list, const struct bans *other,
			  json_t **out)
{
	struct span rest = list->rows, user;
	enum err e = ERR_OK;

	while (bans_next(&rest, &user))
		if (!bans_have(other, user))
			TRY(append(out, user));
out:
	return e;
}

static enum err read_bans(const struct session *session, struct span extensions,
			  struct entry_people *people)
{
	struct bans before, after;
	enum err e;

	if (session_bans(session, &before) != ERR_OK ||
	    bans_read(extensions, &after) != ERR_OK)
		return ERR_OK;
	TRY(tell_bans(&after, &before, &people->banned));
	TRY(tell_bans(&before, &after, &people->unbanned));
out:
	return e;
}

static enum err tell_invited(void *context, struct span user, bool invited)
{
	struct entry_people *people = context;

	return append(invited ? &people->invited : &people->uninvited, user);
}

static enum err read_extensions(const struct session *session,
				const struct mls_staged *staged,
				struct entry_people *people)
{
	enum err e;

	TRY(read_roles(session, staged->extensions, people));
	TRY(read_bans(session, staged->extensions, people));
	TRY(session_tell_invited(session, staged, tell_invited, people));
out:
	return e;
}

static enum err read_proposal(const struct session *session,
			      const struct mls_staged *staged,
			      const struct mls_staged_proposal *proposal,
			      struct entry_people *people)
{
	if (proposal->proposal.kind == MLS_PROPOSE_ADD)
		return read_add(&proposal->leaf.after, people);
	if (proposal->proposal.kind == MLS_PROPOSE_EXTENSIONS)
		return read_extensions(session, staged, people);
	if (proposal->proposal.kind == MLS_PROPOSE_REMOVE)
		return append(&people->removed, proposal->leaf.before.identity);
	return ERR_OK;
}

enum err entry_people_look(void *context, const struct session *session,
			   const struct mls_staged *staged)
{
	struct entry_people *people = context;
	enum err e = ERR_OK;

	if (staged->kind == MLS_STAGED_EXTERNAL_COMMIT)
		TRY(mark(people, &staged->committer.after));
	for (size_t i = 0; i < staged->proposal_count; i++)
		TRY(read_proposal(session, staged, &staged->proposals[i],
				  people));
out:
	return e;
}

/* ---- describing ---- */

static void set_text(json_t *entry, const char *member, const char *text)
{
	(void)json_object_set_new(entry, member, json_string(text));
}

static void set_kind(json_t *entry, enum entry_kind kind)
{
	set_text(entry, "kind", entry_kind_text(kind));
}

/* An empty name is one that nobody gives: it is kept as it was said. */
static enum err put_name(struct device *d, const struct session_event *event,
			 struct span name, json_t *entry)
{
	const struct room room = { .says_name = true, .name = name };
	bool late;
	enum err e;

	TRY(naming_heard(d, event, &room, entry, &late));
	set_kind(entry, late ? ENTRY_UNREADABLE : ENTRY_NAME);
	(void)json_object_del(entry, "name"); /* its member is `text` */
	if (late)
		set_text(entry, "reason", "another name came before it");
	else
		TRY(record_set_text(entry, "text", name));
out:
	return e;
}

static enum err put_content(struct device *d, const struct session_event *event,
			    json_t *entry)
{
	enum content_type type;
	struct span value;
	enum err e = content_read(buf_span(&event->data), &type, &value);

	if (e != ERR_OK) {
		set_kind(entry, ENTRY_UNREADABLE);
		set_text(entry, "reason", err_text(e));
		return ERR_OK;
	}
	if (type == CONTENT_RECEIPT) {
		receipts_heard(d, event, value, entry);
		return ERR_OK;
	}
	receipts_note_last(d, event);
	who_types_said(d, event);
	if (type == CONTENT_MIMI)
		return heard_mimi(d, event, value, entry);
	if (type == CONTENT_NAME)
		return put_name(d, event, value, entry);
	set_kind(entry, ENTRY_TEXT);
	TRY(record_set_text(entry, "text", value));
	TRY(heard_text(d, event, entry));
out:
	return e;
}

static enum entry_kind commit_kind(const struct session_event *event)
{
	if (event->kind == SESSION_REMOVED)
		return ENTRY_REMOVED;
	if (event->kind == SESSION_MOVED)
		return ENTRY_MOVED;
	return event->external_join ? ENTRY_JOINED : ENTRY_COMMIT;
}

/* Why this device changed the group without its person's act. */
static void put_reason(const struct device *d, json_t *entry)
{
	const char *reason = record_string(
	    json_object_get(membership_todo(&d->open), "redo"), "reason");

	if (reason != NULL)
		set_text(entry, "reason", reason);
}

static void put_commit(struct device *d, const struct session_event *event,
		       const struct entry_people *people, json_t *entry)
{
	set_kind(entry, commit_kind(event));
	if (event->kind == SESSION_MOVED)
		set_text(entry, "algorithm",
			 session_suite(d->open.session)->algorithm);
	if (event->goes_over)
		(void)json_object_set_new(entry, "goes_over", json_true());
	if (event->own_commit)
		put_reason(d, entry);
	if (people == NULL)
		return;
	if (people->added != NULL)
		(void)json_object_set(entry, "added", people->added);
	if (people->removed != NULL)
		(void)json_object_set(entry, "removed", people->removed);
	if (people->roles != NULL)
		(void)json_object_set(entry, "roles", people->roles);
	if (people->banned != NULL)
		(void)json_object_set(entry, "banned", people->banned);
	if (people->unbanned != NULL)
		(void)json_object_set(entry, "unbanned", people->unbanned);
	if (people->invited != NULL)
		(void)json_object_set(entry, "invited", people->invited);
	if (people->uninvited != NULL)
		(void)json_object_set(entry, "uninvited", people->uninvited);
	if (people->marks != NULL)
		(void)json_object_set(entry, "marks", people->marks);
}

static void put_sender(const struct session_event *event, json_t *entry)
{
	const char *from = (const char *)event->identity.p;
	const char *slash =
	    event->identity.n > 0 ? memchr(from, '/', event->identity.n) : NULL;
	size_t n = slash != NULL ? (size_t)(slash - from) : event->identity.n;

	/* a name that is no UTF-8 gives NULL, and so no member */
	(void)json_object_set_new(entry, "from", json_stringn(from, n));
	if (slash != NULL)
		(void)json_object_set_new(
		    entry, "device",
		    json_stringn(slash + 1, event->identity.n - n - 1));
}

/* A commit behind which the log goes on without us, until we join again. */
static void put_broken(const struct session_event *event, json_t *entry)
{
	if (!event->broken)
		return;
	(void)json_object_set_new(entry, "broken", json_true());
	if (event->external_join)
		(void)json_object_set_new(entry, "joined", json_true());
}

static enum err put_kind(struct device *d, const struct session_event *event,
			 const struct entry_people *people, json_t *entry)
{
	switch (event->kind) {
	case SESSION_MESSAGE:
	case SESSION_OWN:
		(void)json_object_set_new(
		    entry, "sent_at", json_integer((json_int_t)event->sent_ms));
		return put_content(d, event, entry);
	case SESSION_COMMIT:
	case SESSION_MOVED:
	case SESSION_REMOVED:
		put_commit(d, event, people, entry);
		break;
	case SESSION_DEPARTED:
		set_kind(entry, ENTRY_DEPARTED);
		if (event->data.n > 0)
			return record_set_text(entry, "heir",
					       buf_span(&event->data));
		break;
	case SESSION_REFUSED:
		set_kind(entry, event->refused == ERR_STATE_EXPIRED
				    ? ENTRY_EXPIRED
				    : ENTRY_REFUSED);
		set_text(entry, "reason", err_text(event->refused));
		if (event->rule != NULL)
			set_text(entry, "rule", event->rule);
		put_broken(event, entry);
		break;
	}
	return ERR_OK;
}

enum err entry_keep(struct device *d, const struct session_event *event,
		    const struct entry_people *people)
{
	json_t *entry = json_pack("{s:I, s:I}", "seq", (json_int_t)event->seq,
				  "epoch", (json_int_t)event->epoch);
	enum err e;

	ENSURE(entry != NULL, ERR_LOCAL_MEMORY);
	put_sender(event, entry);
	if (event->kind != SESSION_REFUSED)
		receipts_note_view(d, event);
	receipts_note_commit(d, event, people);
	TRY(put_kind(d, event, people, entry));
	if (event->kind == SESSION_OWN || event->own_commit)
		(void)json_object_set_new(entry, "own", json_true());
	if (d->open.session != NULL &&
	    session_seq(d->open.session) == event->seq)
		TRY(record_set_hex(
		    entry, "head",
		    span_of(session_head(d->open.session), CHAIN_HEAD)));
	TRY(membership_keep(core_store(d), &d->open, event->seq, entry));
	core_tell(d, EVENT_ENTRY, event->seq, 0);
out:
	json_decref(entry);
	return e;
}

enum err entry_keep_own(struct device *d, const struct session_sent *sent,
			uint64_t seq)
{
	struct session_event event = {
		.kind = SESSION_OWN,
		.seq = seq,
		.epoch = sent->epoch,
		.sent_ms = envelope_time(sent->nonce),
	};
	enum err e;

	memcpy(event.nonce, sent->nonce.p, sizeof(event.nonce));
	buf_put(&event.data, sent->data);
	buf_put_str(&event.identity, core_self(d));
	TRY(buf_end(&event.data));
	TRY(buf_end(&event.identity));
	TRY(entry_keep(d, &event, NULL));
out:
	session_event_clear(&event);
	return e;
}
