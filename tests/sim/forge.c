/* Answers that are not what the server said. */
#include "tests/sim/adversary.h"

#include <stdio.h>

#include "crypto/hash.h"
#include "session/chain.h"

static const char *const names[FORGERIES] = {
	[FORGE_NOTHING] = "nothing",
	[FORGE_STATUS] = "status",
	[FORGE_STATUS_AFTER] = "status-after",
	[FORGE_SUCCESS] = "success",
	[FORGE_SEQ] = "seq",
	[FORGE_ROTATION] = "rotation",
	[FORGE_REPLAY] = "replay",
	[FORGE_DROP] = "drop",
	[FORGE_SWAP] = "swap",
	[FORGE_REPEAT] = "repeat",
	[FORGE_TRUNCATE] = "truncate",
	[FORGE_FLIP] = "flip",
	[FORGE_HEAD] = "head",
	[FORGE_HASH] = "hash",
	[FORGE_KIND] = "kind",
	[FORGE_EXPIRE] = "expire",
	[FORGE_INVENT] = "invent",
	[FORGE_MORE] = "more",
	[FORGE_EMPTY] = "empty",
	[FORGE_OLD_INFO] = "old-info",
	[FORGE_GHOST_INFO] = "ghost-info",
	[FORGE_FLIP_INFO] = "flip-info",
	[FORGE_WELCOME_PLACE] = "welcome-place",
	[FORGE_SWAP_PACKAGE] = "swap-package",
	[FORGE_ADD_PACKAGE] = "add-package",
	[FORGE_LESS_PACKAGES] = "less-packages",
	[FORGE_STOCK] = "stock",
	[FORGE_CLOCK] = "clock",
};

const char *forgery_name(enum forgery forgery)
{
	return forgery < FORGERIES ? names[forgery] : "?";
}

/* ---- outcomes ---- */

static const struct {
	enum err result;
	const char *slug;
} refusals[] = {
	{ ERR_PEER_INVALID, "history-expired" },
	{ ERR_PEER_INVALID, "session-ended" },
	{ ERR_PEER_DENIED, "not-a-member" },
	{ ERR_PEER_DENIED, "not-invited" },
	{ ERR_PEER_DENIED, "not-allowed" },
	{ ERR_PEER_DENIED, "unauthorized" },
	{ ERR_STATE_GONE, "not-found" },
	{ ERR_STATE_EPOCH, "epoch-changed" },
	{ ERR_STATE_CONFLICT, "view-differs" },
	{ ERR_STATE_CONFLICT, "rotation-required" },
	{ ERR_STATE_CONFLICT, "nonce-reused" },
	{ ERR_STATE_CONFLICT, "session-exists" },
	{ ERR_PEER_INVALID, "nonce-expired" },
	{ ERR_PEER_INVALID, "commit-invalid" },
	{ ERR_PEER_INVALID, "envelope-invalid" },
	{ ERR_PEER_INVALID, "departure-invalid" },
	{ ERR_LOCAL_BUSY, "too-many-requests" },
	{ ERR_LOCAL_BUSY, "unavailable" },
	{ ERR_PEER_MALFORMED, "" },
	{ ERR_PEER_INVALID, "a-slug-of-tomorrow" },
};

static void refuse(struct reply *reply, uint32_t pick)
{
	size_t at = pick % (sizeof(refusals) / sizeof(*refusals));

	reply_free(reply);
	reply_refuse(reply, refusals[at].result, refusals[at].slug);
	reply->answer.seq = pick % 40;
}

static void succeed(struct reply *reply, uint32_t pick, uint64_t last)
{
	reply_free(reply);
	reply->answer.seq = pick % 2 == 0 ? last + 1 : 1 + pick % (last + 3);
}

