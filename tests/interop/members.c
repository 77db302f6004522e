/*
 * Members of our engine for whoever drives them: one JSON object a line in,
 * one a line out, bytes in base64 (tests/interop/ours.mjs). An answer without
 * "error" is what was asked for; the engine's errors are said by their text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/library.h"
#include "crypto/sign.h"
#include "tests/interop/member.h"

#define MEMBERS_MAX 256

static struct member members[MEMBERS_MAX];
static size_t member_count;
/* Members with X-Wing list its suites, too. */
static const uint16_t SUITES[] = { 1, 2,      3,      4,      5,     6,
				   7, 0xF7F1, 0xF7F2, 0xF7F3, 0xF7F4 };
enum { SUITES_OF_BEFORE = 8 };
/* The driver's own, and those of draft-ietf-mls-extensions. */
static const uint16_t EXTENSIONS[] = { 0xF0A1, MLS_APP_DATA_DICTIONARY };
static const uint16_t PROPOSALS[] = { MLS_SELF_REMOVE, MLS_APP_DATA_UPDATE };

const uint8_t RENEWED[RENEWED_BYTES] = { 0xF0, 0xA1, 3, 'n', 'e', 'w', 0,
					 6,    5,    4, 0,   1,	  1,   0 };

/* Of the one component: it is what was said last. */
static enum err update_data(void *context, uint16_t component,
			    const struct span *now, const struct span *updates,
			    size_t count, struct buf *data)
{
	(void)context;
	(void)now;
	if (component != COMPONENT || count == 0)
		return ERR_PEER_UNSUPPORTED;
	buf_put(data, updates[count - 1]);
	return ERR_OK;
}

static const struct mls_authentication HOOKS = { .update_data = update_data };

/* ---- members ---- */

struct member *member_find(const json_t *q)
{
	const char *name = json_string_value(json_object_get(q, "who"));

	for (size_t i = 0; name != NULL && i < member_count; i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	(void)fprintf(stderr, "there is no %s\n", name);
	exit(2);
}

/* splitmix64: good enough to be repeated, which is what it is for. */
static enum err fill(void *context, uint8_t *out, size_t n)
{
	uint64_t *state = context;

	for (size_t i = 0; i < n; i++) {
		uint64_t z = *state += 0x9e3779b97f4a7c15;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		out[i] = (uint8_t)(z >> 56);
	}
	return ERR_OK;
}

static enum err do_new(const json_t *q, json_t *answer)
{
	struct member *m = &members[member_count++];
	const char *name = json_string_value(json_object_get(q, "who"));
	enum err e;

