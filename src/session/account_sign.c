#include "session/account_sign.h"

#include "crypto/hpke.h"
#include "mls/label.h"

static const struct suite *ed25519(void)
{
	return suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
}

/* ---- keys ---- */

enum err account_pair_make(const struct rng *rng, struct account_pair *pair)
{
	*pair = (struct account_pair){ .suite = ed25519() };
	return sign_generate(pair->suite, rng, &pair->private_key,
			     &pair->public_key);
}

void account_pair_clear(struct account_pair *pair)
{
	sec_clear(&pair->private_key);
	buf_clear(&pair->public_key);
}

enum err account_keys_make(const struct rng *rng, struct account_keys *keys)
{
	enum err e;

	*keys = (struct account_keys){ .hpke = { .suite = ed25519() } };
	TRY(account_pair_make(rng, &keys->link));
	TRY(hpke_generate_key_pair(ed25519(), rng, &keys->hpke.private_key,
				   &keys->hpke.public_key));
out:
	return e;
}

/* Where a scheme's key goes. */
static size_t rank(const struct account_keys *keys, uint16_t scheme)
{
	size_t i = 0;

	while (i < keys->count &&
	       suite_scheme(keys->signatures[i].suite) < scheme)
		i++;
	return i;
}

enum err account_keys_add(struct account_keys *keys, const struct suite *suite,
			  struct span private_key, struct span public_key)
{
	struct account_pair pair = { .suite = suite };
	size_t at = rank(keys, suite_scheme(suite));
	enum err e;

	ENSURE(at == keys->count || suite_scheme(keys->signatures[at].suite) !=
					suite_scheme(suite),
	       ERR_STATE_CONFLICT);
	ENSURE(keys->count < ACCOUNT_SIGNATURE_KEYS_MAX, ERR_PEER_TOO_LARGE);
	TRY(sec_set(&pair.private_key, private_key));
	buf_put(&pair.public_key, public_key);
	TRY(buf_end(&pair.public_key));
	for (size_t i = keys->count; i > at; i--)
		keys->signatures[i] = keys->signatures[i - 1];
	keys->signatures[at] = pair;
	keys->count++;
out:
	sec_clear(&pair.private_key);
	if (e != ERR_OK)
		buf_clear(&pair.public_key);
	return e;
}

void account_keys_clear(struct account_keys *keys)
{
	account_pair_clear(&keys->link);
	account_pair_clear(&keys->hpke);
	for (size_t i = 0; i < ACCOUNT_SIGNATURE_KEYS_MAX; i++)
		account_pair_clear(&keys->signatures[i]);
	keys->count = 0;
}

static void put_pair(struct buf *b, const struct account_pair *pair)
{
	buf_put_vec(b, sec_span(&pair->private_key));
	buf_put_vec(b, buf_span(&pair->public_key));
}

void account_keys_save(struct buf *b, const struct account_keys *keys)
{
	put_pair(b, &keys->link);
	put_pair(b, &keys->hpke);
	for (size_t i = 0; i < keys->count; i++) {
		buf_put_u16(b, suite_scheme(keys->signatures[i].suite));
		put_pair(b, &keys->signatures[i]);
	}
}

static enum err read_pair(struct rd *r, struct account_pair *pair)
{
	struct span private_key = rd_vec(r), public_key = rd_vec(r);
	enum err e;

	ENSURE(rd_ok(r) && private_key.n <= SEC_MAX, ERR_PEER_MALFORMED);
	pair->suite = ed25519();
	TRY(sec_set(&pair->private_key, private_key));
	buf_put(&pair->public_key, public_key);
	TRY(buf_end(&pair->public_key));
out:
	return e;
}

static enum err read_signature_key(struct rd *r, struct account_keys *keys)
{
	const struct suite *suite = suite_by_scheme(rd_u16(r));
	struct span private_key = rd_vec(r), public_key = rd_vec(r);

	if (!rd_ok(r) || suite == NULL || private_key.n > SEC_MAX)
		return ERR_PEER_MALFORMED;
	return account_keys_add(keys, suite, private_key, public_key);
}

enum err account_keys_load(struct span bytes, struct account_keys *keys)
{
	struct rd r = rd_init(bytes);
	enum err e;

	*keys = (struct account_keys){ .count = 0 };
	TRY(read_pair(&r, &keys->link));
	TRY(read_pair(&r, &keys->hpke));
	while (rd_left(&r) > 0)
		TRY(read_signature_key(&r, keys));
out:
	return e;
}

/* ---- signatures ---- */

/* Appends the signature. */
static enum err sign(const struct suite *suite, struct span private_key,
		     const char *label, struct span content, struct buf *out)
{
	struct sign_key *key = NULL;
	enum err e;

	TRY(sign_private_parse(suite, private_key, &key));
	TRY(label_sign(key, label, content, out));
out:
	sign_key_free(key);
	return e;
}

