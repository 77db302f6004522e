/* How a saved file gets its name, also where the file system knows no rename that
 * replaces nothing. */
#include "reach/saving.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refuses; /* renameat2() fails with it; 0: it does not */

int __real_renameat2(int from, const char *old, int to, const char *new,
		     unsigned flags);
int __wrap_renameat2(int from, const char *old, int to, const char *new,
		     unsigned flags);
int __wrap_renameat2(int from, const char *old, int to, const char *new,
		     unsigned flags)
{
	if (refuses == 0)
		return __real_renameat2(from, old, to, new, flags);
	errno = refuses;
	return -1;
}

static void put(int folder, const char *name, const char *words)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, words, strlen(words)), strlen(words));
	(void)close(fd);
}

static void expect(int folder, const char *name, const char *words)
{
	char there[16] = "";
	int fd = openat(folder, name, O_RDONLY);

	if (words == NULL) {
		assert_true(fd < 0);
		return;
	}
	assert_true(fd >= 0);
	assert_int_equal(read(fd, there, sizeof(there) - 1), strlen(words));
	assert_string_equal(there, words);
	(void)close(fd);
}

static void a_name_replaces_nothing(void **state)
{
	static const int refusals[] = { 0, EINVAL, ENOSYS };
	char path[] = "/tmp/hermetic-saving-XXXXXX";
	int folder;

	(void)state;
	assert_non_null(mkdtemp(path));
	folder = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(folder >= 0);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		refuses = refusals[i];
		put(folder, "new", "new");
		put(folder, "old", "old");
		assert_false(saving_rename(folder, "new", "old"));
		assert_int_equal(errno, EEXIST);
		expect(folder, "old", "old");
		expect(folder, "new", "new");
		assert_true(saving_rename(folder, "new", "name"));
		expect(folder, "name", "new");
		expect(folder, "new", NULL);
		(void)unlinkat(folder, "old", 0);
		(void)unlinkat(folder, "name", 0);
	}
	/* what else fails is no reason to try another way */
	refuses = EACCES;
	put(folder, "new", "new");
	assert_false(saving_rename(folder, "new", "name"));
	assert_int_equal(errno, EACCES);
	expect(folder, "name", NULL);
	(void)unlinkat(folder, "new", 0);
	(void)close(folder);
	(void)rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_replaces_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
