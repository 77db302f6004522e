/* Between a device and a server: requests as HTTP, answers as a device takes
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "reach/call.h"
#include "reach/reply.h"
#include "wire/letter.h"

#define ID "3f2a9c1e-0d5b-4c9e-9a3f-2b1f0c7d8e9a"
#define HEX8 "0102030405060708"
#define HEX32 HEX8 HEX8 HEX8 HEX8

/* `body` NULL: none; otherwise its members in any order. */
static void expect_call(const struct request *request, const char *method,
			const char *path, const char *body)
{
	json_t *expected = body != NULL ? json_loads(body, 0, NULL) : NULL;
	struct call call;

	assert_int_equal(call_make(request, &call), ERR_OK);
	assert_string_equal(call.method, method);
	assert_string_equal(call.path, path);
	if (body == NULL)
		assert_null(call.body);
	else
		assert_true(json_equal(call.body, expected));
	call_clear(&call);
	json_decref(expected);
}

static void test_calls(void **state)
{
	const char *const users[] = { "bob", "carol" };
	struct request r = {
		.session = ID,
		.after = 12,
		.limit = 500,
		.generation = 3,
		.bytes = SPAN_LIT("\x01\x02"),
		.group_info = SPAN_LIT("\x03"),
		.algorithm = "aes-256-gcm",
		.users = users,
		.user_count = 2,
	};
	(void)state;

	r.kind = REQUEST_CREATE;
	expect_call(&r, "POST", "/session/create",
		    "{\"session_id\": \"" ID
		    "\", \"algorithm\": \"aes-256-gcm\", \"join_policy\": "
		    "\"invited\", \"invite\": [\"bob\", \"carol\"], "
		    "\"group_info\": \"Aw==\"}");
	r.kind = REQUEST_LOG;
	expect_call(&r, "GET", "/session/" ID "/messages?after=12&limit=500",
		    NULL);
	r.kind = REQUEST_HANDSHAKES;
	expect_call(
	    &r, "GET",
	    "/session/" ID "/messages?after=12&limit=500&handshake=true", NULL);
	r.kind = REQUEST_FIRST_INFO;
	expect_call(&r, "GET", "/session/" ID "/group-info?generation=3", NULL);
	r.kind = REQUEST_COMMIT;
	expect_call(&r, "POST", "/session/" ID "/commit",
		    "{\"commit\": \"AQI=\", \"group_info\": \"Aw==\"}");
	r.welcome = SPAN_LIT("\x04");
	r.kind = REQUEST_MOVE;
	expect_call(&r, "POST", "/session/" ID "/move",
		    "{\"commit\": \"AQI=\", \"group_info\": \"Aw==\", "
		    "\"welcome\": \"BA==\", \"algorithm\": \"aes-256-gcm\"}");
	r.kind = REQUEST_JOIN;
	expect_call(&r, "POST", "/session/join",
		    "{\"session_id\": \"" ID
		    "\", \"commit\": \"AQI=\", \"group_info\": \"Aw==\"}");
	r.kind = REQUEST_LEAVE;
	expect_call(&r, "POST", "/session/" ID "/leave",
		    "{\"departure\": \"AQI=\"}");
	r.kind = REQUEST_INVITE;
	expect_call(&r, "POST", "/session/" ID "/invite",
		    "{\"usernames\": [\"bob\", \"carol\"], "
		    "\"letter\": \"AQI=\"}");
	r.bytes = SPAN_EMPTY;
	expect_call(&r, "POST", "/session/" ID "/invite",
		    "{\"usernames\": [\"bob\", \"carol\"]}");
}

/* An id that is none would be another path. */
static void test_ids(void **state)
{
	struct request r = { .kind = REQUEST_SEND, .session = "../x" };
	struct call call;
	(void)state;

	assert_int_equal(call_make(&r, &call), ERR_LOCAL_BUG);
	call_clear(&call);
	r.session = NULL;
	assert_int_equal(call_make(&r, &call), ERR_LOCAL_BUG);
	call_clear(&call);
}