static void replay(struct adversary *adversary, uint32_t pick,
		   const struct request *request, struct reply *reply)
{
	reply_free(reply);
	for (size_t n = 0; n < adversary->kept_count; n++) {
		const struct kept_answer *kept =
		    &adversary->kept[(n + pick) % adversary->kept_count];

		if (kept->kind == request->kind) {
			reply_copy(reply, &kept->reply.answer);
			return;
		}
	}
	reply_refuse(reply, ERR_LOCAL_IO, "");
}

/* ---- logs ---- */

/* The entries, to be changed in place; they are the reply's own. */
static struct answer_entry *entries_of(struct reply *reply)
{
	struct answer_entry *entries = reply_take(
	    reply, (reply->answer.entry_count + 2) * sizeof(*entries));

	if (reply->answer.entry_count > 0)
		memcpy(entries, reply->answer.entries,
		       reply->answer.entry_count * sizeof(*entries));
	reply->answer.entries = entries;
	return entries;
}

static void flip(struct reply *reply, struct span *bytes, uint32_t pick)
{
	uint8_t *copy;

	if (bytes->n == 0)
		return;
	copy = reply_take(reply, bytes->n);
	memcpy(copy, bytes->p, bytes->n);
	copy[pick % bytes->n] ^= (uint8_t)(1u << (pick >> 16 & 7));
	bytes->p = copy;
}

/* An entry after the last one, with the head that goes with it. */
static void invent(struct reply *reply, uint32_t pick,
		   const struct server_session *session)
{
	struct answer_entry *entries = entries_of(reply);
	size_t count = reply->answer.entry_count;
	struct answer_entry *entry = &entries[count];
	uint64_t last = count > 0 ? entries[count - 1].seq : session->log_count;
	const uint8_t *head =
	    count > 0 ? entries[count - 1].head : server_head(session, last);
	struct buf place = BUF_INIT;
	const struct server_entry *old =
	    session->log_count > 0 ? &session->log[pick % session->log_count]
				   : NULL;

	entry->seq = last + 1;
	entry->kind = old != NULL ? old->kind : 1 + pick % 4;
	entry->bytes = old != NULL
			   ? reply_bytes(reply, blob_span(old->bytes))
			   : reply_bytes(reply, SPAN_LIT("nothing at all"));
	if (pick % 3 == 0)
		flip(reply, &entry->bytes, pick);
	sim_must(hash_one(entry->bytes, entry->hash), "hash");
	buf_put_u64(&place, entry->seq);
	buf_put_u8(&place, entry->kind);
	{
		const struct span parts[] = { SPAN_LIT("hermetic chain 2"),
					      span_of(head, DEVICE_HEAD),
					      buf_span(&place),
					      SPAN_ARRAY(entry->hash) };

		sim_must(hash_sha256(parts, 4, entry->head), "chain");
	}
	buf_clear(&place);
	reply->answer.entry_count++;
}

static void forge_entry(struct reply *reply, enum forgery forgery,
			uint32_t pick)
{
	struct answer_entry *entries = entries_of(reply);
	size_t count = reply->answer.entry_count;
	size_t at = count > 0 ? pick % count : 0;
	struct answer_entry *entry = &entries[at];

	if (count == 0)
		return;
	if (forgery == FORGE_DROP) {
		memmove(entry, entry + 1, (count - 1 - at) * sizeof(*entry));
		reply->answer.entry_count--;
	} else if (forgery == FORGE_SWAP && at + 1 < count) {
		struct answer_entry other = entries[at + 1];

		entries[at + 1] = *entry;
		*entry = other;
	} else if (forgery == FORGE_REPEAT) {
		memmove(entry + 1, entry, (count - at) * sizeof(*entry));
		reply->answer.entry_count++;
	} else if (forgery == FORGE_TRUNCATE) {
		reply->answer.entry_count = at;
		reply->answer.more = false;
	} else if (forgery == FORGE_FLIP) {
		flip(reply, &entry->bytes, pick >> 8);
	} else if (forgery == FORGE_HEAD) {
		entry->head[pick >> 8 & 31] ^= 4;
	} else if (forgery == FORGE_HASH) {
		entry->hash[pick >> 8 & 31] ^= 4;
	} else if (forgery == FORGE_KIND) {
		entry->kind = (uint8_t)(1 + (pick >> 8) % 6);
	} else if (forgery == FORGE_EXPIRE) {
		entry->expired = true;
		entry->bytes = SPAN_EMPTY;
	}
}

