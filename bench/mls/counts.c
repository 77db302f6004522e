#include "bench/mls/counts.h"

/* Bytes of what is put around: labels, lengths, ids. */
enum {
	LABEL = 24,	   /* KDFLabel, SignContent */
	HPKE_LABEL = 40,   /* "HPKE-v1", suite_id, label */
	CONTEXT_HEAD = 32, /* GroupContext without its hashes */
	FRAME = 64	   /* group id, epoch, sender of a FramedContent */
};

static size_t context_bytes(const struct shape *s)
{
	return CONTEXT_HEAD + 2u * s->suite->nh;
}

static void mac(const struct shape *s, struct floor_count *c, size_t times)
{
	(void)s;
	floor_add(&c->macs, times, LABEL);
}

/* ---- HPKE (RFC 9180) ---- */

static bool is_xwing(const struct shape *s)
{
	return s->suite->kem_id == SUITE_KEM_XWING;
}

/* KEM: extract, expand (4.1; X-Wing's one hash is not counted). Schedule: "secret",
 * "key", "base_nonce" (5.1);
 * psk_id_hash is a constant, info_hash is counted where info is made, the
 * exporter is not used. */
static void hpke(const struct shape *s, struct floor_count *c, size_t times,
		 size_t plaintext)
{
	c->agreements += times;
	floor_add(&c->macs, (is_xwing(s) ? 3 : 5) * times,
		  HPKE_LABEL + s->suite->nh);
	floor_add(&c->aeads, times, plaintext);
}

static size_t ml_kem(const struct shape *s, size_t times)
{
	return is_xwing(s) ? times : 0;
}

static void seal(const struct shape *s, struct floor_count *c, size_t times,
		 size_t plaintext)
{
	c->publics += times; /* the ephemeral key */
	c->ml_kem_seals += ml_kem(s, times);
	hpke(s, c, times, plaintext);
}

/* A private key of X-Wing is a seed. */
static void open(const struct shape *s, struct floor_count *c, size_t plaintext)
{
	c->ml_kem_keys += ml_kem(s, 1);
	c->ml_kem_opens += ml_kem(s, 1);
	hpke(s, c, 1, plaintext);
}

static void info_hash(const struct shape *s, struct floor_count *c, size_t info)
{
	(void)s;
	floor_add(&c->macs, 1, HPKE_LABEL + info);
}

static void public_keys(const struct shape *s, struct floor_count *c,
			size_t times)
{
	c->publics += times;
	c->ml_kem_keys += ml_kem(s, times);
}

/* DeriveKeyPair (7.1.3): extract, expand, and the public key. */
static void derive_key_pair(const struct shape *s, struct floor_count *c,
			    size_t times)
{
	mac(s, c, is_xwing(s) ? 0 : 2 * times);
	public_keys(s, c, times);
}

/* ---- the key schedule (section 8) ---- */

/* From an epoch_secret: nine secrets of the table, the confirmation tag and
 * the interim transcript hash. */
static void epoch_start(const struct shape *s, struct floor_count *c)
{
	mac(s, c, 9);
	mac(s, c, 1);
	floor_add(&c->hashes, 1, 2u * s->suite->nh);
}

/* From a joiner_secret: extract, "epoch". */
static void from_joiner(const struct shape *s, struct floor_count *c)
{
	mac(s, c, 1);
	floor_add(&c->macs, 1, LABEL + context_bytes(s));
	epoch_start(s, c);
}

/* From init_secret and commit_secret: extract, "joiner". */
static void next_epoch(const struct shape *s, struct floor_count *c)
{
	mac(s, c, 1);
	floor_add(&c->macs, 1, LABEL + context_bytes(s));
	from_joiner(s, c);
	/* confirmed transcript hash */
	floor_add(&c->hashes, 1, s->suite->nh + s->commit_bytes);
}

/* ---- the tree ---- */

/* Tree hashes from a leaf to the root (7.8). */
static void tree_path(const struct shape *s, struct floor_count *c)
{
	floor_add(&c->hashes, 1, s->leaf_bytes);
	floor_add(&c->hashes, s->levels, s->suite->npk + 3u * s->suite->nh);
}

/* Parent hashes (7.9). */
static void parent_hashes(const struct shape *s, struct floor_count *c,
			  size_t times)
{
	floor_add(&c->hashes, times, s->suite->npk + 2u * s->suite->nh);
}