static json_t *read_as(enum request_kind kind, const char *text,
		       struct reply *reply, enum err expected)
{
	const struct request request = { .kind = kind, .limit = 2 };
	json_t *body = json_loads(text, 0, NULL);

	assert_non_null(body);
	assert_int_equal(reply_read(&request, body, reply), expected);
	return body;
}

static void test_log(void **state)
{
	struct reply reply;
	json_t *body;
	(void)state;

	body = read_as(REQUEST_LOG,
		       "{\"messages\": [{\"seq\": 5, \"kind\": 1, \"head\": "
		       "\"" HEX32 "\", \"envelope\": \"AQI=\", \"new\": 1}]}",
		       &reply, ERR_OK);
	assert_int_equal(reply.answer.entry_count, 1);
	assert_false(reply.answer.more);
	assert_int_equal(reply.answer.entries[0].seq, 5);
	assert_int_equal(reply.answer.entries[0].head[7], 8);
	assert_true(
	    span_equal(reply.answer.entries[0].bytes, SPAN_LIT("\x01\x02")));
	assert_false(reply.answer.entries[0].expired);
	reply_clear(&reply);
	json_decref(body);
	body = read_as(REQUEST_LOG,
		       "{\"messages\": [{\"seq\": 5, \"kind\": 1, \"head\": "
		       "\"" HEX32 "\", \"envelope\": null, \"hash\": \"" HEX32
		       "\"}], \"next\": 5}",
		       &reply, ERR_OK);
	assert_true(reply.answer.more);
	assert_true(reply.answer.entries[0].expired);
	assert_false(reply.answer.entries[0].bare);
	assert_int_equal(reply.answer.entries[0].hash[0], 1);
	reply_clear(&reply);
	json_decref(body);
	body = read_as(REQUEST_HANDSHAKES,
		       "{\"messages\": [{\"seq\": 5, \"kind\": 1, \"head\": "
		       "\"" HEX32 "\", \"hash\": \"" HEX32 "\"}]}",
		       &reply, ERR_OK);
	assert_true(reply.answer.entries[0].bare);
	assert_false(reply.answer.entries[0].expired);
	reply_clear(&reply);
	json_decref(body);
	/* neither bytes nor their hash */
	body = read_as(REQUEST_LOG,
		       "{\"messages\": [{\"seq\": 5, \"kind\": 1, \"head\": "
		       "\"" HEX32 "\"}]}",
		       &reply, ERR_PEER_MALFORMED);
	reply_clear(&reply);
	json_decref(body);
}

static void test_lists(void **state)
{
	struct reply reply;
	json_t *body;
	(void)state;

	body = read_as(REQUEST_CLAIM,
		       "{\"devices\": [{\"device_id\": \"" ID
		       "\", \"key_packages\": [{\"key_package\": \"AQ==\"}, "
		       "{\"key_package\": \"Ag==\"}]}, {\"device_id\": \"" ID
		       "\", \"key_packages\": []}]}",
		       &reply, ERR_OK);
	assert_int_equal(reply.answer.key_package_count, 2);
	assert_string_equal(reply.answer.key_packages[1].device_id, ID);
	assert_true(span_equal(reply.answer.key_packages[1].key_package,
			       SPAN_LIT("\x02")));
	reply_clear(&reply);
	json_decref(body);
	body = read_as(REQUEST_STOCK,
		       "{\"available\": {\"aes-256-gcm\": 4}, "
		       "\"last_resort\": {\"aes-256-gcm\": true, "
		       "\"twofish-256-gcm\": false}}",
		       &reply, ERR_OK);
	assert_int_equal(reply.answer.stock_count, 2);
	assert_int_equal(reply.answer.stock[0].available, 4);
	assert_true(reply.answer.stock[0].last_resort);
	assert_false(reply.answer.stock[1].last_resort);
	reply_clear(&reply);
	json_decref(body);
	body = read_as(REQUEST_WELCOMES,
		       "{\"welcomes\": [{\"welcome_id\": \"" ID
		       "\", \"session_id\": \"" ID "\", \"seq\": 2, \"head\": "
		       "\"" HEX32 "\", \"welcome\": \"AQ==\"}]}",
		       &reply, ERR_OK);
	assert_int_equal(reply.answer.welcome_count, 1);
	assert_int_equal(reply.answer.welcomes[0].seq, 2);
	reply_clear(&reply);
	json_decref(body);
}

