/*
 * What may differ between the answers of the model and of a node:
 *
 *   welcome_id      each makes its own; they are mapped
 *   order           of the rows of claims, Welcomes and stocks
 *   more            src/reach says it of each full page, also of the last one
 *   stock           algorithms without any KeyPackage may be left out
 *   text, clock     words for people; the model has the world's clock
 */
#include "tests/sim/compare/compare.h"

#include "session/session.h"
#include "tests/sim/blob.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const kinds[REQUEST_KINDS] = {
	[REQUEST_CREATE] = "create",
	[REQUEST_LOG] = "log",
	[REQUEST_HANDSHAKES] = "handshakes",
	[REQUEST_GROUP_INFO] = "group-info",
	[REQUEST_FIRST_INFO] = "first-info",
	[REQUEST_TREE] = "tree",
	[REQUEST_SEND] = "send",
	[REQUEST_COMMIT] = "commit",
	[REQUEST_MOVE] = "move",
	[REQUEST_JOIN] = "join",
	[REQUEST_TAKE_WELCOME] = "take-welcome",
	[REQUEST_LEAVE] = "leave",
	[REQUEST_INVITE] = "invite",
	[REQUEST_LETTER] = "letter",
	[REQUEST_WELCOMES] = "welcomes",
	[REQUEST_CLAIM] = "claim",
	[REQUEST_STOCK] = "stock",
	[REQUEST_PUBLISH] = "publish",
};

/* Two answers to one request. */
struct both {
	struct compare *compare;
	size_t device;
	const struct request *request;
	const struct answer *ours, *theirs;
};

static void differ(const struct both *both, const char *what)
{
	const struct answer *a = both->ours, *b = both->theirs;
	const struct server *home = &both->compare->world->adversary.homes[0];

	world_violate(
	    both->compare->world, "difference",
	    "%s of a %s by %s in %.8s (after %llu, limit %u): the "
	    "model says %s %s #%llu, %zu entries%s, the node %s %s "
	    "#%llu, %zu entries%s",
	    what, kinds[both->request->kind],
	    home->devices[both->device].identity,
	    both->request->session != NULL ? both->request->session : "-",
	    (unsigned long long)both->request->after, both->request->limit,
	    err_text(a->result), a->slug, (unsigned long long)a->seq,
	    a->entry_count, a->rotation_due ? ", due" : "", err_text(b->result),
	    b->slug, (unsigned long long)b->seq, b->entry_count,
	    b->rotation_due ? ", due" : "");
}

/* ---- rows ---- */

static void compare_entries(const struct both *both)
{
	const struct answer *a = both->ours, *b = both->theirs;
	bool is_full = a->entry_count >= both->request->limit;

	if (a->entry_count != b->entry_count)
		differ(both, "number of entries");
	else if (a->more != b->more && !(b->more && is_full))
		differ(both, "more");
	for (size_t i = 0; i < a->entry_count && i < b->entry_count; i++) {
		const struct answer_entry *x = &a->entries[i];
		const struct answer_entry *y = &b->entries[i];

		both->compare->entries++;
		if (x->seq != y->seq || x->kind != y->kind)
			differ(both, "place or kind of an entry");
		else if (x->expired != y->expired || x->bare != y->bare)
			differ(both, "presence of an entry's bytes");
		else if (!span_equal(x->bytes, y->bytes) ||
			 memcmp(x->hash, y->hash, 32) != 0)
			differ(both, "bytes of an entry");
		else if (memcmp(x->head, y->head, DEVICE_HEAD) != 0)
			differ(both, "head of an entry");
	}
}

static bool same_welcome(const struct answer_welcome *a,
			 const struct answer_welcome *b)
{
	return strcmp(a->session, b->session) == 0 && a->seq == b->seq &&
	       memcmp(a->head, b->head, DEVICE_HEAD) == 0 &&
	       span_equal(a->welcome, b->welcome);
}