	(void)answer;
	ENSURE(member_count < MEMBERS_MAX, ERR_LOCAL_BUG);
	*m = (struct member){ .state = line_number_at(q, "seed") };
	m->rng = (struct rng){ fill, &m->state };
	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	m->me = (struct mls_identity){
		.suite = suite_by_id((uint16_t)line_number_at(q, "suite")),
		.rng = &m->rng,
		.now = line_number_at(q, "now"),
		.lifetime = 86400,
		.credential_identity = span_str(m->name),
		.cipher_suites = SUITES,
		.cipher_suite_count = SUITES_OF_BEFORE,
		.extension_types = EXTENSIONS,
		.extension_type_count = 1,
		.authentication = &HOOKS,
		.accepts_x509 = line_flag_at(q, "x509"),
		.padding = (uint32_t)line_number_at(q, "padding"),
	};
	if (m->me.suite->kem_id == SUITE_KEM_XWING)
		m->me.cipher_suite_count = sizeof(SUITES) / sizeof(*SUITES);
	if (line_flag_at(q, "drafts")) {
		m->me.extension_type_count++;
		m->me.leaf_extensions = span_of(
		    RENEWED + OWN_EXTENSION, sizeof(RENEWED) - OWN_EXTENSION);
		m->me.proposal_types = PROPOSALS;
		m->me.proposal_type_count =
		    sizeof(PROPOSALS) / sizeof(*PROPOSALS);
	}
	TRY(sign_generate(m->me.suite, m->me.rng, &m->private_key,
			  &m->public_key));
	m->me.signature_private = sec_span(&m->private_key);
	m->me.signature_public = buf_span(&m->public_key);
out:
	return e;
}

static enum err do_key_package(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct package *p = &m->packages[m->next_package++ % PACKAGES_MAX];
	enum err e;

	buf_clear(&p->bytes);
	mls_key_package_secrets_clear(&p->secrets);
	TRY(mls_key_package_create(&m->me, false, &p->secrets, &p->bytes));
	line_put_bytes(answer, "key_package", buf_span(&p->bytes));
out:
	return e;
}

static enum err do_create(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct buf id = line_bytes_at(q, "group_id");
	struct buf extensions = line_bytes_at(q, "extensions");
	enum err e = mls_group_create(&m->me, buf_span(&id),
				      buf_span(&extensions), &m->group);

	(void)answer;
	buf_clear(&id);
	buf_clear(&extensions);
	return e;
}

/* With the KeyPackage that the Welcome is for; a successor of the group that
 * the member has, if `successor`. */
static enum err do_join(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct buf welcome = line_bytes_at(q, "welcome");
	struct buf tree = line_bytes_at(q, "tree");
	struct mls_group *group = NULL;
	enum err e = ERR_STATE_GONE;

	(void)answer;
	for (size_t i = 0; i < PACKAGES_MAX && group == NULL; i++) {
		struct package *p = &m->packages[i];

		if (p->bytes.n == 0)
			continue;
		e = line_flag_at(q, "successor")
			? mls_group_join_successor(
			      m->group, &m->me, buf_span(&welcome),
			      buf_span(&tree), buf_span(&p->bytes), &p->secrets,
			      &group)
			: mls_group_join(&m->me, buf_span(&welcome),
					 buf_span(&tree), buf_span(&p->bytes),
					 &p->secrets, &group);
	}
	if (e == ERR_OK) {
		mls_group_free(m->group);
		m->group = group;
	}
	buf_clear(&welcome);
	buf_clear(&tree);
	return e;
}

/* ---- proposals and messages ---- */

static enum err do_propose(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	const char *kind = json_string_value(json_object_get(q, "kind"));
	struct buf bytes = line_bytes_at(q, "bytes"), message = BUF_INIT;
	struct mls_proposal p = { .kind = MLS_PROPOSE_UPDATE };
	enum err e;

	if (strcmp(kind, "add") == 0) {
		p.kind = MLS_PROPOSE_ADD;
		p.key_package = buf_span(&bytes);
	} else if (strcmp(kind, "remove") == 0) {
		p.kind = MLS_PROPOSE_REMOVE;
		p.removed = (uint32_t)line_number_at(q, "leaf");
	} else if (strcmp(kind, "app_data") == 0) {
		p.kind = MLS_PROPOSE_APP_DATA;
		p.app_data.component = COMPONENT;
		p.app_data.update = buf_span(&bytes);
	} else if (strcmp(kind, "self_remove") == 0) {
		p.kind = MLS_PROPOSE_SELF_REMOVE;
	} else if (strcmp(kind, "psk") == 0) {
		p.kind = MLS_PROPOSE_PSK;
		p.psk_id = buf_span(&bytes);
	} else if (strcmp(kind, "extensions") == 0) {
		p.kind = MLS_PROPOSE_EXTENSIONS;
		p.extensions = buf_span(&bytes);
	}
	if (p.kind == MLS_PROPOSE_UPDATE)
		TRY(member_renews(m, q, &p.next));
	TRY(mls_group_propose(m->group, &m->me, &p, line_flag_at(q, "private"),
			      &message));
	line_put_bytes(answer, "message", buf_span(&message));
out:
	buf_clear(&bytes);
	buf_clear(&message);
	return e;
}

/* A client that asks to be added (12.1.8). */
static enum err do_propose_self(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct buf group_id = line_bytes_at(q, "group_id"), message = BUF_INIT;
	struct buf package = line_bytes_at(q, "key_package");
	const struct mls_proposal add = { .kind = MLS_PROPOSE_ADD,
					  .key_package = buf_span(&package) };
	enum err e = mls_propose_from_outside(&m->me, buf_span(&group_id),
					      line_number_at(q, "epoch"), NULL,
					      &add, &message);

	if (e == ERR_OK)
		line_put_bytes(answer, "message", buf_span(&message));
	buf_clear(&group_id);
	buf_clear(&package);
	buf_clear(&message);
	return e;
}

static enum err do_protect(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct buf data = line_bytes_at(q, "data"),
		   aad = line_bytes_at(q, "aad");
	struct buf message = BUF_INIT;
	enum err e = mls_group_protect(m->group, &m->me, buf_span(&aad),
				       buf_span(&data), &message);

	if (e == ERR_OK)
		line_put_bytes(answer, "message", buf_span(&message));
	buf_clear(&data);
	buf_clear(&aad);
	buf_clear(&message);
	return e;
}

static enum err do_process(const json_t *q, json_t *answer)
{
	static const char *const kinds[] = { "application", "proposal",
					     "commit", "own" };
	struct member *m = member_find(q);
	struct buf message = line_bytes_at(q, "message");
	struct mls_event event = { 0 };
	enum err e =
	    mls_group_process(m->group, m->me.now, buf_span(&message), &event);

	if (e == ERR_OK) {
		(void)json_object_set_new(answer, "kind",
					  json_string(kinds[event.kind]));
		(void)json_object_set_new(answer, "sender",
					  json_integer(event.sender));
		(void)json_object_set_new(answer, "removed",
					  json_boolean(event.self_removed));
		/* that of a proposal is its reference, which nobody asks for */
		line_put_bytes(answer, "data",
			       event.kind == MLS_EVENT_PROPOSAL
				   ? SPAN_EMPTY
				   : buf_span(&event.data));
		line_put_bytes(answer, "aad",
			       buf_span(&event.authenticated_data));
		mls_event_clear(&event);
	}
	buf_clear(&message);
	return e;
}

/* ---- state ---- */

static enum err do_state(const json_t *q, json_t *answer)
{
	const struct mls_group *g = member_find(q)->group;
	struct sec exported = { 0 };
	enum err e;

