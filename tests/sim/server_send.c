/* Envelopes, and the views of the log in them. */
#include "tests/sim/server.h"

#include <string.h>

#include "crypto/hash.h"
#include "session/chain.h"
#include "wire/envelope.h"
#include "wire/message.h"

/* ---- views ---- */

const char *server_check_view(const struct server_session *session,
			      struct span authenticated_data, bool may_be_empty)
{
	struct rd r = rd_init(authenticated_data);
	uint8_t version;
	uint64_t seq;
	struct span head;

	if (may_be_empty && authenticated_data.n == 0)
		return NULL;
	version = rd_u8(&r);
	seq = rd_u64(&r);
	head = rd_take(&r, DEVICE_HEAD);
	if (!rd_ok(&r) || version != 1)
		return "envelope-invalid";
	if (seq > session->log_count ||
	    !span_equal(head, span_of(server_head(session, seq), DEVICE_HEAD)))
		return "view-differs";
	return NULL;
}

/* ---- envelopes ---- */

uint64_t server_find_entry(const struct server_session *session, uint8_t kind,
			   struct span bytes)
{
	uint8_t hash[32];

	sim_must(hash_one(bytes, hash), "hash");
	for (size_t i = session->log_count; i-- > 0;)
		if (session->log[i].kind == kind &&
		    memcmp(session->log[i].bytes->hash, hash, 32) == 0)
			return i + 1;
	return 0;
}

static bool nonce_is_used(const struct server_session *session, size_t tag,
			  struct span nonce)
{
	for (size_t i = session->log_count; i-- > 0;) {
		const struct server_entry *entry = &session->log[i];
		struct envelope old;

		if (entry->kind == CHAIN_APPLICATION &&
		    envelope_decode(blob_span(entry->bytes), tag, &old) ==
			ERR_OK &&
		    span_equal(old.nonce, nonce))
			return true;
	}
	return false;
}

static bool has_departed(const struct server_session *session)
{
	for (size_t i = 0; i < session->member_count; i++)
		if (session->members[i].departed)
			return true;
	return false;
}

static size_t tag_length(const struct server_session *session)
{
	struct seen_group group;
	size_t nh = 32;

	if (seen_group_read(blob_span(session->info), &group))
		nh = group.suite->nh;
	seen_group_clear(&group);
	return nh;
}

static bool is_late(uint64_t said, uint64_t now_ms)
{
	return said + SERVER_NONCE_MS < now_ms ||
	       said > now_ms + SERVER_NONCE_MS;
}

static bool decode_envelope(const struct server_session *session,
			    struct span bytes, struct envelope *envelope,
			    struct span *said)
{
	struct wire_message message;

	if (envelope_decode(bytes, tag_length(session), envelope) != ERR_OK ||
	    envelope_check(envelope) != ERR_OK ||
	    !span_equal(envelope->session_id, SPAN_ARRAY(session->id)) ||
	    wire_message_decode(envelope->message, &message) != ERR_OK)
		return false;
	*said = message.private_message.authenticated_data;
	return true;
}

static const char *judge_envelope(const struct server *server,
				  const struct server_session *session,
				  const struct envelope *envelope,
				  struct span said)
{
	bool overdue = session->log_count - session->keys_seq >= SERVER_OVERDUE;
	const char *wrong = NULL;

	if (nonce_is_used(session, envelope->tag.n, envelope->nonce))
		return "nonce-reused";
	if (!server->views_unchecked && !server->lax)
		wrong = server_check_view(session, said, false);
	if (wrong != NULL)
		return wrong;
	if (envelope->epoch != session->epoch)
		return "epoch-changed";
	return overdue || (has_departed(session) && !server->departures_ignored)
		   ? "rotation-required"
		   : NULL;
}

static enum err result_of(const char *slug)
{
	if (strcmp(slug, "epoch-changed") == 0)
		return ERR_STATE_EPOCH;
	if (strcmp(slug, "envelope-invalid") == 0)
		return ERR_PEER_INVALID;
	return ERR_STATE_CONFLICT;
}

void server_send(struct server *server, size_t caller, uint64_t now_ms,
		 const struct request *request, struct reply *reply)
{
	struct server_session *session =
	    server_session(server, request->session);
	const struct server_member *member =
	    server_member(session, server_identity(server, session, caller));
	struct envelope envelope;
	struct span said;
	const char *wrong;

	if (!decode_envelope(session, request->bytes, &envelope, &said)) {
		reply_refuse(reply, ERR_PEER_INVALID, "envelope-invalid");
		return;
	}
	/* also of one that is in the log: its sender reads that */
	if (is_late(envelope_time(envelope.nonce), now_ms)) {
		reply_refuse(reply, ERR_PEER_INVALID, "nonce-expired");
		return;
	}
	reply->answer.seq =
	    server_find_entry(session, CHAIN_APPLICATION, request->bytes);
	if (reply->answer.seq > 0)
		return;
	if (member == NULL || member->departed) {
		reply_refuse(reply, ERR_PEER_DENIED, "not-a-member");
		return;
	}
	wrong = judge_envelope(server, session, &envelope, said);
	if (wrong != NULL) {
		reply_refuse(reply, result_of(wrong), wrong);
		return;
	}
	reply->answer.seq =
	    server_append(session, CHAIN_APPLICATION, blob_make(request->bytes),
			  caller, now_ms);
	reply->answer.rotation_due =
	    reply->answer.seq - session->keys_seq >= SERVER_DUE;
}