static void map_welcome(struct compare *compare, const char *ours,
			const char *theirs)
{
	struct compare_pair *pair =
	    SIM_ADD(compare->welcomes, compare->welcome_count);

	(void)snprintf(pair->ours, TEXT_UUID_SIZE, "%s", ours);
	(void)snprintf(pair->theirs, TEXT_UUID_SIZE, "%s", theirs);
}

static void compare_welcomes(const struct both *both)
{
	const struct answer *a = both->ours, *b = both->theirs;

	if (a->welcome_count != b->welcome_count)
		differ(both, "number of Welcomes");
	for (size_t i = 0; i < a->welcome_count; i++) {
		size_t k = 0;

		while (k < b->welcome_count &&
		       !same_welcome(&a->welcomes[i], &b->welcomes[k]))
			k++;
		if (k == b->welcome_count)
			differ(both, "a Welcome");
		else
			map_welcome(both->compare, a->welcomes[i].welcome_id,
				    b->welcomes[k].welcome_id);
	}
}

static void compare_claimed(const struct both *both)
{
	const struct answer *a = both->ours, *b = both->theirs;

	if (a->key_package_count != b->key_package_count)
		differ(both, "number of KeyPackages");
	for (size_t i = 0; i < a->key_package_count; i++) {
		const struct answer_key_package *x = &a->key_packages[i];
		size_t k = 0;

		while (
		    k < b->key_package_count &&
		    (strcmp(x->device_id, b->key_packages[k].device_id) != 0 ||
		     !span_equal(x->key_package,
				 b->key_packages[k].key_package)))
			k++;
		if (k == b->key_package_count)
			differ(both, "a KeyPackage");
	}
}

static void compare_stock(const struct both *both)
{
	const struct answer *a = both->ours, *b = both->theirs;

	for (size_t i = 0; i < a->stock_count; i++) {
		const struct answer_stock none = { .available = 0 };
		const struct answer_stock *x = &a->stock[i], *y = &none;

		for (size_t k = 0; k < b->stock_count; k++)
			if (strcmp(b->stock[k].algorithm, x->algorithm) == 0)
				y = &b->stock[k];
		if (x->available != y->available ||
		    x->last_resort != y->last_resort)
			differ(both, "a stock");
	}
}

/* ---- one answer ---- */

static bool says_place(enum request_kind kind)
{
	return kind == REQUEST_SEND || kind == REQUEST_COMMIT ||
	       kind == REQUEST_MOVE || kind == REQUEST_JOIN ||
	       kind == REQUEST_LEAVE || kind == REQUEST_GROUP_INFO ||
	       kind == REQUEST_FIRST_INFO;
}

/* A node gives the tree beside the GroupInfo, where the model has both as one. */
static struct span as_one(const struct answer *answer, struct buf *kept)
{
	if (answer->tree.n + answer->places.n == 0)
		return answer->group_info;
	sim_must(session_info_keep(
		     answer->group_info,
		     (struct session_beside){ answer->tree, answer->places },
		     kept),
		 "what goes beside");
	return buf_span(kept);
}

static bool has_same_info(const struct answer *a, const struct answer *b)
{
	struct buf one = BUF_INIT, other = BUF_INIT;
	bool same = span_equal(as_one(a, &one), as_one(b, &other)) &&
		    memcmp(a->head, b->head, DEVICE_HEAD) == 0;

	buf_clear(&one);
	buf_clear(&other);
	return same;
}

static bool has_same_letters(const struct answer *a, const struct answer *b)
{
	bool same = a->letter_count == b->letter_count;

	for (size_t i = 0; same && i < a->letter_count; i++)
		same = span_equal(a->letters[i], b->letters[i]);
	return same;
}