	TRY(mls_group_export(g, "interop", SPAN_LIT("context"), 32, &exported));
	line_put_bytes(answer, "exported", sec_span(&exported));
	line_put_bytes(answer, "authenticator",
		       mls_group_epoch_authenticator(g));
	line_put_bytes(answer, "group_id", mls_group_id(g));
	(void)json_object_set_new(answer, "epoch",
				  json_integer((json_int_t)mls_group_epoch(g)));
	(void)json_object_set_new(answer, "leaf",
				  json_integer(mls_group_own_leaf(g)));
	(void)json_object_set_new(answer, "suite",
				  json_integer(mls_group_suite(g)->id));
out:
	sec_clear(&exported);
	return e;
}

/* Which suites OpenSSL has all of. */
static enum err do_suites(const json_t *q, json_t *answer)
{
	json_t *usable = json_array();

	(void)q;
	for (size_t i = 0; i < sizeof(SUITES) / sizeof(*SUITES); i++)
		if (suite_usable(suite_by_id(SUITES[i])))
			(void)json_array_append_new(usable,
						    json_integer(SUITES[i]));
	return json_object_set_new(answer, "usable", usable) == 0
		   ? ERR_OK
		   : ERR_LOCAL_MEMORY;
}

/* The leaf of a member by its credential. */
static enum err do_leaf_of(const json_t *q, json_t *answer)
{
	const char *name = json_string_value(json_object_get(q, "name"));
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(member_find(q)->group, &leaf, &member))
		if (name != NULL && span_equal(member.identity, span_str(name)))
			return json_object_set_new(
				   answer, "leaf",
				   json_integer(member.leaf_index)) == 0
				   ? ERR_OK
				   : ERR_LOCAL_MEMORY;
	return ERR_STATE_GONE;
}

static enum err do_group_info(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct buf info = BUF_INIT;
	enum err e = mls_group_info(m->group, &m->me, true, &info);

	if (e == ERR_OK)
		line_put_bytes(answer, "group_info", buf_span(&info));
	buf_clear(&info);
	return e;
}

static enum err do_add_psk(const json_t *q, json_t *answer)
{
	struct buf id = line_bytes_at(q, "id"), psk = line_bytes_at(q, "psk");
	enum err e = mls_group_add_psk(member_find(q)->group, buf_span(&id),
				       buf_span(&psk));

	(void)answer;
	buf_clear(&id);
	buf_clear(&psk);
	return e;
}

/* As if the process had ended and begun again. */
static enum err do_reload(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct mls_group *group = NULL;
	struct buf state = BUF_INIT;
	enum err e;

	(void)answer;
	TRY(mls_group_save(m->group, &state));
	TRY(mls_group_load(buf_span(&state), &group));
	mls_group_authenticate(group, &HOOKS);
	mls_group_free(m->group);
	m->group = group;
out:
	buf_clear(&state);
	return e;
}

static const struct {
	const char *name;
	enum err (*run)(const json_t *q, json_t *answer);
} COMMANDS[] = {
	{ "new", do_new },
	{ "key_package", do_key_package },
	{ "create", do_create },
	{ "join", do_join },
	{ "join_external", member_join_external },
	{ "commit", member_commit },
	{ "merge", member_merge },
	{ "discard", member_discard },
	{ "successor", member_successor },
	{ "propose", do_propose },
	{ "propose_self", do_propose_self },
	{ "protect", do_protect },
	{ "process", do_process },
	{ "state", do_state },
	{ "suites", do_suites },
	{ "leaf_of", do_leaf_of },
	{ "group_info", do_group_info },
	{ "add_psk", do_add_psk },
	{ "reload", do_reload },
};

static void answer_line(const json_t *q)
{
	const char *name = json_string_value(json_object_get(q, "do"));
	json_t *answer = json_object();
	enum err e = ERR_LOCAL_BUG;

	for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(*COMMANDS); i++)
		if (name != NULL && strcmp(COMMANDS[i].name, name) == 0)
			e = COMMANDS[i].run(q, answer);
	if (e != ERR_OK)
		(void)json_object_set_new(answer, "error",
					  json_string(err_text(e)));
	(void)json_dumpf(answer, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
	json_decref(answer);
}

static void clear_member(struct member *m)
{
	mls_group_free(m->group);
	sec_clear(&m->private_key);
	buf_clear(&m->public_key);
	for (size_t i = 0; i < PACKAGES_MAX; i++) {
		buf_clear(&m->packages[i].bytes);
		mls_key_package_secrets_clear(&m->packages[i].secrets);
	}
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	if (library_start() != ERR_OK)
		return 1;
	while (getline(&line, &size, stdin) > 0) {
		json_t *q = json_loads(line, 0, NULL);

		if (q == NULL)
			return 2;
		answer_line(q);
		json_decref(q);
	}
	free(line);
	for (size_t i = 0; i < member_count; i++)
		clear_member(&members[i]);
	return 0;
}
