#include "wire/account_link.h"

#include "wire/types.h"

#define VERSION 1

/* ---- writing ---- */

void account_link_put_key(struct buf *b, uint16_t scheme, struct span key)
{
	buf_put_u16(b, scheme);
	buf_put_vec(b, key);
}

void account_link_put_entry(struct buf *b, const struct account_entry *entry)
{
	buf_put(b, entry->link_key);
	buf_put(b, entry->hpke_key);
	buf_put_vec(b, entry->keys);
}

void account_link_put_keys(struct buf *b, uint64_t device, struct span keys)
{
	buf_put_u64(b, device);
	buf_put_vec(b, keys);
}

void account_link_put_context(struct buf *b, uint8_t kind, struct span context,
			      struct span part)
{
	buf_put_u8(b, VERSION);
	buf_put_u8(b, kind);
	buf_put(b, context);
	buf_put(b, part);
}

void account_link_put_device(struct buf *b, const struct account_entry *entry)
{
	account_link_put_entry(b, entry);
	buf_put_vec(b, entry->signatures);
}

static void put_recovery(struct buf *b, const struct account_recovery *recovery)
{
	buf_put(b, recovery->key);
	buf_put(b, recovery->signature);
}

static void put_begin(struct buf *b, const struct account_link *link)
{
	buf_put(b, link->name);
	buf_put_u8(b, link->has_recovery ? 1 : 0);
	if (link->has_recovery)
		put_recovery(b, &link->recovery);
	account_link_put_device(b, &link->device);
}

static void put_body(struct buf *b, const struct account_link *link)
{
	switch (link->kind) {
	case ACCOUNT_BEGIN:
		put_begin(b, link);
		break;
	case ACCOUNT_ADD:
		account_link_put_device(b, &link->device);
		break;
	case ACCOUNT_REMOVE:
		buf_put_vec(b, link->removed);
		break;
	case ACCOUNT_KEYS:
		buf_put_vec(b, link->device.keys);
		buf_put_vec(b, link->device.signatures);
		break;
	case ACCOUNT_RECOVER:
		put_recovery(b, &link->recovery);
		break;
	default:
		break;
	}
}

void account_link_put_tbs(struct buf *b, const struct account_link *link)
{
	size_t body;

	buf_put_u8(b, VERSION);
	buf_put_u64(b, link->number);
	buf_put(b, link->before);
	buf_put_u8(b, link->kind);
	body = buf_open_vec(b);
	put_body(b, link);
	buf_close_vec(b, body);
	buf_put_vec(b, link->withdrawn);
	buf_put_u64(b, link->signer);
}

void account_link_put(struct buf *b, const struct account_link *link)
{
	account_link_put_tbs(b, link);
	buf_put(b, link->signature);
}

/* ---- the elements of lists ---- */

bool account_link_next_key(struct span *keys, uint16_t *scheme,
			   struct span *key)
{
	struct rd r = rd_init(*keys);

	*scheme = rd_u16(&r);
	*key = rd_vec(&r);
	*keys = span_of(r.p, r.n);
	return rd_ok(&r);
}

bool account_link_next_signature(struct span *signatures,
				 struct span *signature)
{
	struct rd r = rd_init(*signatures);

	*signature = rd_vec(&r);
	*signatures = span_of(r.p, r.n);
	return rd_ok(&r);
}

bool account_link_next_device(struct span *devices, uint64_t *device)
{
	struct rd r = rd_init(*devices);

	*device = rd_u64(&r);
	*devices = span_of(r.p, r.n);
	return rd_ok(&r);
}

bool account_link_next_hash(struct span *hashes, struct span *hash)
{
	struct rd r = rd_init(*hashes);

	*hash = rd_take(&r, ACCOUNT_HASH);
	*hashes = span_of(r.p, r.n);
	return rd_ok(&r);
}

/* ---- reading ---- */

static void limit(struct rd *r, bool within)
{
	if (!within)
		rd_fail(r, ERR_PEER_TOO_LARGE);
}

static void require(struct rd *r, bool good)
{
	if (!good)
		rd_fail(r, ERR_PEER_MALFORMED);
}

/* A list of keys; *count of them. */
static struct span read_keys(struct rd *r, size_t *count)
{
	struct span content = rd_vec(r);
	struct rd keys = rd_init(content);
	uint32_t above = 0;

	*count = 0;
	while (rd_left(&keys) > 0) {
		uint16_t scheme = rd_u16(&keys);
		struct span key = rd_vec(&keys);

		require(&keys, scheme >= above && key.n > 0);
		limit(&keys, key.n <= ACCOUNT_SIGNATURE_KEY_MAX &&
				 ++*count <= ACCOUNT_SIGNATURE_KEYS_MAX);
		above = (uint32_t)scheme + 1;
	}
	if (!rd_ok(&keys))
		rd_fail(r, keys.fail);
	return content;
}

/* So many signatures. */
static struct span read_signatures(struct rd *r, size_t count)
{
	struct span content = rd_vec(r);
	struct rd signatures = rd_init(content);