static void compare_answers(const struct both *both)
{
	const struct answer *a = both->ours, *b = both->theirs;
	enum request_kind kind = both->request->kind;

	both->compare->requests++;
	if (a->result != b->result || strcmp(a->slug, b->slug) != 0) {
		differ(both, "outcome");
		return;
	}
	if (a->result != ERR_OK) {
		both->compare->refused++;
		return;
	}
	if (says_place(kind) && a->seq != b->seq)
		differ(both, "place");
	if (kind == REQUEST_SEND && a->rotation_due != b->rotation_due)
		differ(both, "rotation_due");
	if ((kind == REQUEST_GROUP_INFO || kind == REQUEST_FIRST_INFO) &&
	    !has_same_info(a, b))
		differ(both, "GroupInfo or head");
	if (kind == REQUEST_TREE && (!span_equal(a->tree, b->tree) ||
				     !span_equal(a->places, b->places)))
		differ(both, "tree");
	if (kind == REQUEST_LETTER && !has_same_letters(a, b))
		differ(both, "letters");
	if (kind == REQUEST_LOG || kind == REQUEST_HANDSHAKES)
		compare_entries(both);
	else if (kind == REQUEST_WELCOMES)
		compare_welcomes(both);
	else if (kind == REQUEST_CLAIM)
		compare_claimed(both);
	else if (kind == REQUEST_STOCK)
		compare_stock(both);
}

static const char *their_welcome(const struct compare *compare,
				 const char *ours)
{
	for (size_t i = compare->welcome_count; i-- > 0;)
		if (strcmp(compare->welcomes[i].ours, ours) == 0)
			return compare->welcomes[i].theirs;
	return ours;
}

/* The model is one of before, which has no accounts' logs. */
static bool is_of_logs(enum request_kind kind)
{
	return kind == REQUEST_ACCOUNT_LOG || kind == REQUEST_ACCOUNT_LOGS ||
	       kind == REQUEST_LINK || kind == REQUEST_BRANCH;
}

static void ask(void *context, size_t caller, const struct request *request,
		const struct answer *answer)
{
	struct compare *compare = context;
	struct request theirs = *request;
	struct both both = { .compare = compare,
			     .device = caller,
			     .request = request,
			     .ours = answer };

	if (is_of_logs(request->kind))
		return;
	if (request->kind == REQUEST_TAKE_WELCOME)
		theirs.welcome_id = their_welcome(compare, request->welcome_id);
	both.theirs = node_ask(compare->node, caller, &theirs);
	compare_answers(&both);
}

static void add_device(void *context, const char *user, char id[TEXT_UUID_SIZE])
{
	struct compare *compare = context;

	node_add_device(compare->node, user, id);
}

void compare_begin(struct compare *compare, struct node *node,
		   struct world *world, struct world_beside *beside)
{
	free(compare->welcomes);
	compare->welcomes = NULL;
	compare->welcome_count = 0;
	compare->node = node;
	compare->world = world;
	node_reset(node);
	*beside = (struct world_beside){ .add_device = add_device,
					 .peer = { ask, compare } };
}

void compare_clear(struct compare *compare)
{
	free(compare->welcomes);
	*compare = (struct compare){ .node = NULL };
}

/* ---- all that can be read ---- */

static bool read_page(struct compare *compare, size_t device,
		      struct request *request)
{
	struct server *home = &compare->world->adversary.homes[0];
	struct reply reply = { .parts = NULL };
	bool more;

	server_ask(home, device, compare->world->now_ms, request, &reply);
	more = reply.answer.result == ERR_OK && reply.answer.more;
	if (reply.answer.entry_count > 0)
		request->after =
		    reply.answer.entries[reply.answer.entry_count - 1].seq;
	reply_free(&reply);
	return more && !world_is_broken(compare->world);
}

static void read_once(struct compare *compare, size_t device,
		      enum request_kind kind, const char *session,
		      uint32_t generation)
{
	struct request request = { .kind = kind,
				   .session = session,
				   .generation = generation };

	(void)read_page(compare, device, &request);
}

static void read_log(struct compare *compare, size_t device,
		     enum request_kind kind, const char *session,
		     uint32_t limit)
{
	struct request request = { .kind = kind,
				   .session = session,
				   .limit = limit };

	while (read_page(compare, device, &request))
		;
}

