#include "bench/growth/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/mls/world.h"
#include "check/walk.h"
#include "session/account_sign.h"
#include "session/state.h"
#include "wire/extension.h"
#include "wire/places.h"

enum { ROUNDS = 9, STEPS = 4, IDENTITY = LEAF_NAME_MAX + 1 };
enum kind { EMPTY, ADD, REMOVE, KINDS };

static const char *const names[KINDS] = { "empty", "add", "remove" };

/* One account, with one device. */
struct account {
	char identity[IDENTITY];
	uint8_t fingerprint[ACCOUNT_HASH];
	struct buf link;
};

/* Of both encodings. */
static struct {
	struct account *accounts; /* one a leaf; the last one comes in */
	uint32_t count;
	bool rooted;
	struct place_map places;
	struct buf extensions;
	struct world world;
	struct session *maker, *member;
	struct check_accounts *all; /* what the two know */
	struct check_walk *walk;
	uint64_t seq;
} bench;

struct cost {
	double ms[STEPS]; /* made, walked, its part checked, followed */
	size_t bytes;	  /* of commit and part */
};

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double since(double *begun)
{
	double was = *begun;

	*begun = now();
	return *begun - was;
}

static void accept(struct check_verdict verdict)
{
	if (verdict.wrong == NULL)
		return;
	(void)fprintf(stderr, "growth: %s\n", verdict.wrong);
	exit(1);
}

/* ---- accounts ---- */

/* The client is the first device of a new account. */
static void name_it(uint32_t number, struct world_client *client)
{
	struct account *account = &bench.accounts[number];
	static const uint8_t salt[ACCOUNT_HASH];
	struct account_keys keys = { .count = 0 };
	uint8_t name[ACCOUNT_HASH];
	struct buf text = BUF_INIT;

	session_identity(&client->me);
	if (!bench.rooted) /* the newest stands last */
		client->me.extension_type_count--;
	world_must(account_keys_make(rng_system(), &keys), "keys");
	world_must(account_keys_add(&keys, client->me.suite,
				    client->me.signature_private,
				    client->me.signature_public),
		   "a key");
	world_must(
	    account_name_hash(SPAN_ARRAY(salt), span_str(client->name), name),
	    "a name");
	buf_clear(&account->link);
	world_must(
	    account_sign_begin(SPAN_ARRAY(name), &keys, NULL, &account->link),
	    "an account");
	world_must(
	    account_link_hash(buf_span(&account->link), account->fingerprint),
	    "a hash");
	places_put_leaf(&text, SPAN_ARRAY(account->fingerprint), 1);
	(void)snprintf(account->identity, IDENTITY, "%.*s", (int)text.n,
		       (const char *)text.p);
	client->me.credential_identity = span_str(account->identity);
	account_keys_clear(&keys);
	buf_clear(&text);
}

static void know(struct check_accounts *accounts, const struct account *account)
{
	struct buf links = BUF_INIT;

	buf_put_vec(&links, buf_span(&account->link));
	accept(check_accounts_add(accounts, buf_span(&links)));
	buf_clear(&links);
}

static int compare_rows(const void *a, const void *b)
{
	return memcmp(a, b, ACCOUNT_HASH);
}

/* The places of all, and that the first one owns the session. */
static struct span put_extensions(void)
{
	static const struct roles none;
	uint8_t root[PLACES_ROOT];
	struct buf rows = BUF_INIT;

	if (bench.extensions.n > 0)
		return buf_span(&bench.extensions);
	for (uint32_t i = 0; i < bench.count; i++)
		places_put(&rows,
			   &(struct place){
			       SPAN_ARRAY(bench.accounts[i].fingerprint), 1,
			       SPAN_ARRAY(bench.accounts[i].fingerprint) });
	qsort(rows.p, bench.count, PLACES_ROW, compare_rows);
	world_must(roles_put_changed(&none,
				     span_of(bench.accounts[0].identity, 64),
				     ROLE_OWNER, &bench.extensions),
		   "a role");
	if (bench.rooted) {
		world_must(place_map_read(buf_span(&rows), &bench.places),
			   "places");
		world_must(place_map_root(&bench.places, root), "a root");
		places_put_root(&bench.extensions, SPAN_ARRAY(root));
	} else {
		places_put_extension(&bench.extensions, buf_span(&rows));
	}
	world_must(buf_end(&bench.extensions), "extensions");
	buf_clear(&rows);
	return buf_span(&bench.extensions);
}

/* ---- sessions ---- */

static struct session *enter(struct mls_group **group)
{
	struct session *session = calloc(1, sizeof(*session));

	world_must(session != NULL ? ERR_OK : ERR_LOCAL_MEMORY, "a session");
	session->group = *group;
	*group = NULL;
	session->places = place_map_share(&bench.places);
	session->accounts = bench.all;
	session->joined = session->exact = true;
	world_must(chain_start(&session->chain, session_id_span(session)),
		   "a chain");
	return session;
}

static void begin(uint32_t members, bool rooted)
{
	static const struct world_people people = { name_it, put_extensions };
	struct buf info = BUF_INIT;

	bench.rooted = rooted;
	bench.count = members;
	bench.accounts = calloc(members + 1, sizeof(*bench.accounts));
	world_must(bench.accounts != NULL ? ERR_OK : ERR_LOCAL_MEMORY,
		   "accounts");
	world_init(&bench.world, suite_by_id(3), members, &people);
	world_must(check_accounts_new(NULL, &bench.all), "logs");
	for (uint32_t i = 0; i < members; i++)
		know(bench.all, &bench.accounts[i]);
	bench.maker = enter(&bench.world.first_group);
	bench.member = enter(&bench.world.last_group);
	world_must(session_info(bench.maker, &bench.world.first.me, &info),
		   "a GroupInfo");
	accept(
	    check_walk_from_info(buf_span(&info), CHECK_VERIFIED, &bench.walk));
	buf_clear(&info);
}