enum err account_sign_letter(const struct account_keys *keys,
			     const struct letter *letter, struct buf *out)
{
	struct buf tbs = BUF_INIT, signature = BUF_INIT;
	struct letter whole = *letter;
	enum err e;

	letter_put_tbs(&tbs, letter);
	TRY(buf_end(&tbs));
	TRY(sign(keys->link.suite, sec_span(&keys->link.private_key),
		 LETTER_LABEL, buf_span(&tbs), &signature));
	whole.signature = buf_span(&signature);
	letter_put(out, &whole);
	TRY(buf_end(out));
out:
	buf_clear(&tbs);
	buf_clear(&signature);
	return e;
}

/* Appends opaque signature<V>. */
static enum err countersign(const struct account_pair *pair,
			    struct span content, struct buf *out)
{
	struct buf signature = BUF_INIT;
	enum err e;

	TRY(sign(pair->suite, sec_span(&pair->private_key),
		 ACCOUNT_DEVICE_LABEL, content, &signature));
	buf_put_vec(out, buf_span(&signature));
out:
	buf_clear(&signature);
	return e;
}

static void put_public(struct buf *b, const struct account_pair *pairs,
		       size_t count)
{
	for (size_t i = 0; i < count; i++)
		account_link_put_key(b, suite_scheme(pairs[i].suite),
				     buf_span(&pairs[i].public_key));
}

/* A device's entry and what it borrows from. */
struct entry {
	struct account_entry entry;
	struct buf keys, part, content, signatures;
};

static void clear_entry(struct entry *made)
{
	buf_clear(&made->keys);
	buf_clear(&made->part);
	buf_clear(&made->content);
	buf_clear(&made->signatures);
}

static enum err make_entry(uint8_t kind, struct span context,
			   const struct account_keys *keys, struct entry *made)
{
	enum err e;

	put_public(&made->keys, keys->signatures, keys->count);
	TRY(buf_end(&made->keys));
	made->entry = (struct account_entry){
		.link_key = buf_span(&keys->link.public_key),
		.hpke_key = buf_span(&keys->hpke.public_key),
		.keys = buf_span(&made->keys),
	};
	account_link_put_entry(&made->part, &made->entry);
	TRY(buf_end(&made->part));
	account_link_put_context(&made->content, kind, context,
				 buf_span(&made->part));
	TRY(buf_end(&made->content));
	TRY(countersign(&keys->link, buf_span(&made->content),
			&made->signatures));
	for (size_t i = 0; i < keys->count; i++)
		TRY(countersign(&keys->signatures[i], buf_span(&made->content),
				&made->signatures));
	TRY(buf_end(&made->signatures));
	made->entry.signatures = buf_span(&made->signatures);
out:
	return e;
}

enum err account_sign_device(struct span fingerprint,
			     const struct account_keys *keys, struct buf *entry)
{
	struct entry made = { .keys = BUF_INIT };
	enum err e;

	TRY(make_entry(ACCOUNT_ADD, fingerprint, keys, &made));
	buf_put(entry, buf_span(&made.part));
	buf_put_vec(entry, made.entry.signatures);
	TRY(buf_end(entry));
out:
	clear_entry(&made);
	return e;
}

/* link->recovery; `signature` is what it borrows from. */
static enum err make_recovery(struct account_link *link, struct span context,
			      const struct account_pair *pair,
			      struct buf *signature)
{
	struct buf content = BUF_INIT;
	enum err e;

	link->has_recovery = true;
	link->recovery.key = buf_span(&pair->public_key);
	account_link_put_context(&content, link->kind, context,
				 link->recovery.key);
	TRY(buf_end(&content));
	TRY(sign(pair->suite, sec_span(&pair->private_key),
		 ACCOUNT_RECOVERY_LABEL, buf_span(&content), signature));
	link->recovery.signature = buf_span(signature);
out:
	buf_clear(&content);
	return e;
}

/* ---- links ---- */

static enum err finish(struct account_link *link, struct span private_key,
		       struct buf *out)
{
	struct buf tbs = BUF_INIT, signature = BUF_INIT;
	enum err e;

	account_link_put_tbs(&tbs, link);
	TRY(buf_end(&tbs));
	TRY(sign(ed25519(), private_key, ACCOUNT_LINK_LABEL, buf_span(&tbs),
		 &signature));
	link->signature = buf_span(&signature);
	account_link_put(out, link);
	TRY(buf_end(out));
out:
	buf_clear(&tbs);
	buf_clear(&signature);
	return e;
}

enum err account_sign_begin(struct span name, const struct account_keys *first,
			    const struct account_pair *recovery,
			    struct buf *out)
{
	static const uint8_t none[ACCOUNT_HASH];
	struct account_link link = { .number = 1,
				     .before = SPAN_ARRAY(none),
				     .kind = ACCOUNT_BEGIN,
				     .name = name,
				     .signer = 1 };
	struct entry made = { .keys = BUF_INIT };
	struct buf signature = BUF_INIT;
	enum err e;

	TRY(make_entry(ACCOUNT_BEGIN, name, first, &made));
	link.device = made.entry;
	if (recovery != NULL)
		TRY(make_recovery(&link, name, recovery, &signature));
	TRY(finish(&link, sec_span(&first->link.private_key), out));
out:
	clear_entry(&made);
	buf_clear(&signature);
	return e;
}

