#include "check/account.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check/account_state.h"
#include "check/label.h"
#include "crypto/hash.h"
#include "crypto/hpke.h"

/* What is being judged. */
struct judging {
	const struct account_log *log;
	struct account_link link;
	struct account_news news;
	struct check_verdict verdict;
	bool verified; /* its signatures were, before */
};

/* True: nothing is wrong so far. */
static bool is_good(const struct judging *j)
{
	return j->verdict.wrong == NULL;
}

static void hold(struct judging *j, bool good, const char *wrong)
{
	if (is_good(j) && !good)
		j->verdict.wrong = wrong;
}

static void allow(struct judging *j, bool allowed, const char *wrong)
{
	if (is_good(j) && !allowed) {
		j->verdict.wrong = wrong;
		j->verdict.denied = true;
	}
}

static void succeed(struct judging *j, enum err e)
{
	if (is_good(j) && e != ERR_OK) {
		j->verdict.wrong = "it was not judged";
		j->verdict.local = true;
	}
}

/* ---- signatures ---- */

const struct suite *account_link_suite(void)
{
	return suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
}

static void verify(struct judging *j, const struct suite *suite,
		   struct span key, const char *label, struct span content,
		   struct span signature, const char *wrong)
{
	enum err e;

	if (!is_good(j) || j->verified)
		return;
	e = check_label(suite, key, label, content, signature);
	if (err_class(e) == ERR_CLASS_LOCAL)
		succeed(j, e);
	else
		hold(j, e == ERR_OK, wrong);
}

/* What new keys sign; the caller clears it. */
static struct buf signed_by_new(const struct judging *j, struct span part)
{
	const struct account_link *link = &j->link;
	struct buf content = BUF_INIT;

	account_link_put_context(&content, link->kind,
				 link->kind == ACCOUNT_BEGIN
				     ? link->name
				     : account_log_fingerprint(j->log),
				 part);
	return content;
}

static void verify_keys(struct judging *j, struct span content,
			struct span keys, struct span signatures)
{
	struct span key, signature;
	uint16_t scheme;

	while (is_good(j) && account_link_next_key(&keys, &scheme, &key)) {
		const struct suite *suite = suite_by_scheme(scheme);

		hold(j, suite != NULL, "a signature scheme is not known here");
		(void)account_link_next_signature(&signatures, &signature);
		verify(j, suite, key, ACCOUNT_DEVICE_LABEL, content, signature,
		       "a new key has not signed");
	}
}

static void verify_device(struct judging *j)
{
	const struct account_entry *device = &j->link.device;
	struct buf content = signed_by_new(j, device->signed_part);
	struct span rest = device->signatures, signature;

	succeed(j, buf_end(&content));
	(void)account_link_next_signature(&rest, &signature);
	verify(j, account_link_suite(), device->link_key, ACCOUNT_DEVICE_LABEL,
	       buf_span(&content), signature, "a new key has not signed");
	verify_keys(j, buf_span(&content), device->keys, rest);
	buf_clear(&content);
}

static void verify_added_keys(struct judging *j)
{
	const struct account_entry *device = &j->link.device;
	struct buf part = BUF_INIT, content = BUF_INIT;

	account_link_put_keys(&part, j->link.signer, device->keys);
	succeed(j, buf_end(&part));
	content = signed_by_new(j, buf_span(&part));
	succeed(j, buf_end(&content));
	verify_keys(j, buf_span(&content), device->keys, device->signatures);
	buf_clear(&part);
	buf_clear(&content);
}

static void verify_recovery(struct judging *j)
{
	struct buf content;

	if (!j->link.has_recovery)
		return;
	content = signed_by_new(j, j->link.recovery.key);
	succeed(j, buf_end(&content));
	verify(j, account_link_suite(), j->link.recovery.key,
	       ACCOUNT_RECOVERY_LABEL, buf_span(&content),
	       j->link.recovery.signature, "a new key has not signed");
	buf_clear(&content);
}

/* ---- the rules ---- */

static void judge_place(struct judging *j)
{
	static const uint8_t none[ACCOUNT_HASH];
	const struct account_log *log = j->log;
	const struct account_link *link = &j->link;
	struct span last = log->count == 0
			       ? SPAN_ARRAY(none)
			       : SPAN_ARRAY(log->hashes[log->count - 1]);

	hold(j, log->closed == 0, "the account is closed");
	hold(j, log->count < ACCOUNT_LINKS_MAX, "the log is full");
	hold(j, link->number == log->count + 1,
	     "its number is not the next one");
	hold(j, span_equal(link->before, last),
	     "it does not follow the link before it");
	hold(j, (link->kind == ACCOUNT_BEGIN) == (log->count == 0),
	     "a log has one begin, and it is the first link");
}

