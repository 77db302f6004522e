/* What files are called: valid, whole signs, with their ending. */
#include "signs/file_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "reach/saving.h"
#include "reach/upload_book.h"

#define FAMILY "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9" /* of 11 bytes */

static void expect(const char *name, size_t max, const char *put)
{
	struct buf out = BUF_INIT;

	file_name_put(&out, span_str(name), max);
	buf_put_u8(&out, 0);
	assert_int_equal(buf_end(&out), ERR_OK);
	assert_string_equal((const char *)out.p, put);
	buf_clear(&out);
}

static void the_ending_stays(void **state)
{
	(void)state;
	expect("notes.pdf", 9, "notes.pdf");
	expect("notes.pdf", 8, "note.pdf");
	expect("notes.tar.gz", 9, "no.tar.gz");
	expect("notes", 3, "not");
	expect(".profile", 5, ".prof");
	/* no ending: a sentence, and one that leaves no room */
	expect("he said. and went", 10, "he said. a");
	expect("a.pdf", 4, "a.pd");
	expect("", 4, "");
	expect(FAMILY FAMILY ".txt", 25, FAMILY ".txt");
	/* one sign that does not fit is cut at a character */
	expect(FAMILY ".txt", 12, "\xf0\x9f\x91\xa8\xe2\x80\x8d.txt");
}

static void what_is_valid_stays(void **state)
{
	(void)state;
	expect("caf\xe9.pdf", 255, "caf\xef\xbf\xbd.pdf");
	expect("\xff\xfe.txt", 255, "\xef\xbf\xbd\xef\xbf\xbd.txt");
}

static void it_is_described_and_saved(void **state)
{
	struct attachment file = { .size = 0 };
	struct buf saved = BUF_INIT;

	(void)state;
	assert_int_equal(upload_describe("/tmp/caf\xe9.pdf", NULL, &file),
			 ERR_OK);
	assert_true(
	    span_equal(buf_span(&file.name), SPAN_LIT("caf\xef\xbf\xbd.pdf")));
	assert_true(
	    span_equal(buf_span(&file.type), SPAN_LIT("application/pdf")));
	attachment_clear(&file);
	saving_name(&saved,
		    SPAN_LIT("\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae.txt"));
	assert_true(
	    span_equal(buf_span(&saved),
		       SPAN_LIT("\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae.txt")));
	buf_reset(&saved);
	saving_name(&saved, SPAN_LIT("a\xe2\x80\xaetxt.exe"));
	assert_true(span_equal(buf_span(&saved), SPAN_LIT("a_txt.exe")));
	buf_clear(&saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ending_stays),
		cmocka_unit_test(what_is_valid_stays),
		cmocka_unit_test(it_is_described_and_saved),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
