/* Uploads that are begun: nothing of what nobody goes on with stays, neither the
 * ciphertext nor its key. */
#include "reach/upload.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device/record.h"
#include "reach/state.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define SESSION "00000000-0000-4000-8000-000000000001"
#define DAY 86400

static time_t ahead; /* of the clock */

time_t __real_time(time_t *out);
time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
	time_t now = __real_time(NULL) + ahead;

	if (out != NULL)
		*out = now;
	return now;
}

struct world {
	char *home, *path[2];
	struct account a;
	const struct suite *suite;
};

static int setup(void **context)
{
	static const struct password_cost cheap = { 16, 1, 1 };
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->home = strdup("/tmp/hermetic-upload-XXXXXX");
	assert_non_null(w->home);
	assert_non_null(mkdtemp(w->home));
	w->a.home = w->home;
	MUST(state_create(w->home, SPAN_LIT("passphrase"), cheap, &w->a.why,
			  &w->a.state));
	w->a.store = state_store(w->a.state);
	w->suite = suite_by_algorithm(SPAN_LIT("aes-256-gcm"));
	assert_non_null(w->suite);
	for (int i = 0; i < 2; i++) {
		FILE *file;

		assert_true(asprintf(&w->path[i], "%s/file-%d", w->home, i) >
			    0);
		file = fopen(w->path[i], "w");
		assert_non_null(file);
		(void)fputs("words", file);
		(void)fclose(file);
	}
	ahead = 0;
	*context = w;
	return 0;
}

static int teardown(void **context)
{
	struct world *w = *context;
	char folder[80];

	state_close(w->a.state);
	state_remove(w->home);
	for (int i = 0; i < 2; i++) {
		(void)unlink(w->path[i]);
		free(w->path[i]);
	}
	(void)snprintf(folder, sizeof(folder), "%s/files", w->home);
	(void)rmdir(folder);
	(void)rmdir(w->home);
	free(w->home);
	free(w);
	return 0;
}

static void begin(struct world *w, int file, struct upload *upload)
{
	MUST(upload_open(&w->a, SESSION, w->path[file], w->suite, upload));
	MUST(upload_seal(&w->a, upload, NULL));
}

static bool is_kept(struct world *w, const char *record)
{
	json_t *found = NULL;
	enum err e = record_get(&w->a.store, record, &found);

	json_decref(found);
	assert_true(e == ERR_OK || e == ERR_STATE_GONE);
	return e == ERR_OK;
}

static void nobody_goes_on(void **context)
{
	struct world *w = *context;
	struct upload old, young, again;
	char records[2][128], sealed[128];

	begin(w, 0, &old);
	memcpy(records[0], old.record, sizeof(old.record));
	memcpy(sealed, old.sealed.p, old.sealed.n);
	MUST(upload_close(&w->a, &old, false));
	ahead = DAY;
	begin(w, 0, &again); /* it goes on */
	assert_true(is_kept(w, records[0]));
	assert_int_equal(access(sealed, F_OK), 0);
	MUST(upload_close(&w->a, &again, false));
	ahead = 3 * DAY;
	begin(w, 1, &young);
	memcpy(records[1], young.record, sizeof(young.record));
	assert_false(is_kept(w, records[0]));
	assert_int_not_equal(access(sealed, F_OK), 0);
	assert_true(is_kept(w, records[1]));
	MUST(upload_close(&w->a, &young, true));
	assert_false(is_kept(w, records[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_goes_on, setup,
						teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
