/* The codec: the working group's messages byte for byte, every truncation, and
 * what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/testlib/vector_case.h"
#include "wire/context.h"
#include "wire/message.h"
#include "wire/tree.h"

/* ---- deserialization ---- */

static bool deserialization(const struct suite *none, const json_t *item)
{
	struct rd r = rd_init(HEX(item, "vlbytes_header"));
	bool ok = false;

	(void)none;
	CHECK(rd_varint(&r) == number(item, "length"));
	CHECK_OK(rd_end(&r));
	ok = true;
out:
	return ok;
}

static void test_deserialization(void **state)
{
	(void)state;
	run_plain("mls/deserialization.json", deserialization);
}

/* ---- messages: decode, encode from the fields, compare ---- */

/* Decodes one struct and encodes it again. */
typedef enum err again_fn(struct span bytes, struct buf *out);

static enum err message_again(struct span bytes, struct buf *out)
{
	struct wire_message m;
	enum err e = wire_message_decode(bytes, &m);

	if (e == ERR_OK)
		wire_message_put(out, &m);
	return e;
}

/* Everything nested from its fields, the proposals and paths included. */
static enum err content_again(struct span bytes, struct buf *out)
{
	struct wire_message m;
	struct buf body = BUF_INIT;
	enum err e = wire_message_decode(bytes, &m);

	if (e != ERR_OK)
		return e;
	if (m.public_message.content.type == WIRE_CONTENT_COMMIT)
		wire_commit_put(&body, &m.public_message.content.commit);
	else if (m.public_message.content.type == WIRE_CONTENT_PROPOSAL)
		wire_proposal_put(&body, &m.public_message.content.proposal);
	else
		buf_put_vec(&body, m.public_message.content.application_data);
	m.public_message.content.body = buf_span(&body);
	wire_message_put(out, &m);
	buf_clear(&body);
	return ERR_OK;
}

static enum err tree_again(struct span bytes, struct buf *out)
{
	struct rd r = rd_init(bytes), nodes = rd_open_vec(&r);
	size_t vec = buf_open_vec(out);
	struct wire_node node;

	while (rd_left(&nodes) > 0) {
		wire_node_read(&nodes, &node);
		if (rd_ok(&nodes))
			wire_node_put(out, &node);
	}
	buf_close_vec(out, vec);
	rd_close(&r, &nodes);
	return rd_end(&r);
}

static enum err group_secrets_again(struct span bytes, struct buf *out)
{
	struct wire_group_secrets secrets;
	enum err e = wire_group_secrets_decode(bytes, &secrets);

	if (e == ERR_OK)
		wire_group_secrets_put(out, &secrets);
	return e;
}

static enum err commit_again(struct span bytes, struct buf *out)
{
	struct wire_commit commit;
	enum err e = wire_commit_decode(bytes, &commit);

	if (e == ERR_OK)
		wire_commit_put(out, &commit);
	return e;
}

/* The vectors have a proposal's content without its type. */
static enum err proposal_again(uint16_t type, struct span bytes,
			       struct buf *out)
{
	struct buf typed = BUF_INIT, encoded = BUF_INIT;
	struct wire_proposal proposal;
	enum err e;

	buf_put_u16(&typed, type);
	buf_put(&typed, bytes);
	TRY(wire_proposal_decode(buf_span(&typed), &proposal));
	wire_proposal_put(&encoded, &proposal);
	buf_put(out, span_of(encoded.p + 2, encoded.n - 2));
out:
	buf_clear(&typed);
	buf_clear(&encoded);
	return e;
}

#define PROPOSAL(name, type)                                                   \
	static enum err name(struct span bytes, struct buf *out)               \
	{                                                                      \
		return proposal_again(type, bytes, out);                       \
	}
PROPOSAL(add_again, WIRE_PROPOSAL_ADD)
PROPOSAL(update_again, WIRE_PROPOSAL_UPDATE)
PROPOSAL(remove_again, WIRE_PROPOSAL_REMOVE)
PROPOSAL(psk_again, WIRE_PROPOSAL_PSK)
PROPOSAL(reinit_again, WIRE_PROPOSAL_REINIT)
PROPOSAL(external_init_again, WIRE_PROPOSAL_EXTERNAL_INIT)
PROPOSAL(extensions_again, WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS)