/* ---- groups and KeyPackages ---- */

static void old_info(const struct adversary *adversary, uint32_t pick,
		     const struct server_session *session, struct reply *reply)
{
	const struct lineage *lineage = adversary->lineage;

	for (size_t n = 0; n < lineage->count; n++) {
		const struct lineage_group *old =
		    &lineage->groups[(n + pick) % lineage->count];

		if (memcmp(old->session, session->id, 16) == 0) {
			reply->answer.group_info =
			    reply_bytes(reply, blob_span(old->info));
			return;
		}
	}
}

/* A GroupInfo of a group of a ghost's own with this name. */
static void ghost_info(struct adversary *adversary, uint32_t pick,
		       const struct server_session *session, uint64_t now_ms,
		       struct reply *reply)
{
	const char *name =
	    session->members[pick % session->member_count].identity;
	struct ghost *ghost = adversary_ghost(adversary, name, now_ms);
	struct buf info = BUF_INIT;

	if (ghost != NULL &&
	    (pick % 2 == 0
		 ? ghost_make_group(ghost, session, blob_span(session->info),
				    NULL, 0, &info)
		 : ghost_copy_leaves(ghost, blob_span(session->info), &info)))
		reply->answer.group_info = reply_bytes(reply, buf_span(&info));
	buf_clear(&info);
}

/* The device's other KeyPackages, with its own key, are withheld. */
static size_t keep_one_of_device(struct answer_key_package *packages,
				 size_t count, size_t at)
{
	const char *device = packages[at].device_id;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (i == at || strcmp(packages[i].device_id, device) != 0)
			packages[kept++] = packages[i];
	return kept;
}

/* What a device of that user would be called in a KeyPackage. */
static void name_package(struct adversary *adversary, const char *user,
			 const char *device, char *identity)
{
	struct server *server = &adversary->homes[0];
	const struct server_account *account = server_account(server, user);

	for (size_t i = 0; i < server->device_count; i++)
		if (strcmp(server->devices[i].id, device) == 0) {
			(void)snprintf(identity, SIM_IDENTITY, "%s",
				       server->devices[i].identity);
			return;
		}
	(void)snprintf(identity, SIM_IDENTITY, "%s/%s",
		       account != NULL ? account->name : user,
		       account != NULL ? "90" : device);
}

static void swap_package(struct adversary *adversary, enum forgery forgery,
			 uint32_t pick, const struct request *request,
			 uint64_t now_ms, struct reply *reply)
{
	size_t count = reply->answer.key_package_count;
	struct answer_key_package *packages =
	    reply_take(reply, (count + 1) * sizeof(*packages));
	size_t at = count > 0 ? pick % count : 0;
	char identity[SIM_IDENTITY];
	struct ghost *ghost;

	if (count > 0)
		memcpy(packages, reply->answer.key_packages,
		       count * sizeof(*packages));
	reply->answer.key_packages = packages;
	if (forgery == FORGE_LESS_PACKAGES) {
		reply->answer.key_package_count = at;
		return;
	}
	if (forgery == FORGE_ADD_PACKAGE || count == 0) {
		at = count;
		packages[at].device_id =
		    reply_text(reply, "eeeeeeee-0000-4000-8000-0000000000aa");
		reply->answer.key_package_count++;
	}
	name_package(adversary, request->user, packages[at].device_id,
		     identity);
	ghost = adversary_ghost(adversary, identity, now_ms);
	if (ghost == NULL) {
		reply->answer.key_package_count = count;
		return;
	}
	packages[at].key_package = reply_bytes(reply, ghost_key_package(ghost));
	if (pick % 2 == 0)
		reply->answer.key_package_count = keep_one_of_device(
		    packages, reply->answer.key_package_count, at);
}