static void end(void)
{
	check_walk_free(bench.walk);
	session_free(bench.maker);
	session_free(bench.member);
	check_accounts_free(bench.all);
	place_map_clear(&bench.places);
	world_clear(&bench.world);
	for (uint32_t i = 0; i <= bench.count; i++)
		buf_clear(&bench.accounts[i].link);
	free(bench.accounts);
	buf_clear(&bench.extensions);
	memset(&bench, 0, sizeof(bench));
}

/* ---- commits ---- */

static double receive(struct session *session, struct span commit, uint64_t seq)
{
	struct session_event event = { 0 };
	uint8_t head[CHAIN_HEAD];
	double begun;

	world_must(chain_next(&session->chain, CHAIN_COMMIT, commit, head),
		   "a head");
	begun = now();
	world_must(session_receive(session, WORLD_NOW, seq, CHAIN_COMMIT,
				   commit, head, &event),
		   "to follow");
	if (event.kind != SESSION_COMMIT)
		world_must(event.refused, event.rule);
	session_event_clear(&event);
	return since(&begun);
}

/* As a node, which reads the logs that it is asked for. */
static void walk(struct span commit, struct cost *cost)
{
	struct check_accounts *few;
	double begun;

	world_must(check_accounts_new(NULL, &few), "logs");
	know(few, &bench.accounts[0]);
	check_walk_set_accounts(bench.walk, few);
	begun = now();
	accept(check_walk_commit(bench.walk, commit));
	cost->ms[1] = since(&begun);
	check_walk_set_accounts(bench.walk, NULL);
	check_accounts_free(few);
}

static void post(struct mls_change *change, struct cost *cost)
{
	struct mls_commit made;
	struct buf part = BUF_INIT;
	double begun = now();

	change->force_path = true;
	change->tree_beside_welcome = session_tree_beside(
	    bench.maker, change->adds, change->add_count, 64);
	change->tree_beside_info = session_info_beside(
	    bench.maker, change->adds, change->add_count, 64);
	world_must(
	    session_commit(bench.maker, &bench.world.first.me, change, &made),
	    "a commit");
	world_must(session_info_part(buf_span(&made.group_info), &part),
		   "a part");
	cost->ms[0] = since(&begun);
	cost->bytes = made.commit.n + part.n;
	walk(buf_span(&made.commit), cost);
	begun = now();
	accept(check_walk_check_part(bench.walk, buf_span(&part)));
	cost->ms[2] = since(&begun);
	bench.seq++;
	cost->ms[3] = receive(bench.member, buf_span(&made.commit), bench.seq);
	(void)receive(bench.maker, buf_span(&made.commit), bench.seq);
	mls_commit_clear(&made);
	buf_clear(&part);
}

static void add(struct cost *cost)
{
	struct account *account = &bench.accounts[bench.count];
	struct mls_change change = { .add_count = 1 };
	struct world_client other;
	struct span key_package;

	world_client_init(&other, bench.world.suite, bench.count);
	name_it(bench.count, &other);
	know(bench.all, account);
	world_must(mls_key_package_create(&other.me, false, &other.secrets,
					  &other.key_package),
		   "a KeyPackage");
	key_package = buf_span(&other.key_package);
	change.adds = &key_package;
	post(&change, cost);
	world_client_clear(&other);
}

static void take_out(struct cost *cost)
{
	struct mls_change change = { .remove_count = 1 };
	struct mls_member member;

	if (!session_find(bench.maker,
			  span_str(bench.accounts[bench.count].identity),
			  &member))
		world_must(ERR_LOCAL_BUG, "who came in");
	change.removes = &member.leaf_index;
	post(&change, cost);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(uint32_t members, enum kind kind, bool rooted,
		  const struct cost *costs)
{
	(void)printf("| %u | %s | %s | %zu B |", members, names[kind],
		     rooted ? "root" : "list", costs[ROUNDS - 1].bytes);
	for (size_t step = 0; step < STEPS; step++) {
		double list[ROUNDS];

		for (size_t i = 0; i < ROUNDS; i++)
			list[i] = costs[i].ms[step];
		qsort(list, ROUNDS, sizeof(*list), compare);
		(void)printf(" %.2f ms |", list[ROUNDS / 2]);
	}
	(void)printf("\n");
}

void accounts_print_head(void)
{
	(void)printf(
	    "\n| accounts | commit | places | commit and part | made | "
	    "walked | part checked | followed |\n"
	    "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
}

void accounts_measure(uint32_t members)
{
	static struct cost costs[2][KINDS][ROUNDS];

	for (int rooted = 0; rooted < 2; rooted++) {
		struct cost first;

		begin(members, rooted != 0);
		/* A member that has just come into the group makes
		 * this commit once; the program does not time it. */
		post(&(struct mls_change){ .force_path = true }, &first);
		add(&first);
		take_out(&first);
		for (size_t i = 0; i < ROUNDS; i++) {
			post(&(struct mls_change){ .force_path = true },
			     &costs[rooted][EMPTY][i]);
			add(&costs[rooted][ADD][i]);
			take_out(&costs[rooted][REMOVE][i]);
		}
		end();
	}
	for (enum kind kind = EMPTY; kind < KINDS; kind++)
		for (int rooted = 0; rooted < 2; rooted++)
			print(members, kind, rooted != 0, costs[rooted][kind]);
}