static const struct {
	const char *key;
	again_fn *again;
} fields[] = {
	{ "mls_welcome", message_again },
	{ "mls_group_info", message_again },
	{ "mls_key_package", message_again },
	{ "ratchet_tree", tree_again },
	{ "group_secrets", group_secrets_again },
	{ "add_proposal", add_again },
	{ "update_proposal", update_again },
	{ "remove_proposal", remove_again },
	{ "pre_shared_key_proposal", psk_again },
	{ "re_init_proposal", reinit_again },
	{ "external_init_proposal", external_init_again },
	{ "group_context_extensions_proposal", extensions_again },
	{ "commit", commit_again },
	{ "public_message_application", content_again },
	{ "public_message_proposal", content_again },
	{ "public_message_commit", content_again },
	{ "private_message", message_again },
};

#define FIELDS (sizeof(fields) / sizeof(*fields))

/* Copied to its own allocation, so that a sanitizer sees a read past it. */
static enum err decode_copy(again_fn *again, struct span bytes, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	struct buf out = BUF_INIT;
	enum err e;

	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, bytes.p, n < bytes.n ? n : bytes.n);
	if (n > bytes.n)
		copy[n - 1] = 0;
	e = again(span_of(copy, n), &out);
	buf_clear(&out);
	free(copy);
	return e;
}

static bool check_field(const json_t *item, size_t i, bool cut)
{
	struct span bytes = HEX(item, fields[i].key);
	struct buf out = BUF_INIT;
	bool ok = false;

	CHECK(bytes.n > 0);
	CHECK_OK(fields[i].again(bytes, &out));
	CHECK_OK(buf_end(&out));
	CHECK(span_equal(buf_span(&out), bytes));
	for (size_t n = 0; cut && n < bytes.n; n++)
		CHECK(decode_copy(fields[i].again, bytes, n) != ERR_OK);
	CHECK(decode_copy(fields[i].again, bytes, bytes.n + 1) != ERR_OK);
	ok = true;
out:
	buf_clear(&out);
	return ok;
}

static bool messages(const struct suite *none, const json_t *item)
{
	static unsigned count;
	bool cut = count++ % 50 == 0; /* it takes long: one of fifty */

	(void)none;
	for (size_t j = 0; j < FIELDS; j++)
		if (!check_field(item, j, cut))
			return false;
	return true;
}

static void test_messages(void **state)
{
	(void)state;
	run_plain("mls/messages.json", messages);
}

/* Any byte changed: decodes or not, never reads outside. */
static void test_flipped(void **state)
{
	json_t *root = vectors_load("mls/messages.json");
	(void)state;

	if (root == NULL)
		skip();
	for (size_t j = 0; j < FIELDS; j++) {
		struct span bytes = HEX(json_array_get(root, 1), fields[j].key);
		struct buf bad = BUF_INIT;

		buf_put(&bad, bytes);
		for (size_t i = 0; i < bytes.n; i++) {
			for (unsigned bit = 0; bit < 8; bit++) {
				bad.p[i] ^= (uint8_t)(1u << bit);
				(void)decode_copy(fields[j].again,
						  buf_span(&bad), bad.n);
				bad.p[i] ^= (uint8_t)(1u << bit);
			}
		}
		buf_clear(&bad);
	}
	vectors_forget();
	json_decref(root);
}

/* ---- rules of the encoding ---- */

static void put_extensions(struct buf *b, size_t count, uint16_t last)
{
	size_t vec = buf_open_vec(b);

	for (size_t i = 0; i + 1 < count; i++)
		wire_extension_put(b, (uint16_t)(i + 1), SPAN_LIT("x"));
	wire_extension_put(b, last, SPAN_EMPTY);
	buf_close_vec(b, vec);
}

