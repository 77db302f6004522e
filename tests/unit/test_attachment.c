/* Files as messages name them: what is sealed in pieces of any size is one AEAD, and
 * nothing that was changed, cut or put in another order opens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content/attachment.h"
#include "crypto/hash.h"
#include "reach/saving.h"
#include "reach/sealing.h"

#define MUST(call) assert_int_equal((call), ERR_OK)

enum { SIZE = 70000 };

static const char *const ALGORITHMS[] = { "aes-256-gcm", "chacha20-poly1305",
					  "twofish-256-gcm" };

static const struct suite *suite_of(size_t i)
{
	return suite_by_algorithm(span_str(ALGORITHMS[i]));
}

static void make(struct attachment *a, size_t algorithm)
{
	MUST(attachment_make(suite_of(algorithm), rng_system(), a));
	buf_put_str(&a->name, "notes.txt");
	buf_put_str(&a->type, "text/plain");
}

static void fill(uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
}

/* In pieces of that size. */
static void seal(struct attachment *a, struct span plain, size_t piece,
		 struct buf *out)
{
	struct attachment_stream *s = NULL;
	uint8_t *to = buf_append(out, plain.n + SUITE_AEAD_TAG);

	assert_non_null(to);
	MUST(attachment_begin(a, true, &s));
	for (size_t at = 0; at < plain.n; at += piece) {
		size_t n = plain.n - at < piece ? plain.n - at : piece;

		MUST(attachment_pass(s, span_of(plain.p + at, n), to + at));
	}
	MUST(attachment_seal_end(s, to + plain.n, a->hash));
	attachment_free(s);
	a->size = plain.n;
}

static enum err open_pieces(const struct attachment *a, struct span sealed,
			    size_t piece, uint8_t *to)
{
	struct attachment_stream *s = NULL;
	size_t end = sealed.n - SUITE_AEAD_TAG;
	enum err e;

	MUST(attachment_begin(a, false, &s));
	for (size_t at = 0; at < end; at += piece) {
		size_t n = end - at < piece ? end - at : piece;

		MUST(attachment_pass(s, span_of(sealed.p + at, n), to + at));
	}
	e = attachment_open_end(s, sealed.p + end);
	attachment_free(s);
	return e;
}

static void pieces_are_one_aead(void **state)
{
	static uint8_t plain[SIZE], opened[SIZE];
	static const size_t pieces[] = { 1, 15, 16, 17, 4096, SIZE };

	(void)state;
	fill(plain, SIZE);
	for (size_t i = 0; i < 3; i++) {
		struct buf whole = BUF_INIT, sealed = BUF_INIT;
		struct attachment a;
		uint8_t hash[32];
		struct span s;

		make(&a, i);
		MUST(aead_seal(suite_of(i), sec_span(&a.key),
			       SPAN_ARRAY(a.nonce), SPAN_EMPTY,
			       SPAN_ARRAY(plain), &whole));
		s = buf_span(&whole);
		MUST(hash_one(s, hash));
		for (size_t k = 0; k < sizeof(pieces) / sizeof(*pieces); k++) {
			buf_reset(&sealed);
			seal(&a, SPAN_ARRAY(plain), pieces[k], &sealed);
			assert_true(
			    span_equal(buf_span(&sealed), buf_span(&whole)));
			assert_memory_equal(a.hash, hash, 32);
			MUST(open_pieces(&a, s, pieces[k], opened));
			assert_memory_equal(opened, plain, SIZE);
		}
		buf_clear(&whole);
		buf_clear(&sealed);
		attachment_clear(&a);
	}
}

/* What a server could give in its place; with the hash that goes with it, too, as if
 * the message named that. */
static void expect_refused(struct attachment *a, struct buf *sealed)
{
	static uint8_t opened[SIZE + 64];
	uint8_t named[32];
	struct span s = buf_span(sealed);

	assert_int_equal(open_pieces(a, s, 1000, opened), ERR_PEER_CRYPTO);
	memcpy(named, a->hash, sizeof(named));
	MUST(hash_one(s, a->hash));
	assert_int_equal(open_pieces(a, s, 1000, opened), ERR_PEER_CRYPTO);
	memcpy(a->hash, named, sizeof(named));
}

static void other_bytes_do_not_open(void **state)
{
	static uint8_t plain[SIZE];
	static const size_t places[] = { 0, SIZE / 2, SIZE - 1, SIZE,
					 SIZE + SUITE_AEAD_TAG - 1 };

	(void)state;
	fill(plain, SIZE);
	for (size_t i = 0; i < 3; i++) {
		struct buf sealed = BUF_INIT, other = BUF_INIT;
		struct attachment a;

		make(&a, i);
		seal(&a, SPAN_ARRAY(plain), 4096, &sealed);
		for (size_t k = 0; k < 5; k++) {
			buf_reset(&other);
			buf_put(&other, buf_span(&sealed));
			other.p[places[k]] ^= 1;
			expect_refused(&a, &other);
		}
		/* cut, and longer */
		buf_reset(&other);
		buf_put(&other, span_of(sealed.p, sealed.n - 1));
		expect_refused(&a, &other);
		buf_put(&other, span_of(sealed.p, 2));
		expect_refused(&a, &other);
		/* two pieces in another order */
		buf_reset(&other);
		buf_put(&other, span_of(sealed.p + 4096, 4096));
		buf_put(&other, span_of(sealed.p, 4096));
		buf_put(&other, span_of(sealed.p + 8192, sealed.n - 8192));
		expect_refused(&a, &other);
		/* the right bytes, and another hash in the message */
		a.hash[0] ^= 1;
		assert_int_equal(
		    open_pieces(&a, buf_span(&sealed), 1000, other.p),
		    ERR_PEER_CRYPTO);
		a.hash[0] ^= 1;
		a.key.b[0] ^= 1;
		assert_int_equal(
		    open_pieces(&a, buf_span(&sealed), 1000, other.p),
		    ERR_PEER_CRYPTO);
		buf_clear(&sealed);
		buf_clear(&other);
		attachment_clear(&a);
	}
}

