#include "device/group/packages.h"

#include "base/rd.h"
#include "device/accounts/accounts.h"
#include "device/group/signer.h"
#include "wire/key_package.h"

#include <stdio.h>
#include <string.h>

/* Of each algorithm, besides the last resort. */
#define STOCK 50

/* Made of an algorithm before these are published, and how many of all algorithms
 * are published at once: the server takes no more. */
#define ROUND 16
#define PUBLISH_MAX 100
#define INDEX "packages"
#define OFFERED                                                                \
	"packages-offer" /* {suites: [id…]}: what lies at the server says so */

/* An expired one may still be in a Welcome on its way. */
#define KEEP_MS ((SIGNER_LIFETIME + 7u * 86400u) * UINT64_C(1000))

/* A last resort is used many times: a fresh one replaces it monthly. */
#define RESORT_MS (30u * 86400u * UINT64_C(1000))

#define NAME_SIZE (16 + 2 * SUITE_HASH_MAX)

static enum err record_name(struct span ref, char out[NAME_SIZE])
{
	struct buf hex = BUF_INIT;
	enum err e;

	ENSURE(ref.n > 0 && ref.n <= SUITE_HASH_MAX, ERR_PEER_INVALID);
	text_put_hex(&hex, ref);
	buf_put_u8(&hex, 0);
	TRY(buf_end(&hex));
	(void)snprintf(out, NAME_SIZE, "package/%s", (const char *)hex.p);
out:
	buf_clear(&hex);
	return e;
}

/* ---- one package ---- */

void package_clear(struct package *package)
{
	buf_clear(&package->key_package);
	buf_clear(&package->ref);
	mls_key_package_secrets_clear(&package->secrets);
	memset(package, 0, sizeof(*package));
}

static enum err save_package(struct device *d, const struct package *p)
{
	struct buf record = BUF_INIT;
	char name[NAME_SIZE];
	size_t opened;
	enum err e;

	buf_put_u16(&record, p->suite->id);
	buf_put_u8(&record, p->last_resort);
	opened = buf_open_vec(&record);
	for (size_t i = 0; i < p->offer.count; i++)
		buf_put_u16(&record, p->offer.ids[i]);
	buf_close_vec(&record, opened);
	buf_put_vec(&record, buf_span(&p->key_package));
	buf_put_vec(&record, sec_span(&p->secrets.init_private));
	buf_put_vec(&record, sec_span(&p->secrets.encryption_private));
	TRY(buf_end(&record));
	TRY(record_name(buf_span(&p->ref), name));
	TRY(core_store(d)->put(core_store(d)->context, name,
			       buf_span(&record)));
out:
	buf_clear(&record);
	return e;
}

static enum err decode_package(struct span record, struct package *p)
{
	struct rd r = rd_init(record), offer;
	struct span init, encryption;
	enum err e;

	struct wire_key_package kp;

	p->suite = suite_by_id(rd_u16(&r));
	p->last_resort = rd_u8(&r) != 0;
	offer = rd_open_vec(&r);
	while (rd_left(&offer) > 0 && p->offer.count < SUITES_MAX)
		p->offer.ids[p->offer.count++] = rd_u16(&offer);
	rd_close(&r, &offer);
	buf_put(&p->key_package, rd_vec(&r));
	init = rd_vec(&r);
	encryption = rd_vec(&r);
	TRY(rd_end(&r));
	ENSURE(p->suite != NULL, ERR_PEER_UNSUPPORTED);
	TRY(sec_set(&p->secrets.init_private, init));
	TRY(sec_set(&p->secrets.encryption_private, encryption));
	TRY(buf_end(&p->key_package));
	TRY(wire_key_package_decode(buf_span(&p->key_package), &kp));
	ENSURE(kp.leaf_node.credential.identity.n < sizeof(p->identity),
	       ERR_PEER_MALFORMED);
	memcpy(p->identity, kp.leaf_node.credential.identity.p,
	       kp.leaf_node.credential.identity.n);
out:
	return e;
}

static enum err load_package(struct device *d, struct span ref,
			     struct package *p)
{
	struct buf record = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	TRY(record_name(ref, name));
	TRY(core_store(d)->get(core_store(d)->context, name, &record));
	TRY(decode_package(buf_span(&record), p));
	buf_put(&p->ref, ref);
	TRY(buf_end(&p->ref));
out:
	buf_clear(&record);
	return e;
}

/* ---- the index: [{ref, created, suite, last_resort, account?}] ---- */

static enum err load_index(struct device *d, json_t **index)
{
	enum err e = record_get(core_store(d), INDEX, index);