/* 13.4: no two of one type, in short lists and in long ones. */
static void test_extension_twice(void **state)
{
	static const size_t counts[] = { 2, 15, 16, 17, 18, 40, 300 };
	(void)state;

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		for (uint16_t last = 1; last <= counts[i]; last++) {
			bool unique = last == counts[i];
			struct buf b = BUF_INIT;
			struct rd r;

			put_extensions(&b, counts[i], last);
			r = rd_init(buf_span(&b));
			(void)wire_extensions_read(&r);
			assert_int_equal(rd_end(&r),
					 unique ? ERR_OK : ERR_PEER_MALFORMED);
			buf_clear(&b);
		}
	}
}

static void test_extension_find(void **state)
{
	struct buf b = BUF_INIT;
	struct span found;
	(void)state;

	wire_extension_put(&b, 7, SPAN_LIT("seven"));
	wire_extension_put(&b, 9, SPAN_LIT("nine"));
	assert_int_equal(wire_extensions_check(buf_span(&b)), ERR_OK);
	assert_true(wire_extensions_find(buf_span(&b), 9, &found));
	assert_true(span_equal(found, SPAN_LIT("nine")));
	assert_false(wire_extensions_find(buf_span(&b), 8, &found));
	buf_clear(&b);
}

static enum err read_leaves(const uint32_t *leaves, size_t count)
{
	struct buf b = BUF_INIT;
	struct rd r;
	enum err e;

	buf_put_varint(&b, count * sizeof(*leaves));
	for (size_t i = 0; i < count; i++)
		buf_put_u32(&b, leaves[i]);
	r = rd_init(buf_span(&b));
	(void)wire_leaf_list_read(&r);
	e = rd_end(&r);
	buf_clear(&b);
	return e;
}

/* 7.1: unmerged_leaves "MUST be sorted in increasing order". */
static void test_unmerged_order(void **state)
{
	static const uint32_t good[] = { 0, 1, 7 }, same[] = { 1, 1 },
			      down[] = { 2, 1 };
	(void)state;

	assert_int_equal(read_leaves(good, 3), ERR_OK);
	assert_int_equal(read_leaves(NULL, 0), ERR_OK);
	assert_int_equal(read_leaves(same, 2), ERR_PEER_MALFORMED);
	assert_int_equal(read_leaves(down, 2), ERR_PEER_MALFORMED);
}

static void test_u16_list(void **state)
{
	static const uint8_t odd[] = { 3, 0, 1, 2 };
	static const uint16_t values[] = { 1, 0xffff };
	struct buf b = BUF_INIT;
	struct span list;
	struct rd r;
	(void)state;

	wire_u16_list_put(&b, values, 2);
	r = rd_init(buf_span(&b));
	list = wire_u16_list_read(&r);
	assert_int_equal(rd_end(&r), ERR_OK);
	assert_true(wire_u16_list_has(list, 0xffff));
	assert_false(wire_u16_list_has(list, 2));
	r = rd_init(SPAN_ARRAY(odd));
	(void)wire_u16_list_read(&r);
	assert_int_equal(rd_end(&r), ERR_PEER_MALFORMED);
	buf_clear(&b);
}

static void test_optional(void **state)
{
	static const uint8_t values[] = { 0, 1, 2 };
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		struct rd r = rd_init(span_of(&values[i], 1));

		assert_int_equal(wire_optional_read(&r), i == 1);
		assert_int_equal(rd_end(&r),
				 i < 2 ? ERR_OK : ERR_PEER_MALFORMED);
	}
}

/* 6.3.1: padding is zeros; anything else makes the message malformed. */
static void test_padding(void **state)
{
	struct buf plaintext = BUF_INIT;
	struct wire_content content;
	struct wire_auth auth;
	(void)state;

	buf_put_vec(&plaintext, SPAN_LIT("data"));
	buf_put_vec(&plaintext, SPAN_LIT("signature"));
	for (int i = 0; i < 300; i++)
		buf_put_u8(&plaintext, 0);
	assert_int_equal(wire_private_content_decode(buf_span(&plaintext),
						     WIRE_CONTENT_APPLICATION,
						     &content, &auth),
			 ERR_OK);
	assert_true(span_equal(content.application_data, SPAN_LIT("data")));
	assert_true(span_equal(auth.signature, SPAN_LIT("signature")));
	for (size_t i = plaintext.n - 300; i < plaintext.n; i++) {
		plaintext.p[i] = 1;
		assert_int_equal(wire_private_content_decode(
				     buf_span(&plaintext),
				     WIRE_CONTENT_APPLICATION, &content, &auth),
				 ERR_PEER_MALFORMED);
		plaintext.p[i] = 0;
	}
	buf_clear(&plaintext);
}