/* The key that must have signed; empty: it may not. */
static struct span signer_key(const struct judging *j)
{
	const struct account_link *link = &j->link;
	const struct account_member *device;

	if (link->kind == ACCOUNT_BEGIN)
		return link->signer == link->number ? link->device.link_key
						    : SPAN_EMPTY;
	if (link->signer == ACCOUNT_RECOVERY_SIGNER)
		return account_log_recovery(j->log);
	device = account_state_device(j->log, link->signer);
	return device == NULL || device->removed != 0
		   ? SPAN_EMPTY
		   : account_state_key(j->log, device->link_key);
}

static void judge_signer(struct judging *j)
{
	struct span key = signer_key(j);

	allow(j, key.n > 0, "its signer does not stand in the log");
	allow(j,
	      j->link.kind != ACCOUNT_KEYS ||
		  j->link.signer != ACCOUNT_RECOVERY_SIGNER,
	      "a device adds its keys itself");
	verify(j, account_link_suite(), key, ACCOUNT_LINK_LABEL,
	       j->link.unsigned_part, j->link.signature,
	       "its signature does not verify");
}

static void judge_news(struct judging *j)
{
	succeed(j, account_state_news(&j->link, &j->news));
	for (size_t i = 0; is_good(j) && i < j->news.count; i++) {
		struct span key = j->news.keys[i].bytes;

		hold(j,
		     account_state_find(j->log, key, j->news.keys[i].hash) == 0,
		     "a key stood in the log before");
		for (size_t k = 0; k < i; k++)
			hold(j, !span_equal(key, j->news.keys[k].bytes),
			     "a key comes twice");
	}
}

static void judge_withdrawn(struct judging *j)
{
	const struct account_log *log = j->log;
	struct span rest = j->link.withdrawn, hash;

	while (is_good(j) && account_link_next_hash(&rest, &hash))
		for (size_t i = 0; i < log->count; i++)
			hold(j, !span_equal(hash, SPAN_ARRAY(log->hashes[i])),
			     "it withdraws a link of this log");
}

static void judge_device(struct judging *j)
{
	hold(j, j->log->standing < ACCOUNT_DEVICES_MAX,
	     "the account has too many devices");
	if (is_good(j) && !j->verified)
		hold(j,
		     hpke_check_public_key(account_link_suite(),
					   j->link.device.hpke_key) == ERR_OK,
		     "an HPKE key is none");
	verify_device(j);
}

static void judge_remove(struct judging *j)
{
	struct span rest = j->link.removed;
	size_t count = 0;
	uint64_t number;

	while (is_good(j) && account_link_next_device(&rest, &number)) {
		const struct account_member *device =
		    account_state_device(j->log, number);

		hold(j, device != NULL && device->removed == 0,
		     "a device that it removes does not stand");
		count++;
	}
	hold(j, count < j->log->standing || j->log->recovery != 0,
	     "no device and no recovery key would stand");
}

static void judge_keys(struct judging *j)
{
	const struct account_member *device;
	struct span rest = j->link.device.keys, key;
	size_t count = 0;
	uint16_t scheme;

	if (!is_good(j))
		return;
	device = account_state_device(j->log, j->link.signer);
	while (account_link_next_key(&rest, &scheme, &key)) {
		count++;
		for (size_t i = 0; i < device->key_count; i++)
			hold(j, j->log->keys[device->keys[i]].scheme != scheme,
			     "the device has a key of that scheme");
	}
	hold(j, device->key_count + count <= ACCOUNT_SIGNATURE_KEYS_MAX,
	     "the device has too many keys");
	hold(j, count > 0 || j->link.withdrawn.n > 0, "it says nothing");
	verify_added_keys(j);
}

static void judge_body(struct judging *j)
{
	switch (j->link.kind) {
	case ACCOUNT_BEGIN:
	case ACCOUNT_ADD:
		judge_device(j);
		break;
	case ACCOUNT_REMOVE:
		judge_remove(j);
		break;
	case ACCOUNT_KEYS:
		judge_keys(j);
		break;
	default:
		break;
	}
	verify_recovery(j);
}

