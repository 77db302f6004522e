/*
 * What a commit costs in a large session: a real node, and members by the client's
 * code (src/session, src/reach). bench/large.mjs starts it and tells it who there is:
 * one JSON object on stdin, {url, session, sizes, owner, committers, others}, where a
 * person is {username, device, token} and `others` counts accounts that the node knows
 * by number. It prints a JSON line for each commit that is measured, and after the line
 * `wal` waits for a number on stdin: where the database's log of writes is.
 *
 * The owner lets members in, sixteen at a time; one of each sixteen joins by its Welcome
 * and makes new keys, as all would in the end. Each commit is followed by a member that
 * stays (the first of those).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/uuid.h"
#include "crypto/sign.h"
#include "device/record.h"
#include "reach/api.h"
#include "reach/call.h"
#include "reach/reply.h"
#include "session/session.h"

enum { BATCH = 16, IDENTITY = 96 };

struct person {
	char identity[IDENTITY];
	const char *token; /* borrowed; NULL: it does nothing by itself */
	struct mls_identity me;
	uint16_t suites[1];
	struct sec private_key;
	struct buf public_key, key_package;
	struct mls_key_package_secrets secrets;
	struct session *session;
};

static struct {
	struct api *api;
	const char *session;
	struct uuid id;
	struct person owner, watcher;
	json_t *plan;
	size_t members, committers, others;
	bool measured; /* what is done now */
} world;

/* What one commit took. */
struct cost {
	size_t commit, part, welcome, body, whole;
	double make_ms, post_ms, merge_ms, follow_ms;
	long long wal;
};

static void must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "large: %s: %s\n", what, err_text(e));
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (text == NULL)
		must(ERR_PEER_MALFORMED, name);
	return text;
}

/* ---- people ---- */

static void person_init(struct person *p, const char *username,
			const char *device, const char *token)
{
	memset(p, 0, sizeof(*p));
	(void)snprintf(p->identity, sizeof(p->identity), "%s/%s", username,
		       device);
	p->token = token;
	p->suites[0] = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519;
	p->me = (struct mls_identity){
		.suite = suite_by_id(p->suites[0]),
		.rng = rng_system(),
		.now = now_s(),
		.lifetime = 86400,
		.credential_identity = span_str(p->identity),
		.cipher_suites = p->suites,
		.cipher_suite_count = 1,
	};
	session_identity(&p->me);
	must(sign_generate(p->me.suite, p->me.rng, &p->private_key,
			   &p->public_key),
	     "a signature key");
	p->me.signature_private = sec_span(&p->private_key);
	p->me.signature_public = buf_span(&p->public_key);
	must(
	    mls_key_package_create(&p->me, false, &p->secrets, &p->key_package),
	    "a KeyPackage");
}

static void person_clear(struct person *p)
{
	session_free(p->session);
	sec_clear(&p->private_key);
	buf_clear(&p->public_key);
	buf_clear(&p->key_package);
	mls_key_package_secrets_clear(&p->secrets);
}

static void person_of(struct person *p, const json_t *about)
{
	person_init(p, text_of(about, "username"), text_of(about, "device"),
		    text_of(about, "token"));
}

/* The next one of those who do nothing by themselves. */
static void person_other(struct person *p)
{
	char username[16], device[40];

	(void)snprintf(username, sizeof(username), "m%06zu", world.others);
	(void)snprintf(device, sizeof(device), "00000000-0000-4000-8000-%012zu",
		       world.others);
	world.others++;
	person_init(p, username, device, NULL);
}

/* ---- the node ---- */

/* Returns the answer's body, which the caller frees. */
static json_t *ask(const struct person *p, const struct request *request,
		   size_t *bytes)
{
	struct why why = { .unreachable = false };
	struct api_answer answer = { .body = NULL };
	struct call call;
	json_t *body;

	must(api_set_token(world.api, p->token), "a token");
	must(call_make(request, &call), "a request");
	if (bytes != NULL && call.body != NULL)
		*bytes = json_dumpb(call.body, NULL, 0, JSON_COMPACT);
	if (api_call(world.api, call.method, call.path, json_incref(call.body),
		     &why, &answer) != ERR_OK) {
		(void)fprintf(stderr, "large: %s: %ld %s: %s\n", call.path,
			      answer.status, answer.slug, why.text);
		exit(1);
	}
	body = json_incref(answer.body);
	call_clear(&call);
	api_answer_clear(&answer);
	return body;
}

