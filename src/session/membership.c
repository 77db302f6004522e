/* Roles and departures, of session.h. */
#include "crypto/sign.h"
#include "mls/label.h"
#include "session/state.h"
#include "wire/extension.h"

/* ---- roles ---- */

enum role session_role(const struct session *session, struct span identity)
{
	struct roles roles;

	if (roles_read(mls_group_extensions(session->group), &roles) != ERR_OK)
		return ROLE_MEMBER;
	return roles_of(&roles, roles_user(identity));
}

bool session_find(const struct session *session, struct span identity,
		  struct mls_member *member)
{
	uint32_t leaf = 0;

	while (mls_group_next_member(session->group, &leaf, member))
		if (span_equal(member->identity, identity))
			return true;
	return false;
}

enum err session_put_role(const struct session *session, struct span user,
			  enum role role, struct buf *extensions)
{
	struct span rest = mls_group_extensions(session->group);
	struct wire_extension extension;
	struct roles roles;
	enum err e;

	TRY(roles_read(rest, &roles));
	while (wire_extensions_next(&rest, &extension))
		if (extension.type != ROLES_EXTENSION)
			wire_extension_put(extensions, extension.type,
					   extension.data);
	TRY(roles_put_changed(&roles, user, role, extensions));
out:
	return e;
}

/* ---- departures ---- */

static const char LEAVE[] = "hermetic leave";

static void put_leave(const struct session *session, uint32_t leaf,
		      struct buf *content)
{
	buf_put(content, session_id_span(session));
	buf_put_u32(content, leaf);
}

enum err session_leave(const struct session *session,
		       const struct mls_identity *me, struct buf *proof)
{
	struct buf content = BUF_INIT;
	struct sign_key *key = NULL;
	enum err e;

	ENSURE(session_member(session), ERR_STATE_GONE);
	put_leave(session, mls_group_own_leaf(session->group), &content);
	TRY(buf_end(&content));
	TRY(sign_private_parse(me->suite, me->signature_private, &key));
	TRY(label_sign(key, LEAVE, buf_span(&content), proof));
out:
	sign_key_free(key);
	buf_clear(&content);
	return e;
}

enum err session_check_leave(const struct session *session,
			     struct span identity, struct span proof)
{
	struct buf content = BUF_INIT;
	struct sign_key *key = NULL;
	struct mls_member member;
	enum err e;

	ENSURE(session_find(session, identity, &member), ERR_STATE_GONE);
	put_leave(session, member.leaf_index, &content);
	TRY(buf_end(&content));
	TRY(sign_public_parse(session_suite(session), member.signature_key,
			      &key));
	TRY(label_verify(key, LEAVE, buf_span(&content), proof));
out:
	sign_key_free(key);
	buf_clear(&content);
	return e;
}

void session_end(struct session *session)
{
	session_discard(session);
	session->removed = true;
}

void session_excuse(struct session *session, const struct span *identities,
		    size_t count)
{
	buf_reset(&session->excused);
	for (size_t i = 0; i < count; i++)
		buf_put_vec(&session->excused, identities[i]);
	session->asked = true;
}