/* The next link of a log. `place` is what it borrows from. */
static struct account_link next(const struct account_log *log,
				const struct account_signer *by, uint8_t kind,
				struct span withdrawn,
				struct account_place *place)
{
	account_log_place(log, place);
	return (struct account_link){ .number = place->number + 1,
				      .before = SPAN_ARRAY(place->hash),
				      .kind = kind,
				      .withdrawn = withdrawn,
				      .signer = by->device };
}

enum err account_sign_add(const struct account_log *log,
			  const struct account_signer *by, struct span entry,
			  struct span withdrawn, struct buf *out)
{
	struct account_place place;
	struct account_link link =
	    next(log, by, ACCOUNT_ADD, withdrawn, &place);
	struct rd r = rd_init(entry);
	enum err e;

	link.device.link_key = rd_take(&r, ACCOUNT_KEY);
	link.device.hpke_key = rd_take(&r, ACCOUNT_KEY);
	link.device.keys = rd_vec(&r);
	link.device.signatures = rd_vec(&r);
	TRY(rd_end(&r));
	TRY(finish(&link, by->private_key, out));
out:
	return e;
}

enum err account_sign_remove(const struct account_log *log,
			     const struct account_signer *by,
			     const uint64_t *devices, size_t count,
			     struct span withdrawn, struct buf *out)
{
	struct account_place place;
	struct account_link link =
	    next(log, by, ACCOUNT_REMOVE, withdrawn, &place);
	struct buf removed = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < count; i++)
		buf_put_u64(&removed, devices[i]);
	TRY(buf_end(&removed));
	link.removed = buf_span(&removed);
	TRY(finish(&link, by->private_key, out));
out:
	buf_clear(&removed);
	return e;
}

enum err account_sign_keys(const struct account_log *log,
			   const struct account_signer *by,
			   const struct account_pair *pairs, size_t count,
			   struct span withdrawn, struct buf *out)
{
	struct account_place place;
	struct account_link link =
	    next(log, by, ACCOUNT_KEYS, withdrawn, &place);
	struct entry made = { .keys = BUF_INIT };
	enum err e;

	put_public(&made.keys, pairs, count);
	TRY(buf_end(&made.keys));
	account_link_put_keys(&made.part, by->device, buf_span(&made.keys));
	TRY(buf_end(&made.part));
	account_link_put_context(&made.content, ACCOUNT_KEYS,
				 account_log_fingerprint(log),
				 buf_span(&made.part));
	TRY(buf_end(&made.content));
	for (size_t i = 0; i < count; i++)
		TRY(countersign(&pairs[i], buf_span(&made.content),
				&made.signatures));
	TRY(buf_end(&made.signatures));
	link.device.keys = buf_span(&made.keys);
	link.device.signatures = buf_span(&made.signatures);
	TRY(finish(&link, by->private_key, out));
out:
	clear_entry(&made);
	return e;
}

enum err account_sign_recover(const struct account_log *log,
			      const struct account_signer *by,
			      const struct account_pair *recovery,
			      struct span withdrawn, struct buf *out)
{
	struct account_place place;
	struct account_link link =
	    next(log, by, ACCOUNT_RECOVER, withdrawn, &place);
	struct buf signature = BUF_INIT;
	enum err e;

	TRY(make_recovery(&link, account_log_fingerprint(log), recovery,
			  &signature));
	TRY(finish(&link, by->private_key, out));
out:
	buf_clear(&signature);
	return e;
}

enum err account_sign_recovery(struct span fingerprint,
			       const struct account_pair *recovery,
			       struct buf *entry)
{
	struct account_link link = { .kind = ACCOUNT_RECOVER };
	struct buf signature = BUF_INIT;
	enum err e;

	TRY(make_recovery(&link, fingerprint, recovery, &signature));
	buf_put(entry, link.recovery.key);
	buf_put(entry, link.recovery.signature);
	TRY(buf_end(entry));
out:
	buf_clear(&signature);
	return e;
}

enum err account_sign_recover_as(const struct account_log *log,
				 const struct account_signer *by,
				 struct span entry, struct span withdrawn,
				 struct buf *out)
{
	struct account_place place;
	struct account_link link =
	    next(log, by, ACCOUNT_RECOVER, withdrawn, &place);
	struct rd r = rd_init(entry);
	enum err e;

	link.has_recovery = true;
	link.recovery.key = rd_take(&r, ACCOUNT_KEY);
	link.recovery.signature = rd_take(&r, ACCOUNT_SIGNATURE);
	TRY(rd_end(&r));
	TRY(finish(&link, by->private_key, out));
out:
	return e;
}

enum err account_sign_close(const struct account_log *log,
			    const struct account_signer *by,
			    struct span withdrawn, struct buf *out)
{
	struct account_place place;
	struct account_link link =
	    next(log, by, ACCOUNT_CLOSE, withdrawn, &place);

	return finish(&link, by->private_key, out);
}