	for (size_t i = 0; i < count; i++)
		limit(&signatures,
		      rd_vec(&signatures).n <= ACCOUNT_COUNTERSIGNATURE_MAX);
	if (rd_end(&signatures) != ERR_OK)
		rd_fail(r, signatures.fail);
	return content;
}

static void read_device(struct rd *r, struct account_entry *entry)
{
	const struct rd start = *r;
	size_t count;

	entry->link_key = rd_take(r, ACCOUNT_KEY);
	entry->hpke_key = rd_take(r, ACCOUNT_KEY);
	entry->keys = read_keys(r, &count);
	require(r, count > 0);
	if (rd_ok(r))
		entry->signed_part = span_of(start.p, start.n - rd_left(r));
	entry->signatures = read_signatures(r, count + 1);
}

static void read_recovery(struct rd *r, struct account_link *link)
{
	link->has_recovery = true;
	link->recovery.key = rd_take(r, ACCOUNT_KEY);
	link->recovery.signature = rd_take(r, ACCOUNT_SIGNATURE);
}

static void read_begin(struct rd *r, struct account_link *link)
{
	link->name = rd_take(r, ACCOUNT_HASH);
	if (wire_optional_read(r))
		read_recovery(r, link);
	read_device(r, &link->device);
}

static void read_removed(struct rd *r, struct account_link *link)
{
	struct span rest;
	uint64_t device, last = 0;
	size_t count = 0;

	link->removed = rest = rd_vec(r);
	require(r, rest.n > 0 && rest.n % 8 == 0);
	while (account_link_next_device(&rest, &device)) {
		require(r, device > last);
		limit(r, ++count <= ACCOUNT_DEVICES_MAX);
		last = device;
	}
}

static void read_body(struct rd *r, struct account_link *link)
{
	size_t count;

	switch (link->kind) {
	case ACCOUNT_BEGIN:
		read_begin(r, link);
		break;
	case ACCOUNT_ADD:
		read_device(r, &link->device);
		break;
	case ACCOUNT_REMOVE:
		read_removed(r, link);
		break;
	case ACCOUNT_KEYS:
		link->device.keys = read_keys(r, &count);
		link->device.signatures = read_signatures(r, count);
		break;
	case ACCOUNT_RECOVER:
		read_recovery(r, link);
		break;
	case ACCOUNT_CLOSE:
		break;
	default:
		rd_fail(r, ERR_PEER_UNSUPPORTED);
	}
}

static struct span read_withdrawn(struct rd *r)
{
	struct span content = rd_vec(r), rest = content, hash;
	struct span last = SPAN_EMPTY;

	require(r, rest.n % ACCOUNT_HASH == 0);
	limit(r, rest.n <= (size_t)ACCOUNT_WITHDRAWN_MAX * ACCOUNT_HASH);
	while (account_link_next_hash(&rest, &hash)) {
		require(r, span_compare(hash, last) > 0);
		last = hash;
	}
	return content;
}

enum err account_link_decode(struct span bytes, struct account_link *link)
{
	struct rd r = rd_init(bytes), body;
	struct account_link l = { .encoded = bytes };
	uint8_t version;
	enum err e;

	ENSURE(bytes.n <= ACCOUNT_LINK_MAX, ERR_PEER_TOO_LARGE);
	version = rd_u8(&r);
	TRY(r.fail);
	ENSURE(version == VERSION, ERR_PEER_UNSUPPORTED);
	l.number = rd_u64(&r);
	l.before = rd_take(&r, ACCOUNT_HASH);
	l.kind = rd_u8(&r);
	body = rd_open_vec(&r);
	TRY(r.fail);
	read_body(&body, &l);
	rd_close(&r, &body);
	l.withdrawn = read_withdrawn(&r);
	l.signer = rd_u64(&r);
	l.unsigned_part = span_of(bytes.p, bytes.n - rd_left(&r));
	l.signature = rd_take(&r, ACCOUNT_SIGNATURE);
	TRY(rd_end(&r));
	*link = l;
out:
	return e;
}

enum err account_link_decode_device(struct span bytes,
				    struct account_entry *entry)
{
	struct rd r = rd_init(bytes);
	struct account_entry device = { .link_key = SPAN_EMPTY };
	enum err e;

	read_device(&r, &device);
	TRY(rd_end(&r));
	*entry = device;
out:
	return e;
}

const char *account_link_kind(uint8_t kind)
{
	switch (kind) {
	case ACCOUNT_BEGIN:
		return "begin";
	case ACCOUNT_ADD:
		return "add";
	case ACCOUNT_REMOVE:
		return "remove";
	case ACCOUNT_KEYS:
		return "keys";
	case ACCOUNT_ARCHIVE:
		return "archive";
	case ACCOUNT_RECOVER:
		return "recover";
	case ACCOUNT_CLOSE:
		return "close";
	default:
		return "unknown";
	}
}
