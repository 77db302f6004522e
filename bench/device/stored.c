/*
 * What a device writes of a large session, into the sealed file that the command has:
 * bytes and records of each step, and the time that storing and loading take. Notes have
 * a mark and a receipt for each member, as after some time of talk.
 *
 *   make VARIANT=release bench-device     then build/release/bench/device/stored [MEMBERS]
 */
#include "device/group/membership.h"
#include "reach/state.h"
#include "session/items.h"
#include "tests/testlib/session_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { IDENTITY = 32 };

struct person {
	char identity[IDENTITY];
	uint16_t suites[1];
	struct mls_identity me;
	struct sec private_key;
	struct buf public_key, key_package;
	struct mls_key_package_secrets secrets;
	struct session *session;
};

/* The device's store, counted. */
static struct {
	struct device_store inner, port;
	size_t puts, bytes, gets;
} counted;

static struct chain log_chain;
static const uint8_t id[SESSION_ID] = "a large session";

static void must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "stored: %s: %s\n", what, err_text(e));
	exit(2);
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- the store ---- */

static enum err get(void *context, const char *name, struct buf *value)
{
	(void)context;
	counted.gets++;
	return counted.inner.get(counted.inner.context, name, value);
}

static enum err put(void *context, const char *name, struct span value)
{
	(void)context;
	counted.puts++;
	counted.bytes += value.n;
	return counted.inner.put(counted.inner.context, name, value);
}

static enum err forget(void *context, const char *name)
{
	(void)context;
	counted.puts++;
	return counted.inner.remove(counted.inner.context, name);
}

static void open_store(const char *home, struct state **state)
{
	must(state_create(home, SPAN_LIT("passphrase"),
			  (struct password_cost){ 2, 8, 1 }, NULL, state),
	     "a state");
	counted.inner = counted.port = state_store(*state);
	counted.port.get = get;
	counted.port.put = put;
	counted.port.remove = forget;
}

static void save(struct membership *m, const char *what)
{
	const struct device_store *store = &counted.port;
	bool changed;
	double begun = now_ms(), made;

	counted.puts = counted.bytes = 0;
	must(store->begin(store->context, &changed), "to begin");
	must(membership_save(store, rng_system(), m), "to save");
	made = now_ms();
	must(store->commit(store->context), "to commit");
	if (what != NULL)
		(void)printf("%-28s %8zu bytes in %4zu records, %6.2f ms and "
			     "%5.1f ms of the disk\n",
			     what, counted.bytes, counted.puts, made - begun,
			     now_ms() - made);
}

/* ---- people ---- */