	if (e != ERR_STATE_GONE)
		return e;
	*index = json_array();
	return *index != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

static enum err add_to_index(const struct device *d, json_t *index,
			     const struct package *p)
{
	json_t *row = json_pack(
	    "{s:I, s:i, s:b}", "created", (json_int_t)core_now_ms(d), "suite",
	    (int)p->suite->id, "last_resort", (int)p->last_resort);
	enum err e;

	ENSURE(row != NULL, ERR_LOCAL_MEMORY);
	if (d->own_leaf[0] != '\0')
		(void)json_object_set_new(row, "account", json_true());
	TRY(record_set_bytes(row, "ref", buf_span(&p->ref)));
	ENSURE(json_array_append(index, row) == 0, ERR_LOCAL_MEMORY);
out:
	json_decref(row);
	return e;
}

static enum err forget_row(struct device *d, json_t *index, size_t row)
{
	struct buf ref = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	TRY(record_bytes(json_array_get(index, row), "ref", &ref));
	TRY(record_name(buf_span(&ref), name));
	TRY(core_store(d)->remove(core_store(d)->context, name));
	(void)json_array_remove(index, row);
out:
	buf_clear(&ref);
	return e;
}

static enum err forget_old(struct device *d, json_t *index)
{
	uint64_t now = core_now_ms(d);
	enum err e = ERR_OK;

	for (size_t i = json_array_size(index); i-- > 0;) {
		uint64_t created;

		TRY(record_number(json_array_get(index, i), "created",
				  &created));
		if (created + KEEP_MS < now)
			TRY(forget_row(d, index, i));
	}
out:
	return e;
}

/* One of the identity that those have which are made now. */
static bool is_current(const struct device *d, const json_t *row,
		       const struct suite *suite)
{
	return record_number_or_0(row, "suite") == suite->id &&
	       json_is_true(json_object_get(row, "account")) ==
		   (d->own_leaf[0] != '\0');
}

/* None was made since this device has a number in its account's log. */
static bool has_none(const struct device *d, const json_t *index,
		     const struct suite *suite)
{
	const json_t *row;
	size_t i;

	json_array_foreach(index, i,
			   row) if (is_current(d, row, suite)) return false;
	return true;
}

static bool has_fresh_resort(const struct device *d, const json_t *index,
			     const struct suite *suite)
{
	uint64_t now = core_now_ms(d);
	const json_t *row;
	size_t i;

	json_array_foreach(index, i, row)
	{
		uint64_t created = 0;

		if (record_number(row, "created", &created) == ERR_OK &&
		    json_is_true(json_object_get(row, "last_resort")) &&
		    is_current(d, row, suite) && created + RESORT_MS > now)
			return true;
	}
	return false;
}

/* A server that says again and again that it has none fills no state: so many
 * are made of an algorithm in a day. */
#define MADE_A_DAY 120
#define RESORTS_MORE 8 /* last-resort ones are made beyond that */
#define DAY_MS (86400u * UINT64_C(1000))

static size_t made_today(const struct device *d, const json_t *index,
			 const struct suite *suite)
{
	uint64_t now = core_now_ms(d);
	const json_t *row;
	size_t i, made = 0;

	json_array_foreach(index, i, row)
	{
		uint64_t created = record_number_or_0(row, "created");

		/* a time to come: the clock was set back */
		made += created <= now && now - created < DAY_MS &&
			record_number_or_0(row, "suite") == suite->id;
	}
	return made;
}

/* ---- what those say that lie at the server ---- */

static enum err is_offered(const struct device *d, bool *offered)
{
	json_t *record = NULL;
	const json_t *ids;
	size_t i;
	enum err e = record_get(core_store(d), OFFERED, &record);

	*offered = false;
	if (e == ERR_STATE_GONE)
		return ERR_OK;
	TRY(e);
	ids = json_object_get(record, "suites");
	*offered = json_array_size(ids) == d->offer.count;
	for (i = 0; *offered && i < d->offer.count; i++)
		*offered = json_integer_value(json_array_get(ids, i)) ==
			   d->offer.ids[i];
out:
	json_decref(record);
	return e;
}

enum err packages_published(struct device *d)
{
	json_t *ids = json_array(), *record = NULL;
	bool offered;
	enum err e;