static void judge(struct judging *j, struct span bytes)
{
	enum err e = account_link_decode(bytes, &j->link);

	hold(j, e != ERR_PEER_UNSUPPORTED,
	     "its version or kind is not known here");
	hold(j, e != ERR_PEER_TOO_LARGE, "it is above a limit");
	hold(j, e == ERR_OK, "it is no link");
	if (!is_good(j))
		return;
	judge_place(j);
	judge_signer(j); /* first: what costs more is of the account then */
	judge_news(j);
	judge_withdrawn(j);
	judge_body(j);
}

static struct check_verdict add(struct account_log *log, struct span link,
				bool verified)
{
	struct judging j = { .log = log, .verified = verified };

	judge(&j, link);
	if (is_good(&j))
		succeed(&j, account_state_apply(log, &j.link, &j.news));
	return j.verdict;
}

static struct check_verdict add_all(struct account_log *log, struct span links,
				    bool verified)
{
	struct check_verdict verdict = { NULL, false, false };
	struct rd r = rd_init(links);

	while (verdict.wrong == NULL && rd_left(&r) > 0) {
		struct span link = rd_vec(&r);

		if (rd_ok(&r))
			verdict = add(log, link, verified);
		else
			verdict.wrong = "it is no list of links";
	}
	return verdict;
}

struct check_verdict account_log_judge(const struct account_log *log,
				       struct span link)
{
	struct judging j = { .log = log };

	judge(&j, link);
	return j.verdict;
}

struct check_verdict account_log_add(struct account_log *log, struct span link)
{
	return add(log, link, false);
}

struct check_verdict account_log_add_all(struct account_log *log,
					 struct span links)
{
	return add_all(log, links, false);
}

struct check_verdict account_log_load(struct account_log *log,
				      struct span links)
{
	return add_all(log, links, true);
}

/* ---- a log ---- */

enum err account_log_new(struct account_log **log)
{
	*log = calloc(1, sizeof(**log));
	return *log == NULL ? ERR_LOCAL_MEMORY : ERR_OK;
}

void account_log_free(struct account_log *log)
{
	if (log == NULL)
		return;
	free(log->hashes);
	free(log->devices);
	free(log->keys);
	free(log->slots);
	free(log);
}

size_t account_log_bytes(const struct account_log *log)
{
	return sizeof(*log) + log->hash_room * sizeof(*log->hashes) +
	       log->device_room * sizeof(*log->devices) +
	       log->key_room * sizeof(*log->keys) +
	       log->slot_count * sizeof(*log->slots);
}

/* False: no memory. *room is what there is afterwards. */
static bool copy_array(void **array, size_t *room, size_t count, size_t size)
{
	const void *from = *array;

	*room = 0;
	*array = NULL;
	if (count == 0)
		return true;
	*array = malloc(count * size);
	if (*array == NULL)
		return false;
	memcpy(*array, from, count * size);
	*room = count;
	return true;
}

enum err account_log_copy(const struct account_log *log,
			  struct account_log **copy)
{
	struct account_log *c = malloc(sizeof(*c));
	void *hashes = log->hashes, *devices = log->devices;
	void *keys = log->keys, *slots = log->slots;
	bool ok;

	*copy = NULL;
	if (c == NULL)
		return ERR_LOCAL_MEMORY;
	*c = *log;
	ok = copy_array(&hashes, &c->hash_room, c->count, sizeof(*c->hashes));
	ok &= copy_array(&devices, &c->device_room, c->device_count,
			 sizeof(*c->devices));
	ok &= copy_array(&keys, &c->key_room, c->key_count, sizeof(*c->keys));
	ok &= copy_array(&slots, &c->slot_count, log->slot_count,
			 sizeof(*c->slots));
	c->hashes = hashes;
	c->devices = devices;
	c->keys = keys;
	c->slots = slots;
	if (!ok) {
		account_log_free(c);
		return ERR_LOCAL_MEMORY;
	}
	*copy = c;
	return ERR_OK;
}

/* ---- what it says ---- */

void account_log_place(const struct account_log *log,
		       struct account_place *place)
{
	*place = (struct account_place){ .number = log->count };
	if (log->count > 0)
		memcpy(place->hash, log->hashes[log->count - 1], ACCOUNT_HASH);
}