static void a_part_is_read_as_it_was_made(void **state)
{
	struct attachment a, b;
	struct buf url = BUF_INIT;
	struct mimi_part part, other;

	(void)state;
	make(&a, 1);
	a.size = 12345;
	attachment_to_part(&a, &url, &part);
	MUST(attachment_of_part(&part, &b));
	assert_true(uuid_equal(a.id, b.id));
	assert_int_equal(b.size, 12345);
	assert_int_equal(b.aead, 29);
	assert_true(span_equal(sec_span(&a.key), sec_span(&b.key)));
	assert_memory_equal(a.nonce, b.nonce, sizeof(a.nonce));
	assert_memory_equal(a.hash, b.hash, sizeof(a.hash));
	assert_true(span_equal(buf_span(&a.name), buf_span(&b.name)));
	attachment_clear(&b);

#define REFUSED(change)                                                        \
	do {                                                                   \
		other = part;                                                  \
		change;                                                        \
		assert_int_equal(attachment_of_part(&other, &b),               \
				 ERR_PEER_UNSUPPORTED);                        \
		attachment_clear(&b);                                          \
	} while (0)

	REFUSED(other.cardinality = MIMI_SINGLE);
	REFUSED(other.external.url = SPAN_LIT("https://example.com/x"));
	REFUSED(other.external.url.n--);
	REFUSED(other.external.aead = 0);
	REFUSED(other.external.aead = 5);
	REFUSED(other.external.aead = 1); /* whose keys are shorter */
	REFUSED(other.external.key.n--);
	REFUSED(other.external.nonce.n--);
	REFUSED(other.external.aad = SPAN_LIT("x"));
	REFUSED(other.external.hash = 0);
	REFUSED(other.external.content_hash.n--);
	REFUSED(other.external.size = ATTACHMENT_MAX + 1);
	REFUSED(other.external.filename = SPAN_EMPTY);
	REFUSED(other.external.filename = SPAN_LIT("a\0b"));
	REFUSED(other.external.filename = SPAN_LIT("\xff"));
	REFUSED(other.content_type = SPAN_EMPTY);
	attachment_clear(&a);
	buf_clear(&url);
}

static int temporary(void)
{
	char name[] = "/tmp/hermetic-attachment-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	return fd;
}

static void files_of_any_length(void **state)
{
	static uint8_t plain[200000], opened[200000];
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 200000 };

	(void)state;
	fill(plain, sizeof(plain));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int from = temporary(), sealed = temporary(), to = temporary();
		struct attachment a;

		make(&a, 1);
		assert_int_equal(write(from, plain, sizes[i]), sizes[i]);
		MUST(sealing_seal(from, &a, sealed, NULL));
		assert_int_equal(a.size, sizes[i]);
		MUST(sealing_open(sealed, &a, to));
		assert_int_equal(pread(to, opened, sizeof(opened), 0),
				 sizes[i]);
		assert_memory_equal(opened, plain, sizes[i]);
		/* a byte less, and one more */
		assert_int_equal(ftruncate(sealed, (off_t)sizes[i] + 15), 0);
		assert_int_equal(sealing_open(sealed, &a, to), ERR_PEER_CRYPTO);
		assert_int_equal(ftruncate(sealed, (off_t)sizes[i] + 17), 0);
		assert_int_equal(sealing_open(sealed, &a, to), ERR_PEER_CRYPTO);
		attachment_clear(&a);
		(void)close(from);
		(void)close(sealed);
		(void)close(to);
	}
}

static void expect_name(struct span name, const char *safe)
{
	struct buf out = BUF_INIT;

	saving_name(&out, name);
	buf_put_u8(&out, 0);
	MUST(buf_end(&out));
	assert_string_equal((const char *)out.p, safe);
	buf_clear(&out);
}

static void names_are_harmless(void **state)
{
	char longest[300];

	(void)state;
	expect_name(SPAN_LIT("notes.txt"), "notes.txt");
	expect_name(SPAN_LIT("../../etc/passwd"), "_._.._etc_passwd");
	expect_name(SPAN_LIT("/etc/passwd"), "_etc_passwd");
	expect_name(SPAN_LIT(".."), "_.");
	expect_name(SPAN_LIT("."), "_");
	expect_name(SPAN_LIT(".bashrc"), "_bashrc");
	expect_name(SPAN_LIT("a\\b"), "a_b");
	expect_name(SPAN_LIT("a\0b"), "a_b");
	expect_name(SPAN_LIT("a\nb\tc\x1b[31m"), "a_b_c_[31m");
	expect_name(SPAN_LIT("a\u202etxt.exe"), "a_txt.exe");
	expect_name(SPAN_LIT("\xff\xfe"), "__");
	expect_name(SPAN_LIT("caf\u00e9 \u4f60"), "caf\u00e9 \u4f60");
	expect_name(SPAN_LIT(""), "file");
	memset(longest, 'x', sizeof(longest));
	{
		struct buf out = BUF_INIT;

		saving_name(&out, span_of(longest, sizeof(longest)));
		assert_int_equal(out.n, 200);
		buf_clear(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_one_aead),
		cmocka_unit_test(other_bytes_do_not_open),
		cmocka_unit_test(a_part_is_read_as_it_was_made),
		cmocka_unit_test(files_of_any_length),
		cmocka_unit_test(names_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