static void read_session(struct compare *compare, size_t device,
			 const struct server_session *session)
{
	const char *id = session->text_id;

	read_log(compare, device, REQUEST_LOG, id, 7);
	read_log(compare, device, REQUEST_LOG, id, 500);
	read_log(compare, device, REQUEST_HANDSHAKES, id, 500);
	read_once(compare, device, REQUEST_GROUP_INFO, id, 0);
	for (uint32_t g = 0; g <= session->first_count; g++)
		read_once(compare, device, REQUEST_FIRST_INFO, id, g);
}

/* ---- members ---- */

static void differ_in(struct compare *compare,
		      const struct server_session *session, const char *what)
{
	world_violate(compare->world, "difference", "%s: session %s, at #%zu",
		      what, session->text_id, session->log_count);
}

static const struct server_member *member_of_row(
    const struct server_session *session, const json_t *row)
{
	char identity[SIM_IDENTITY];
	const char *user = json_string_value(json_object_get(row, "username"));
	const char *id = json_string_value(json_object_get(row, "device_id"));

	(void)snprintf(identity, sizeof(identity), "%s/%s",
		       user != NULL ? user : "", id != NULL ? id : "");
	return server_member(session, identity);
}

static void compare_rows(struct compare *compare,
			 const struct server_session *session,
			 const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (json_array_size(rows) != session->member_count)
		differ_in(compare, session, "number of members");
	json_array_foreach(rows, i, row)
	{
		const struct server_member *member =
		    member_of_row(session, row);

		if (member == NULL)
			differ_in(compare, session, "a member");
		else if (json_integer_value(json_object_get(
			     row, "leaf_index")) != (json_int_t)member->leaf)
			differ_in(compare, session, "a member's leaf");
		else if (json_is_true(json_object_get(row, "departed")) !=
			 member->departed)
			differ_in(compare, session, "a member's departure");
	}
}

static bool is_invited(const struct server_session *session, const char *user)
{
	for (size_t i = 0; i < session->invited_count; i++)
		if (strcmp(session->invited[i].user, user) == 0)
			return true;
	return false;
}

static bool is_in_list(const json_t *list, const char *user)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) if (strcmp(json_string_value(one),
						    user) == 0) return true;
	return false;
}

static void compare_invited(struct compare *compare,
			    const struct server_session *session,
			    const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(
	    list, i, one) if (!is_invited(session, json_string_value(one)))
	    differ_in(compare, session, json_string_value(one));
	for (i = 0; i < session->invited_count; i++)
		if (!is_in_list(list, session->invited[i].user))
			differ_in(compare, session,
				  "somebody who is not invited any more");
}

static void compare_members(struct compare *compare, size_t device,
			    const struct server_session *session)
{
	char path[96];
	json_t *said;

	(void)snprintf(path, sizeof(path), "/session/%s/members",
		       session->text_id);
	said = node_get(compare->node, device, path);
	if (said == NULL) {
		differ_in(compare, session, "the right to see the members");
		return;
	}
	if ((uint64_t)json_integer_value(json_object_get(said, "epoch")) !=
	    session->epoch)
		differ_in(compare, session, "the epoch");
	compare_rows(compare, session, json_object_get(said, "members"));
	compare_invited(compare, session, json_object_get(said, "invited"));
	json_decref(said);
}

void compare_all(struct compare *compare)
{
	struct server *home = &compare->world->adversary.homes[0];

	for (size_t d = 0; d < home->device_count; d++) {
		read_once(compare, d, REQUEST_STOCK, NULL, 0);
		read_once(compare, d, REQUEST_WELCOMES, NULL, 0);
		for (size_t i = 0; i < home->session_count; i++) {
			const struct server_session *session =
			    &home->sessions[i];
			const struct server_member *member =
			    server_member(session, home->devices[d].identity);

			if (world_is_broken(compare->world))
				return;
			read_session(compare, d, session);
			if (member != NULL && !member->departed)
				compare_members(compare, d, session);
		}
	}
}