static void test_versions(void **state)
{
	static const uint8_t version[] = { 0, 2, 0, 1, 0 };
	static const uint8_t format[] = { 0, 1, 0, 9, 0 };
	struct wire_message m;
	(void)state;

	assert_int_equal(wire_message_decode(SPAN_ARRAY(version), &m),
			 ERR_PEER_UNSUPPORTED);
	assert_int_equal(wire_message_decode(SPAN_ARRAY(format), &m),
			 ERR_PEER_UNSUPPORTED);
	assert_int_equal(wire_message_decode(SPAN_EMPTY, &m),
			 ERR_PEER_MALFORMED);
}

static void test_x509_credential(void **state)
{
	struct wire_credential credential, again;
	struct span rest, certificate;
	struct buf b = BUF_INIT;
	struct rd r;
	(void)state;

	buf_put_u16(&b, WIRE_CREDENTIAL_X509);
	size_t vec = buf_open_vec(&b);
	buf_put_vec(&b, SPAN_LIT("leaf"));
	buf_put_vec(&b, SPAN_LIT("root"));
	buf_close_vec(&b, vec);
	r = rd_init(buf_span(&b));
	wire_credential_read(&r, &credential);
	assert_int_equal(rd_end(&r), ERR_OK);
	rest = credential.certificates;
	assert_true(wire_certificates_next(&rest, &certificate));
	assert_true(span_equal(certificate, SPAN_LIT("leaf")));
	assert_true(wire_certificates_next(&rest, &certificate));
	assert_false(wire_certificates_next(&rest, &certificate));
	assert_true(span_equal(credential.encoded, buf_span(&b)));
	struct buf encoded = BUF_INIT;
	wire_credential_put(&encoded, &credential);
	assert_true(span_equal(buf_span(&encoded), buf_span(&b)));
	encoded.p[encoded.n - 5] = 9;
	r = rd_init(buf_span(&encoded));
	wire_credential_read(&r, &again);
	assert_int_equal(rd_end(&r), ERR_PEER_MALFORMED);
	buf_clear(&encoded);
	buf_clear(&b);
}

static void test_external_senders(void **state)
{
	struct wire_external_sender one = {
		.signature_key = SPAN_LIT("key"),
		.credential = { .type = WIRE_CREDENTIAL_BASIC,
				.identity = SPAN_LIT("service") },
	};
	struct wire_external_sender read;
	struct buf b = BUF_INIT;
	struct span list;
	size_t vec;
	(void)state;

	vec = buf_open_vec(&b);
	wire_external_sender_put(&b, &one);
	wire_external_sender_put(&b, &one);
	buf_close_vec(&b, vec);
	assert_int_equal(wire_external_senders_decode(buf_span(&b), &list),
			 ERR_OK);
	for (int i = 0; i < 2; i++) {
		assert_true(wire_external_senders_next(&list, &read));
		assert_true(span_equal(read.signature_key, SPAN_LIT("key")));
		assert_true(
		    span_equal(read.credential.identity, SPAN_LIT("service")));
	}
	assert_false(wire_external_senders_next(&list, &read));
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(
		    wire_external_senders_decode(span_of(b.p, n), &list),
		    ERR_OK);
	buf_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deserialization),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_extension_twice),
		cmocka_unit_test(test_extension_find),
		cmocka_unit_test(test_unmerged_order),
		cmocka_unit_test(test_u16_list),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_x509_credential),
		cmocka_unit_test(test_external_senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
