#include "admin/audit.h"

#include "base/buf.h"
#include "crypto/hash.h"

#define START "hermetic audit 1"

enum err audit_start(struct audit_chain *chain)
{
	*chain = (struct audit_chain){ 0 };
	return hash_one(SPAN_LIT(START), chain->hash.bytes);
}

static enum err next_hash(const struct audit_chain *chain, struct rows *rows,
			  size_t i, struct digest *out)
{
	struct uuid subject = rows_uuid(rows, i, "subject");
	struct buf bytes = BUF_INIT;
	enum err e;

	buf_put_str(&bytes, START);
	buf_put(&bytes, SPAN_ARRAY(chain->hash.bytes));
	buf_put_u64(&bytes, (uint64_t)rows_i64(rows, i, "n"));
	buf_put_u64(&bytes, (uint64_t)rows_i64(rows, i, "at_us"));
	buf_put(&bytes, SPAN_ARRAY(subject.bytes));
	buf_put(&bytes, rows_text(rows, i, "actor"));
	buf_put_u8(&bytes, '\n');
	buf_put(&bytes, rows_text(rows, i, "event"));
	buf_put_u8(&bytes, '\n');
	buf_put(&bytes, rows_text(rows, i, "detail"));
	TRY(buf_end(&bytes));
	TRY(hash_one(buf_span(&bytes), out->bytes));
out:
	buf_clear(&bytes);
	return e;
}

static void follow_entry(struct audit_chain *chain, struct rows *rows, size_t i)
{
	struct digest is = rows_digest(rows, i, "hash"), must;

	if (rows_i64(rows, i, "n") != chain->n + 1 ||
	    next_hash(chain, rows, i, &must) != ERR_OK ||
	    !digest_equal(is, must)) {
		chain->broken = true;
		return;
	}
	chain->n++;
	chain->hash = is;
}

bool audit_follow(struct audit_chain *chain, struct rows *rows)
{
	size_t n = rows_count(rows);

	if (n == 0) {
		chain->broken = true; /* the chain's end is always there */
		return false;
	}
	chain->last = rows_i64(rows, 0, "last");
	chain->last_hash = rows_digest(rows, 0, "last_hash");
	if (rows_is_null(rows, 0, "n"))
		return false;
	for (size_t i = 0; i < n && !chain->broken; i++)
		follow_entry(chain, rows, i);
	return !chain->broken;
}

bool audit_is_whole(const struct audit_chain *chain)
{
	return !chain->broken && chain->n == chain->last &&
	       digest_equal(chain->hash, chain->last_hash);
}