/* Up a path, per node: "node", "path", DeriveKeyPair (7.4). */
static void path_secrets(const struct shape *s, struct floor_count *c,
			 size_t times)
{
	mac(s, c, 2 * times);
	derive_key_pair(s, c, times);
}

/* ---- operations ---- */

void counts_create(const struct shape *s, struct floor_count *c)
{
	public_keys(s, c, 1);
	floor_add(&c->signs, 1, s->leaf_bytes);
	floor_add(&c->hashes, 1, s->leaf_bytes);
	epoch_start(s, c);
}

void counts_add(const struct shape *s, struct floor_count *c)
{
	/* the KeyPackage and the leaf in it (10.1); its ref */
	floor_add(&c->verifies, 2, s->leaf_bytes);
	floor_add(&c->hashes, 1, 2 * s->leaf_bytes);
	tree_path(s, c);
	/* the commit, membership tag, next epoch */
	floor_add(&c->signs, 1, s->commit_bytes + context_bytes(s));
	floor_add(&c->macs, 1, s->commit_bytes + context_bytes(s));
	next_epoch(s, c);
	/* GroupInfo: external_pub, signature; welcome secret, key, nonce */
	derive_key_pair(s, c, 1);
	floor_add(&c->signs, 1, s->info_bytes);
	mac(s, c, 3);
	floor_add(&c->aeads, 1, s->info_bytes);
	info_hash(s, c, s->info_bytes);
	seal(s, c, 1, 2u * s->suite->nh);
}

void counts_commit(const struct shape *s, struct floor_count *c)
{
	public_keys(s, c, 1); /* of the leaf */
	path_secrets(s, c, s->path);
	parent_hashes(s, c, s->path);
	floor_add(&c->signs, 1, s->leaf_bytes);
	tree_path(s, c);
	info_hash(s, c, context_bytes(s));
	seal(s, c, s->resolution, s->suite->nh);
	floor_add(&c->signs, 1, s->commit_bytes + context_bytes(s));
	floor_add(&c->macs, 1, s->commit_bytes + context_bytes(s));
	next_epoch(s, c);
}

void counts_process(const struct shape *s, struct floor_count *c)
{
	/* membership tag, the commit's signature, the leaf's */
	floor_add(&c->macs, 1, s->commit_bytes + context_bytes(s));
	floor_add(&c->verifies, 1, s->commit_bytes + context_bytes(s));
	floor_add(&c->verifies, 1, s->leaf_bytes);
	parent_hashes(s, c, s->path);
	tree_path(s, c);
	info_hash(s, c, context_bytes(s));
	open(s, c, s->suite->nh);
	path_secrets(s, c, s->climb);
	next_epoch(s, c);
}

void counts_join(const struct shape *s, struct floor_count *c)
{
	/* which entry is ours, GroupSecrets, GroupInfo */
	floor_add(&c->hashes, 1, 2 * s->leaf_bytes);
	info_hash(s, c, s->info_bytes);
	open(s, c, 2u * s->suite->nh);
	mac(s, c, 4);
	floor_add(&c->aeads, 1, s->info_bytes);
	/* the tree: its hashes, parent hashes, signatures (12.4.3.1), with
	 * the joiner's own and the GroupInfo's */
	floor_add(&c->hashes, s->members + 1, s->leaf_bytes);
	floor_add(&c->hashes, s->width - s->members,
		  s->suite->npk + 3u * s->suite->nh);
	parent_hashes(s, c, s->parents);
	floor_add(&c->verifies, s->members + 2, s->leaf_bytes);
	from_joiner(s, c);
}

/* Of the ratchet: key, nonce, the next secret (9.1); of the sender data: key,
 * nonce (6.3.2). */
static void message(const struct shape *s, size_t bytes, struct floor_count *c)
{
	mac(s, c, 5);
	floor_add(&c->aeads, 1, bytes + SUITE_SIGNATURE_MAX / 2);
	floor_add(&c->aeads, 1, 12);
}

void counts_send(const struct shape *s, size_t bytes, struct floor_count *c)
{
	floor_add(&c->signs, 1, bytes + FRAME + context_bytes(s));
	message(s, bytes, c);
}

void counts_receive(const struct shape *s, size_t bytes, struct floor_count *c)
{
	floor_add(&c->verifies, 1, bytes + FRAME + context_bytes(s));
	message(s, bytes, c);
}