static long long wal(void)
{
	char line[64];

	if (!world.measured)
		return 0;
	(void)printf("wal\n");
	(void)fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		must(ERR_LOCAL_IO, "stdin");
	return strtoll(line, NULL, 10);
}

static double follow(struct person *p, struct span commit, uint64_t seq,
		     const uint8_t head[CHAIN_HEAD])
{
	struct session_event event = { 0 };
	double begun = now_ms();

	must(session_receive(p->session, now_s(), seq, CHAIN_COMMIT, commit,
			     head, &event),
	     "to follow");
	if (event.kind != SESSION_COMMIT)
		must(event.refused, "a member refuses");
	session_event_clear(&event);
	return now_ms() - begun;
}

/* ---- commits ---- */

static uint64_t take(struct person *by, const struct mls_commit *made,
		     json_t *answer, struct cost *cost)
{
	uint8_t head[CHAIN_HEAD];
	double begun;
	uint64_t seq;

	must(record_number(answer, "seq", &seq), "seq");
	must(record_digest(answer, "head", head), "head");
	begun = now_ms();
	must(session_accepted(by->session, now_s(), seq, head), "to merge");
	cost->merge_ms = now_ms() - begun;
	if (world.watcher.session != NULL && by != &world.watcher)
		cost->follow_ms =
		    follow(&world.watcher, buf_span(&made->commit), seq, head);
	if (by != &world.owner)
		(void)follow(&world.owner, buf_span(&made->commit), seq, head);
	return seq;
}

static uint64_t commit(struct person *by, struct mls_change *change,
		       struct cost *cost, struct buf *welcome)
{
	struct request request = { .kind = REQUEST_COMMIT,
				   .session = world.session };
	struct mls_commit made;
	struct buf part = BUF_INIT;
	json_t *answer;
	uint64_t seq;
	double begun = now_ms();

	change->force_path = true;
	change->tree_beside_welcome = session_tree_beside(
	    by->session, change->adds, change->add_count, 64);
	change->tree_beside_info = session_info_beside(
	    by->session, change->adds, change->add_count, 64);
	must(session_commit(by->session, &by->me, change, &made), "a commit");
	must(session_info_part(buf_span(&made.group_info), &part), "a part");
	cost->make_ms = now_ms() - begun;
	request.bytes = buf_span(&made.commit);
	request.info_part = buf_span(&part);
	request.welcome = buf_span(&made.welcome);
	cost->commit = made.commit.n;
	cost->part = part.n;
	cost->welcome = made.welcome.n;
	cost->whole = made.group_info.n;
	cost->wal = wal();
	begun = now_ms();
	answer = ask(by, &request, &cost->body);
	cost->post_ms = now_ms() - begun;
	cost->wal = wal() - cost->wal;
	seq = take(by, &made, answer, cost);
	if (welcome != NULL)
		buf_put(welcome, buf_span(&made.welcome));
	json_decref(answer);
	buf_clear(&part);
	mls_commit_clear(&made);
	return seq;
}

static void join(struct person *p, struct span welcome, uint64_t seq)
{
	struct request request = { .kind = REQUEST_TREE,
				   .session = world.session,
				   .after = seq };
	const uint8_t *head = session_head(world.owner.session);
	enum session_tree wants;
	struct reply reply = { .bytes = NULL };
	json_t *body = NULL;
	enum err e =
	    session_join_welcome(&p->me, world.id.bytes, welcome,
				 SESSION_WITHIN, buf_span(&p->key_package),
				 &p->secrets, seq, head, &wants, &p->session);

	if (wants == SESSION_TREE_MISSING) {
		body = ask(p, &request, NULL);
		must(reply_read(&request, body, &reply), "a tree");
		e = session_join_welcome(
		    &p->me, world.id.bytes, welcome,
		    (struct session_beside){ reply.answer.tree,
					     reply.answer.places },
		    buf_span(&p->key_package), &p->secrets, seq, head, &wants,
		    &p->session);
		reply_clear(&reply);
		json_decref(body);
	}
	must(e, "to join");
}