	ENSURE(ids != NULL, ERR_LOCAL_MEMORY);
	TRY(is_offered(d, &offered));
	if (offered)
		goto out;
	for (size_t i = 0; i < d->offer.count; i++)
		ENSURE(json_array_append_new(
			   ids, json_integer(d->offer.ids[i])) == 0,
		       ERR_LOCAL_MEMORY);
	record = json_pack("{s:O}", "suites", ids);
	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(record_put(core_store(d), OFFERED, record));
out:
	json_decref(ids);
	json_decref(record);
	return e;
}

/* ---- the stock ---- */

/* Makes one, stores its private half, and appends it to `list`. */
static enum err make_package(struct device *d, struct signer *signer,
			     bool last_resort, json_t *index, json_t *list)
{
	struct package p = { 0 };
	struct buf text = BUF_INIT;
	enum err e;

	p.suite = signer->me.suite;
	p.last_resort = last_resort;
	p.offer = signer->offer;
	TRY(mls_key_package_create(&signer->me, last_resort, &p.secrets,
				   &p.key_package));
	TRY(mls_key_package_ref(p.suite, buf_span(&p.key_package), &p.ref));
	TRY(save_package(d, &p));
	TRY(add_to_index(d, index, &p));
	text_put_base64(&text, buf_span(&p.key_package));
	TRY(buf_end(&text));
	ENSURE(json_array_append_new(
		   list, json_stringn((const char *)text.p, text.n)) == 0,
	       ERR_LOCAL_MEMORY);
out:
	buf_clear(&text);
	package_clear(&p);
	return e;
}

static const struct answer_stock *find_stock(const struct answer_stock *stock,
					     size_t count,
					     const struct suite *suite)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(stock[i].algorithm, suite->algorithm) == 0)
			return &stock[i];
	return NULL;
}

/* Where a fifth is gone, the stock is filled up. */
static uint64_t missing(const struct device *d, uint64_t have)
{
	uint64_t stock = d->stock > 0 ? d->stock : STOCK;
	uint64_t enough = d->work.filling ? stock : stock - stock / 5;

	return have < enough ? stock - have : 0;
}

/* With the last resort of each. */
static uint64_t round_of(const struct device *d)
{
	uint64_t most = PUBLISH_MAX / d->offer.count - 1;

	return most < ROUND ? most : ROUND;
}

static enum err make_for_suite(struct device *d, const struct suite *suite,
			       const struct answer_stock *row, json_t *index,
			       json_t *one_time, json_t *last_resort)
{
	uint64_t have = row != NULL ? row->available : 0, wanted;
	size_t made = made_today(d, index, suite);
	struct sign_key *parsed = NULL;
	struct signer signer;
	const char *identity;
	enum err e;

	TRY(signer_init(&signer, d, suite, &d->offer));
	TRY(accounts_own(d, &identity));
	if (identity[0] != '\0')
		signer_name(&signer, identity);
	TRY(sign_private_parse(suite, signer.me.signature_private, &parsed));
	signer.me.signature_parsed = parsed;
	if (has_none(d, index, suite))
		have = 0;
	wanted = made < MADE_A_DAY ? missing(d, have) : 0;
	for (uint64_t i = 0; i < wanted && i < round_of(d); i++)
		TRY(make_package(d, &signer, false, index, one_time));
	if (!d->work.filling && made < MADE_A_DAY + RESORTS_MORE &&
	    (row == NULL || !row->last_resort ||
	     !has_fresh_resort(d, index, suite)))
		TRY(make_package(d, &signer, true, index, last_resort));
out:
	signer_clear(&signer);
	sign_key_free(parsed);
	return e;
}

enum err packages_make(struct device *d, const struct answer_stock *stock,
		       size_t count, json_t *one_time, json_t *last_resort)
{
	json_t *index = NULL;
	bool offered;
	enum err e;

	TRY(load_index(d, &index));
	TRY(forget_old(d, index));
	TRY(is_offered(d, &offered));
	if (!offered) /* the server calls those back that it has */
		count = 0;
	for (size_t i = 0; i < d->offer.count; i++) {
		const struct suite *suite = suite_by_id(d->offer.ids[i]);

		TRY(make_for_suite(d, suite, find_stock(stock, count, suite),
				   index, one_time, last_resort));
	}
	TRY(record_put(core_store(d), INDEX, index));
out:
	json_decref(index);
	return e;
}

/* ---- a Welcome ---- */

struct search {
	struct device *d;
	struct package *package;
	enum err result;
};

static bool try_ref(void *context, struct span ref)
{
	struct search *search = context;

	search->result = load_package(search->d, ref, search->package);
	return search->result == ERR_STATE_GONE; /* on to the next one */
}

enum err packages_find(struct device *d, struct span welcome,
		       struct package *package)
{
	struct search search = { d, package, ERR_STATE_GONE };
	enum err e;

	memset(package, 0, sizeof(*package));
	TRY(mls_welcome_each_ref(welcome, try_ref, &search));
	e = search.result;
out:
	return e;
}

enum err packages_used(struct device *d, const struct package *package)
{
	struct buf ref = BUF_INIT;
	json_t *index = NULL;
	enum err e = ERR_OK;

	if (package->last_resort)
		return ERR_OK;
	TRY(load_index(d, &index));
	for (size_t i = json_array_size(index); i-- > 0;) {
		buf_reset(&ref);
		TRY(record_bytes(json_array_get(index, i), "ref", &ref));
		if (span_equal(buf_span(&ref), buf_span(&package->ref)))
			TRY(forget_row(d, index, i));
	}
	TRY(record_put(core_store(d), INDEX, index));
out:
	buf_clear(&ref);
	json_decref(index);
	return e;
}