static void forge_welcome(uint32_t pick, struct reply *reply)
{
	struct answer_welcome *list = reply_take(
	    reply, (reply->answer.welcome_count + 1) * sizeof(*list));
	size_t count = reply->answer.welcome_count;

	if (count == 0)
		return;
	memcpy(list, reply->answer.welcomes, count * sizeof(*list));
	if (pick % 2 == 0)
		list[pick % count].seq += 1 + pick % 5;
	else
		list[pick % count].head[pick & 31] ^= 1;
	reply->answer.welcomes = list;
}

static void forge_of_session(struct adversary *adversary, enum forgery forgery,
			     uint32_t pick, uint64_t now_ms,
			     struct server_session *session,
			     struct reply *reply)
{
	if (forgery == FORGE_INVENT)
		invent(reply, pick, session);
	else if (forgery == FORGE_OLD_INFO && reply->answer.group_info.n > 0)
		old_info(adversary, pick, session, reply);
	else if (forgery == FORGE_GHOST_INFO && session->member_count > 0 &&
		 reply->answer.group_info.n > 0)
		ghost_info(adversary, pick, session, now_ms, reply);
}

/* What a server may show in place of an account's log. */
enum log_lie {
	LOG_WITHHELD,
	LOG_SHORTENED,
	LOG_FLIPPED,
	LOG_OF_ANOTHER, /* a ghost's, under the name */
	LOG_SALTED,
	LOG_LIES
};

static void lie_about_links(struct reply *reply, enum log_lie lie,
			    uint32_t pick, const struct span **links,
			    size_t *count, bool *more)
{
	struct span *copy;

	if (lie == LOG_SHORTENED && *count > 0) {
		*count -= 1 + pick % *count;
		*more = false;
	}
	if (lie != LOG_FLIPPED || *count == 0)
		return;
	copy = reply_take(reply, *count * sizeof(*copy));
	memcpy(copy, *links, *count * sizeof(*copy));
	flip(reply, &copy[pick % *count], pick >> 4);
	*links = copy;
}

static void lie_about_one(struct reply *reply, enum log_lie lie, uint32_t pick)
{
	struct answer *answer = &reply->answer;

	if (lie == LOG_WITHHELD) {
		*answer = (struct answer){ .result = ERR_OK };
		return;
	}
	if (lie == LOG_SALTED)
		flip(reply, &answer->salt, pick);
	lie_about_links(reply, lie, pick, &answer->links, &answer->link_count,
			&answer->more);
}

static void lie_about_many(struct reply *reply, enum log_lie lie, uint32_t pick)
{
	struct answer *answer = &reply->answer;
	size_t count = answer->log_count;
	struct answer_log *logs = reply_take(reply, count * sizeof(*logs));
	struct answer_log *log;

	if (count == 0)
		return;
	memcpy(logs, answer->logs, count * sizeof(*logs));
	answer->logs = logs;
	log = &logs[pick % count];
	if (lie == LOG_WITHHELD) {
		memmove(log, log + 1,
			(size_t)(&logs[count - 1] - log) * sizeof(*log));
		answer->log_count--;
		return;
	}
	if (lie == LOG_SALTED)
		flip(reply, &log->salt, pick);
	lie_about_links(reply, lie, pick, &log->links, &log->link_count,
			&log->more);
}

/* The server is asked about an account of the adversary's, and says that it is the
 * one that is meant. */
static void show_another(struct adversary *adversary, size_t device,
			 uint64_t now_ms, const struct request *request,
			 struct reply *reply)
{
	const struct server *server =
	    &adversary->homes[adversary->route[device]];
	const char *name =
	    adversary->ghost_count > 0
		? server->devices[adversary->ghosts[0].account].user
		: "";
	struct request other = *request;
	struct answer_log *logs;

