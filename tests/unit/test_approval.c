/* Codes and recovery keys, and requests for approval with their answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "session/approval.h"
#include "session/code.h"
#include "tests/testlib/accounts.h"

/* ---- what people type ---- */

static void test_codes(void **context)
{
	struct sec secret = { 0 }, read = { 0 };
	char code[CODE_SIZE], other[2 * CODE_SIZE];
	size_t n = 0;

	(void)context;
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(code_make(rng_system(), &secret), ERR_OK);
		code_write(&secret, code);
		assert_int_equal(strlen(code), CODE_SIZE - 1);
		assert_int_equal(code_read(span_str(code), &read), ERR_OK);
		assert_true(span_equal(sec_span(&secret), sec_span(&read)));
	}
	/* case, spaces, and what looks alike */
	for (size_t i = 0; code[i] != '\0'; i++) {
		char c = (char)tolower((unsigned char)code[i]);

		other[n++] = c == '-'	? ' '
			     : c == '0' ? 'o'
			     : c == '1' ? 'l'
					: c;
	}
	other[n] = '\0';
	assert_int_equal(code_read(span_str(other), &read), ERR_OK);
	assert_true(span_equal(sec_span(&secret), sec_span(&read)));
	assert_int_equal(
	    code_read(span_of((const uint8_t *)code, CODE_SIZE - 2), &read),
	    ERR_PEER_MALFORMED);
	assert_int_equal(read.n, 0);
	(void)snprintf(other, sizeof(other), "%s0", code);
	assert_int_equal(code_read(span_str(other), &read), ERR_PEER_MALFORMED);
	other[0] = 'U';
	other[CODE_SIZE - 1] = '\0';
	assert_int_equal(code_read(span_str(other), &read), ERR_PEER_MALFORMED);
}

static void test_recovery_keys(void **context)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char text[CODE_RECOVERY_SIZE];
	struct account_pair made, read;

	(void)context;
	assert_int_equal(code_recovery_make(rng_system(), text, &made), ERR_OK);
	assert_int_equal(strlen(text), CODE_RECOVERY_SIZE - 1);
	assert_int_equal(code_recovery_read(span_str(text), &read), ERR_OK);
	assert_true(
	    span_equal(buf_span(&made.public_key), buf_span(&read.public_key)));
	assert_true(span_equal(sec_span(&made.private_key),
			       sec_span(&read.private_key)));
	account_pair_clear(&read);
	/* each character that is mistyped is noticed */
	for (size_t i = 0; text[i] != '\0'; i++) {
		char was = text[i];

		if (was == '-')
			continue;
		text[i] = alphabet[((size_t)(strchr(alphabet, was) - alphabet) +
				    1 + i % 30) %
				   32];
		assert_int_equal(code_recovery_read(span_str(text), &read),
				 ERR_PEER_MALFORMED);
		account_pair_clear(&read);
		text[i] = was;
	}
	account_pair_clear(&made);
}

/* ---- requests and answers ---- */

struct scene {
	struct house house;
	struct sec code, another;
	struct buf entry, request;
	struct approval_place place;
	struct account_place end;
};

static int setup(void **state)
{
	static struct scene s;

	memset(&s, 0, sizeof(s));
	house_init(&s.house, false);
	house_make(&s.house, 1);
	assert_int_equal(code_make(rng_system(), &s.code), ERR_OK);
	assert_int_equal(code_make(rng_system(), &s.another), ERR_OK);
	account_log_place(s.house.log, &s.end);
	s.place = (struct approval_place){
		.fingerprint = account_log_fingerprint(s.house.log),
		.number = s.end.number,
		.hash = SPAN_ARRAY(s.end.hash),
	};
	assert_int_equal(account_sign_device(s.place.fingerprint,
					     &s.house.keys[1], &s.entry),
			 ERR_OK);
	assert_int_equal(
	    approval_ask(&s.code, &s.place, buf_span(&s.entry), &s.request),
	    ERR_OK);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	house_free(&s->house);
	buf_clear(&s->entry);
	buf_clear(&s->request);
	return 0;
}

static void test_request(void **state)
{
	struct scene *s = *state;
	struct approval_request request;

	assert_int_equal(
	    approval_request_decode(buf_span(&s->request), &request), ERR_OK);
	assert_true(span_equal(request.entry, buf_span(&s->entry)));
	assert_int_equal(request.place.number, s->end.number);
	assert_int_equal(approval_check(&s->code, &request), ERR_OK);
	assert_int_equal(approval_check(&s->another, &request),
			 ERR_PEER_CRYPTO);
	/* every byte counts */
	for (size_t i = 0; i < s->request.n; i++) {
		s->request.p[i] ^= 1;
		if (approval_request_decode(buf_span(&s->request), &request) ==
		    ERR_OK)
			assert_int_equal(approval_check(&s->code, &request),
					 ERR_PEER_CRYPTO);
		s->request.p[i] ^= 1;
	}
}

static enum err open_with(struct scene *s, const struct sec *code,
			  struct span answer, struct span request)
{
	struct approval_answer got;
	struct buf handover = BUF_INIT;
	enum err e = approval_answer_decode(answer, &got);

	if (e == ERR_OK)
		e = approval_open(code, &got, request, &handover);
	if (e == ERR_OK)
		assert_true(span_equal(buf_span(&handover), SPAN_LIT("pins")));
	else
		assert_int_equal(handover.n, 0);
	buf_clear(&handover);
	(void)s;
	return e;
}

static void test_answer(void **state)
{
	struct scene *s = *state;
	struct buf answer = BUF_INIT, other = BUF_INIT;

	assert_int_equal(approval_grant(&s->code, rng_system(), &s->place,
					SPAN_LIT("pins"), buf_span(&s->request),
					&answer),
			 ERR_OK);
	assert_null(memmem(answer.p, answer.n, "pins", 4));
	assert_int_equal(
	    open_with(s, &s->code, buf_span(&answer), buf_span(&s->request)),
	    ERR_OK);
	assert_int_equal(
	    open_with(s, &s->another, buf_span(&answer), buf_span(&s->request)),
	    ERR_PEER_CRYPTO);
	/* of another request of the same code */
	s->place.number++;
	assert_int_equal(
	    approval_ask(&s->code, &s->place, buf_span(&s->entry), &other),
	    ERR_OK);
	assert_int_equal(
	    open_with(s, &s->code, buf_span(&answer), buf_span(&other)),
	    ERR_PEER_CRYPTO);
	for (size_t i = 0; i < answer.n; i++) {
		answer.p[i] ^= 1;
		assert_int_not_equal(open_with(s, &s->code, buf_span(&answer),
					       buf_span(&s->request)),
				     ERR_OK);
		answer.p[i] ^= 1;
	}
	/* a request is no answer: the keys differ */
	assert_int_not_equal(open_with(s, &s->code, buf_span(&s->request),
				       buf_span(&s->request)),
			     ERR_OK);
	buf_clear(&answer);
	buf_clear(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_recovery_keys),
		cmocka_unit_test_setup_teardown(test_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answer, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