static void person_init(struct person *p, size_t number)
{
	memset(p, 0, sizeof(*p));
	(void)snprintf(p->identity, sizeof(p->identity), "m%06zu/1", number);
	p->suites[0] = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519;
	p->me = (struct mls_identity){
		.suite = suite_by_id(p->suites[0]),
		.rng = rng_system(),
		.now = (uint64_t)time(NULL),
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

/* Not its session. */
static void person_clear(struct person *p)
{
	sec_clear(&p->private_key);
	buf_clear(&p->public_key);
	buf_clear(&p->key_package);
	mls_key_package_secrets_clear(&p->secrets);
}

static void create(struct person *p)
{
	struct negotiation_offer offer = { p->me.credential_identity,
					   SPAN_EMPTY };
	struct negotiation_plan plan = { .suite = NULL };
	struct buf suites = BUF_INIT, info = BUF_INIT;

	buf_put_u16(&suites, p->suites[0]);
	offer.suites = buf_span(&suites);
	must(negotiation_plan(&offer, NULL, 0, &plan), "a plan");
	must(session_create(&p->me, id, &plan, NULL, &p->session, &info),
	     "a session");
	must(chain_start(&log_chain, SPAN_ARRAY(id)), "a log");
	negotiation_plan_clear(&plan);
	buf_clear(&suites);
	buf_clear(&info);
}

static void post(enum chain_kind kind, struct span bytes,
		 uint8_t head[CHAIN_HEAD])
{
	must(chain_next(&log_chain, kind, bytes, head), "a head");
	chain_advance(&log_chain, head);
}

static void receive(struct session *session, enum chain_kind kind,
		    struct span bytes, const uint8_t head[CHAIN_HEAD])
{
	struct session_event event = { 0 };

	must(session_receive(session, (uint64_t)time(NULL), log_chain.seq, kind,
			     bytes, head, &event),
	     "to receive");
	if (event.kind == SESSION_REFUSED)
		must(event.refused, "an entry");
	session_event_clear(&event);
}

static void grow(struct person *owner, struct person *other, size_t members)
{
	struct span *adds = calloc(members, sizeof(*adds));
	struct person *people = calloc(members, sizeof(*people));
	struct mls_change change = { .adds = adds, .add_count = members - 1 };
	struct mls_commit made = { 0 };
	uint8_t head[CHAIN_HEAD];

	if (adds == NULL || people == NULL)
		must(ERR_LOCAL_MEMORY, "people");
	adds[0] = buf_span(&other->key_package);
	for (size_t i = 1; i + 1 < members; i++) {
		person_init(&people[i], i + 1);
		adds[i] = buf_span(&people[i].key_package);
	}
	must(session_commit(owner->session, &owner->me, &change, &made),
	     "to add all");
	post(CHAIN_COMMIT, buf_span(&made.commit), head);
	receive(owner->session, CHAIN_COMMIT, buf_span(&made.commit), head);
	must(session_join_welcome(&other->me, id, buf_span(&made.welcome),
				  SESSION_WITHIN, buf_span(&other->key_package),
				  &other->secrets, log_chain.seq, head,
				  &(enum session_tree){ 0 }, &other->session),
	     "to join");
	mls_commit_clear(&made);
	for (size_t i = 1; i + 1 < members; i++)
		person_clear(&people[i]);
	free(people);
	free(adds);
}

static void fill_notes(json_t *notes, size_t members)
{
	json_t *shown = json_object_get(notes, "shown"), *of = json_object();
	char text[65];

	for (size_t i = 0; i < members; i++) {
		(void)snprintf(text, sizeof(text), "%032zx", i * 7919);
		(void)json_object_set_new(shown, text, json_true());
		(void)snprintf(text, sizeof(text), "%064zx", i * 7919);
		(void)json_object_set_new(of, text,
					  json_pack("{s:i, s:i}", "delivered",
						    (int)i, "read", (int)i));
	}
	(void)json_object_set_new(notes, "receipts",
				  json_pack("{s:o}", "of", of));
}

/* ---- what is measured ---- */

static void say(struct person *by, struct buf *envelope)
{
	buf_reset(envelope);
	must(session_send(by->session, &by->me, (uint64_t)now_ms(),
			  SPAN_LIT("some words of a person"), envelope, NULL),
	     "to send");
}

static void talk(struct membership *m, struct person *owner,
		 struct person *other)
{
	struct buf envelope = BUF_INIT;
	uint8_t head[CHAIN_HEAD];

	for (int i = 0; i < 3; i++) {
		say(owner, &envelope);
		save(m, i == 0 ? "first message of an epoch" : "a message");
		post(CHAIN_APPLICATION, buf_span(&envelope), head);
		receive(m->session, CHAIN_APPLICATION, buf_span(&envelope),
			head);
		receive(other->session, CHAIN_APPLICATION, buf_span(&envelope),
			head);
		save(m, "it stands in the log");
		say(other, &envelope);
		post(CHAIN_APPLICATION, buf_span(&envelope), head);
		receive(other->session, CHAIN_APPLICATION, buf_span(&envelope),
			head);
		receive(m->session, CHAIN_APPLICATION, buf_span(&envelope),
			head);
		save(m, "another's message");
	}
	buf_clear(&envelope);
}

static void rotate(struct membership *m, struct person *owner,
		   struct person *other)
{
	const struct mls_change change = { .force_path = true };
	struct mls_commit made = { 0 };
	uint8_t head[CHAIN_HEAD];

	for (int i = 0; i < 3; i++) {
		must(session_commit(owner->session, &owner->me, &change, &made),
		     "to commit");
		save(m, "a commit, staged");
		post(CHAIN_COMMIT, buf_span(&made.commit), head);
		receive(m->session, CHAIN_COMMIT, buf_span(&made.commit), head);
		receive(other->session, CHAIN_COMMIT, buf_span(&made.commit),
			head);
		save(m, "it stands in the log");
		mls_commit_clear(&made);
	}
}

static void load(const char *text)
{
	struct membership m;
	double begun = now_ms();

	counted.gets = 0;
	must(membership_load(&counted.port, text, &m), "to load");
	(void)printf("%-28s %zu records, %.2f ms\n", "loading", counted.gets,
		     now_ms() - begun);
	membership_clear(&m);
}

int main(int argc, char **argv)
{
	const struct suites offer = {
		{ SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519 }, 1
	};
	size_t members = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	char home[] = "/tmp/hermetic-stored-XXXXXX";
	struct person owner, other;
	struct state *state = NULL;
	struct membership m;
	struct buf whole = BUF_INIT;
	struct uuid_text text = uuid_text(uuid_of(id));

	if (members < 2 || mkdtemp(home) == NULL)
		must(ERR_LOCAL_IO, "members, or a folder");
	open_store(home, &state);
	person_init(&owner, 0);
	person_init(&other, 1);
	create(&owner);
	grow(&owner, &other, members);
	must(membership_new(&m, text.text, &offer), "a membership");
	m.session = owner.session;
	fill_notes(m.notes, members);
	must(session_value(m.session, &whole), "the whole");
	must(record_print(m.notes, &whole), "the notes");
	(void)printf("%zu members; as one value %zu bytes\n", members, whole.n);
	save(&m, "the whole, by item");
	load(text.text);
	talk(&m, &owner, &other);
	rotate(&m, &owner, &other);
	talk(&m, &owner, &other);
	load(text.text);
	session_free(other.session);
	membership_clear(&m);
	person_clear(&owner);
	person_clear(&other);
	state_close(state);
	state_remove(home);
	(void)rmdir(home);
	buf_clear(&whole);
	return 0;
}