	if (name[0] == '\0')
		return;
	reply_free(reply);
	other.user = name;
	other.users = &name;
	other.user_count = 1;
	server_ask(&adversary->homes[adversary->route[device]], device, now_ms,
		   &other, reply);
	if (reply->answer.log_count == 0)
		return;
	logs = reply_take(reply, sizeof(*logs));
	*logs = reply->answer.logs[0];
	logs->username = reply_text(reply, request->users[0]);
	reply->answer.logs = logs;
}

static void forge_log(struct adversary *adversary, uint32_t pick, size_t device,
		      uint64_t now_ms, const struct request *request,
		      struct reply *reply)
{
	enum log_lie lie = (enum log_lie)(pick % LOG_LIES);

	if (lie == LOG_OF_ANOTHER)
		show_another(adversary, device, now_ms, request, reply);
	else if (request->kind == REQUEST_ACCOUNT_LOG)
		lie_about_one(reply, lie, pick / LOG_LIES);
	else
		lie_about_many(reply, lie, pick / LOG_LIES);
}

static void forge_rest(struct adversary *adversary, enum forgery forgery,
		       uint32_t pick, uint64_t now_ms,
		       const struct request *request, struct reply *reply)
{
	if (forgery == FORGE_ROTATION)
		reply->answer.rotation_due = true;
	else if (forgery == FORGE_MORE)
		reply->answer.more = true;
	else if (forgery == FORGE_EMPTY)
		reply->answer = (struct answer){ .result = ERR_OK };
	else if (forgery == FORGE_FLIP_INFO)
		flip(reply,
		     reply->answer.tree.n > 0 ? &reply->answer.tree
					      : &reply->answer.group_info,
		     pick);
	else if (forgery == FORGE_WELCOME_PLACE)
		forge_welcome(pick, reply);
	else if (forgery == FORGE_STOCK)
		reply->answer.stock_count = 0;
	else if (forgery == FORGE_CLOCK)
		reply->answer.clock_ahead_ms =
		    (int64_t)(pick % 2000000000) - 1000000000;
	else if (request->kind == REQUEST_CLAIM &&
		 (forgery == FORGE_SWAP_PACKAGE ||
		  forgery == FORGE_ADD_PACKAGE ||
		  forgery == FORGE_LESS_PACKAGES))
		swap_package(adversary, forgery, pick, request, now_ms, reply);
	else
		forge_entry(reply, forgery, pick);
}

void adversary_forge(struct adversary *adversary, enum forgery forgery,
		     uint32_t pick, size_t device, uint64_t now_ms,
		     const struct request *request, struct reply *reply)
{
	struct server *server = &adversary->homes[adversary->route[device]];
	struct server_session *session =
	    server_session(server, request->session);
	uint64_t last = session != NULL ? session->log_count : 0;

	if (forgery == FORGE_STATUS || forgery == FORGE_STATUS_AFTER)
		refuse(reply, pick);
	else if (forgery == FORGE_SUCCESS)
		succeed(reply, pick, last);
	else if (forgery == FORGE_SEQ)
		reply->answer.seq = 1 + pick % (last + 4);
	else if (forgery == FORGE_REPLAY)
		replay(adversary, pick, request, reply);
	else if (forgery == FORGE_INVENT || forgery == FORGE_OLD_INFO ||
		 forgery == FORGE_GHOST_INFO) {
		if (session != NULL)
			forge_of_session(adversary, forgery, pick, now_ms,
					 session, reply);
	} else if (forgery != FORGE_MORE &&
		   (request->kind == REQUEST_ACCOUNT_LOG ||
		    request->kind == REQUEST_ACCOUNT_LOGS))
		forge_log(adversary, pick, device, now_ms, request, reply);
	else
		forge_rest(adversary, forgery, pick, now_ms, request, reply);
}
