/* What has been seen of a cluster: in a process, in those forked of it, and in
 * a file. */
#include "store/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static void test_verdicts(void **state)
{
	(void)state;
	assert_int_equal(cluster_timeline(), 0);
	assert_int_equal(cluster_meet(7, 2), CLUSTER_FITS);
	assert_int_equal(cluster_meet(7, 1), CLUSTER_OLDER);
	assert_int_equal(cluster_meet(8, 9), CLUSTER_OTHER);
	assert_int_equal(cluster_timeline(), 2);
	assert_int_equal(cluster_meet(7, 3), CLUSTER_FITS);
	assert_int_equal(cluster_meet(7, 2), CLUSTER_OLDER);
	assert_null(cluster_text(CLUSTER_FITS));
	assert_non_null(strstr(cluster_text(CLUSTER_OLDER), "older"));
	assert_non_null(strstr(cluster_text(CLUSTER_OTHER), "another"));
}

static void meet_in_child(uint64_t system, uint32_t timeline)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(cluster_meet(system, timeline) == CLUSTER_FITS ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_forked(void **state)
{
	(void)state;
	assert_int_equal(cluster_open(NULL), ERR_OK);
	meet_in_child(7, 5);
	assert_int_equal(cluster_meet(7, 4), CLUSTER_OLDER);
	assert_int_equal(cluster_open(""), ERR_OK); /* begins anew */
	assert_int_equal(cluster_meet(7, 4), CLUSTER_FITS);
}

static void test_file(void **state)
{
	(void)state;
	assert_int_equal(cluster_open(path), ERR_OK);
	meet_in_child(7, 6);
	assert_int_equal(cluster_open(NULL), ERR_OK);
	assert_int_equal(cluster_meet(7, 1), CLUSTER_FITS);
	/* as after a restart */
	assert_int_equal(cluster_open(path), ERR_OK);
	assert_int_equal(cluster_timeline(), 6);
	assert_int_equal(cluster_meet(7, 5), CLUSTER_OLDER);
	assert_int_equal(cluster_meet(9, 6), CLUSTER_OTHER);
}

static void test_no_such_file(void **state)
{
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	assert_true(fputs("something that is somebody else's", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(cluster_open(path), ERR_LOCAL_CONFIG);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("24 bytes of another kind", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(cluster_open(path), ERR_LOCAL_CONFIG);
	assert_int_equal(cluster_open("/no/such/directory"), ERR_LOCAL_CONFIG);
	assert_int_equal(cluster_open("/tmp"), ERR_LOCAL_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_forked),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_no_such_file),
	};
	int failed;

	(void)snprintf(path, sizeof(path), "/tmp/hermetic-seen-%ld",
		       (long)getpid());
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	return failed;
}