/* Of each account that invites; a server of before gives one. */
static void test_letters(void **state)
{
	struct buf many = BUF_INIT;
	struct reply reply;
	json_t *body;
	(void)state;

	body = read_as(REQUEST_LETTER,
		       "{\"letter\": \"AQ==\", \"letters\": [\"AQ==\", "
		       "\"AgM=\"]}",
		       &reply, ERR_OK);
	assert_int_equal(reply.answer.letter_count, 2);
	assert_true(span_equal(reply.answer.letters[1], SPAN_LIT("\x02\x03")));
	reply_clear(&reply);
	json_decref(body);
	body =
	    read_as(REQUEST_LETTER, "{\"letter\": \"AQ==\"}", &reply, ERR_OK);
	assert_int_equal(reply.answer.letter_count, 1);
	assert_true(span_equal(reply.answer.letters[0], SPAN_LIT("\x01")));
	reply_clear(&reply);
	json_decref(body);
	body = read_as(REQUEST_LETTER, "{\"letters\": \"AQ==\"}", &reply,
		       ERR_PEER_MALFORMED);
	reply_clear(&reply);
	json_decref(body);
	buf_put_str(&many, "{\"letters\": [\"AQ==\"");
	for (size_t i = 0; i < LETTERS_MAX; i++)
		buf_put_str(&many, ", \"AQ==\"");
	buf_put_str(&many, "]}");
	buf_put_u8(&many, 0);
	assert_int_equal(buf_end(&many), ERR_OK);
	body = read_as(REQUEST_LETTER, (const char *)many.p, &reply,
		       ERR_PEER_TOO_LARGE);
	reply_clear(&reply);
	json_decref(body);
	buf_clear(&many);
}

static void test_places(void **state)
{
	const struct request leave = { .kind = REQUEST_LEAVE };
	struct reply reply;
	json_t *body;
	(void)state;

	body = read_as(REQUEST_SEND, "{\"seq\": 9, \"rotation_due\": true}",
		       &reply, ERR_OK);
	assert_int_equal(reply.answer.seq, 9);
	assert_true(reply.answer.rotation_due);
	reply_clear(&reply);
	json_decref(body);
	body =
	    read_as(REQUEST_SEND, "{\"seq\": -1}", &reply, ERR_PEER_MALFORMED);
	reply_clear(&reply);
	json_decref(body);
	body = read_as(REQUEST_FIRST_INFO,
		       "{\"group_info\": \"AQ==\", \"seq\": 3, \"head\": "
		       "\"" HEX32 "\", \"epoch\": 7}",
		       &reply, ERR_OK);
	assert_int_equal(reply.answer.seq, 3);
	assert_int_equal(reply.answer.head[0], 1);
	assert_int_equal(reply.answer.tree.n, 0);
	reply_clear(&reply);
	json_decref(body);
	body = read_as(REQUEST_GROUP_INFO,
		       "{\"group_info\": \"AQ==\", \"ratchet_tree\": \"AgM=\", "
		       "\"places\": \"BA==\", \"seq\": 3, \"head\": \"" HEX32
		       "\", \"epoch\": 7}",
		       &reply, ERR_OK);
	assert_true(span_equal(reply.answer.group_info, SPAN_LIT("\x01")));
	assert_true(span_equal(reply.answer.tree, SPAN_LIT("\x02\x03")));
	assert_true(span_equal(reply.answer.places, SPAN_LIT("\x04")));
	reply_clear(&reply);
	json_decref(body);
	/* 204 has no body */
	assert_int_equal(reply_read(&leave, NULL, &reply), ERR_OK);
	assert_int_equal(reply.answer.seq, 0);
	reply_clear(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),	cmocka_unit_test(test_ids),
		cmocka_unit_test(test_log),	cmocka_unit_test(test_lists),
		cmocka_unit_test(test_letters), cmocka_unit_test(test_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