bool account_log_has(const struct account_log *log,
		     const struct account_place *place)
{
	return place->number > 0 && place->number <= log->count &&
	       span_equal(SPAN_ARRAY(place->hash),
			  SPAN_ARRAY(log->hashes[place->number - 1]));
}

struct span account_log_hash(const struct account_log *log, uint64_t number)
{
	return number > 0 && number <= log->count
		   ? SPAN_ARRAY(log->hashes[number - 1])
		   : SPAN_EMPTY;
}

struct span account_log_fingerprint(const struct account_log *log)
{
	return log->count > 0 ? SPAN_ARRAY(log->hashes[0]) : SPAN_EMPTY;
}

bool account_log_is_named(const struct account_log *log, struct span salt,
			  struct span name)
{
	uint8_t hash[ACCOUNT_HASH];

	return log->count > 0 && salt.n == ACCOUNT_HASH &&
	       text_is_username(name) &&
	       account_name_hash(salt, name, hash) == ERR_OK &&
	       span_equal(SPAN_ARRAY(hash), SPAN_ARRAY(log->name));
}

struct span account_log_recovery(const struct account_log *log)
{
	return log->recovery == 0 ? SPAN_EMPTY
				  : account_state_key(log, log->recovery - 1);
}

uint64_t account_log_changed(const struct account_log *log)
{
	return log->changed;
}

uint64_t account_log_closed(const struct account_log *log)
{
	return log->closed;
}

size_t account_log_standing(const struct account_log *log)
{
	return log->standing;
}

static void show(const struct account_log *log, const struct account_member *m,
		 struct account_device *device)
{
	*device = (struct account_device){
		.number = m->number,
		.removed = m->removed,
		.signer = m->signer,
		.link_key = account_state_key(log, m->link_key),
		.hpke_key = account_state_key(log, m->link_key + 1),
	};
}

bool account_log_next_device(const struct account_log *log, size_t *position,
			     struct account_device *device)
{
	if (*position >= log->device_count)
		return false;
	show(log, &log->devices[(*position)++], device);
	return true;
}

bool account_log_device(const struct account_log *log, uint64_t number,
			struct account_device *device)
{
	const struct account_member *m = account_state_device(log, number);

	if (m != NULL)
		show(log, m, device);
	return m != NULL;
}

struct span account_log_signature_key(const struct account_log *log,
				      uint64_t device, uint16_t scheme)
{
	const struct account_member *m = account_state_device(log, device);

	for (size_t i = 0; m != NULL && i < m->key_count; i++)
		if (log->keys[m->keys[i]].scheme == scheme)
			return account_state_key(log, m->keys[i]);
	return SPAN_EMPTY;
}

/* The signature key, or NULL. */
static const struct account_key *find_key(const struct account_log *log,
					  uint16_t scheme, struct span bytes)
{
	for (size_t i = 0; scheme != 0 && i < log->key_count; i++)
		if (log->keys[i].scheme == scheme &&
		    span_equal(account_state_key(log, (uint32_t)i), bytes))
			return &log->keys[i];
	return NULL;
}

enum account_validity account_key_valid(const struct account_log *log,
					uint16_t scheme, struct span key,
					const struct account_place *place,
					uint64_t *device)
{
	const struct account_key *found = find_key(log, scheme, key);
	const struct account_member *m;

	if (!account_log_has(log, place))
		return ACCOUNT_ELSEWHERE;
	if (found == NULL)
		return ACCOUNT_UNKNOWN;
	if (device != NULL)
		*device = found->device;
	if (found->from > place->number)
		return ACCOUNT_LATER;
	m = account_state_device(log, found->device);
	if (m->removed != 0 && m->removed <= place->number)
		return ACCOUNT_ENDED;
	return log->closed != 0 && log->closed <= place->number ? ACCOUNT_ENDED
								: ACCOUNT_VALID;
}

/* ---- hashes ---- */

enum err account_link_hash(struct span link, uint8_t hash[ACCOUNT_HASH])
{
	const struct span parts[] = { span_str(ACCOUNT_HASH_LABEL), link };

	return hash_sha256(parts, 2, hash);
}

enum err account_name_hash(struct span salt, struct span name,
			   uint8_t hash[ACCOUNT_HASH])
{
	const struct span parts[] = { span_str(ACCOUNT_NAME_LABEL), salt,
				      name };

	return hash_sha256(parts, 3, hash);
}