/* Lets `count` members in, of whom the first makes new keys. */
static void grow(size_t count)
{
	struct person people[BATCH];
	struct span adds[BATCH];
	struct buf welcome = BUF_INIT;
	struct mls_change change = { .adds = adds, .add_count = count };
	struct mls_change empty = { .force_path = true };
	struct cost cost = { 0 };
	uint64_t seq;

	for (size_t i = 0; i < count; i++) {
		if (i == 0)
			person_of(&people[i],
				  json_array_get(
				      json_object_get(world.plan, "committers"),
				      world.committers++));
		else
			person_other(&people[i]);
		adds[i] = buf_span(&people[i].key_package);
	}
	seq = commit(&world.owner, &change, &cost, &welcome);
	world.members += count;
	join(&people[0], buf_span(&welcome), seq);
	(void)commit(&people[0], &empty, &cost, NULL);
	if (world.watcher.session == NULL) {
		world.watcher = people[0];
		world.watcher.me.credential_identity =
		    span_str(world.watcher.identity);
		world.watcher.me.cipher_suites = world.watcher.suites;
		memset(&people[0], 0, sizeof(people[0]));
	}
	for (size_t i = 0; i < count; i++)
		person_clear(&people[i]);
	buf_clear(&welcome);
}

/* ---- what is measured ---- */

static void print(const char *what, const struct cost *c)
{
	(void)printf("{\"members\":%zu,\"what\":\"%s\",\"commit\":%zu,"
		     "\"part\":%zu,\"welcome\":%zu,\"body\":%zu,"
		     "\"whole\":%zu,\"wal\":%lld,\"make_ms\":%.2f,"
		     "\"post_ms\":%.2f,\"merge_ms\":%.2f,\"follow_ms\":%.2f}\n",
		     world.members, what, c->commit, c->part, c->welcome,
		     c->body, c->whole, c->wal, c->make_ms, c->post_ms,
		     c->merge_ms, c->follow_ms);
	(void)fflush(stdout);
}

static void measure(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct mls_change change = { .force_path = true };
		struct cost cost = { 0 };
		struct person other;
		struct mls_member leaf;
		struct span add;
		uint32_t removed;

		(void)commit(&world.owner, &change, &cost, NULL);
		print("empty", &cost);
		person_other(&other);
		add = buf_span(&other.key_package);
		change = (struct mls_change){ .adds = &add, .add_count = 1 };
		(void)commit(&world.owner, &change, &cost, NULL);
		world.members++;
		print("add", &cost);
		if (!session_find(world.owner.session, span_str(other.identity),
				  &leaf))
			must(ERR_LOCAL_BUG, "who was added");
		removed = leaf.leaf_index;
		change = (struct mls_change){ .removes = &removed,
					      .remove_count = 1 };
		(void)commit(&world.owner, &change, &cost, NULL);
		world.members--;
		print("remove", &cost);
		person_clear(&other);
	}
}

static void create(void)
{
	struct negotiation_offer offer = { world.owner.me.credential_identity,
					   SPAN_EMPTY };
	struct negotiation_plan plan = { .suite = NULL };
	struct request request = { .kind = REQUEST_CREATE,
				   .session = world.session,
				   .algorithm =
				       world.owner.me.suite->algorithm };
	struct buf suites = BUF_INIT, info = BUF_INIT;

	buf_put_u16(&suites, world.owner.suites[0]);
	offer.suites = buf_span(&suites);
	must(negotiation_plan(&offer, NULL, 0, &plan), "a plan");
	must(session_create(&world.owner.me, world.id.bytes, &plan, NULL,
			    &world.owner.session, &info),
	     "a session");
	request.group_info = buf_span(&info);
	json_decref(ask(&world.owner, &request, NULL));
	world.members = 1;
	negotiation_plan_clear(&plan);
	buf_clear(&suites);
	buf_clear(&info);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0, i;
	const json_t *size;
	enum { ROUNDS = 5 };

	if (getline(&line, &room, stdin) <= 0)
		must(ERR_LOCAL_IO, "stdin");
	world.plan = json_loads(line, 0, NULL);
	free(line);
	world.session = text_of(world.plan, "session");
	must(uuid_parse(&world.id, span_str(world.session)), "an id");
	must(api_open(text_of(world.plan, "url"), NULL, &world.api), "a URL");
	person_of(&world.owner, json_object_get(world.plan, "owner"));
	create();
	json_array_foreach(json_object_get(world.plan, "sizes"), i, size)
	{
		size_t wanted = (size_t)json_integer_value(size);
		double begun = now_ms();

		while (world.members < wanted) {
			size_t left = wanted - world.members;

			grow(left < BATCH ? left : BATCH);
		}
		(void)fprintf(stderr, "%zu members after %.1f s\n",
			      world.members, (now_ms() - begun) / 1e3);
		world.measured = true;
		measure(ROUNDS);
		world.measured = false;
	}
	person_clear(&world.owner);
	person_clear(&world.watcher);
	api_close(world.api);
	json_decref(world.plan);
	return 0;
}
