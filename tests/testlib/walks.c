#include "tests/testlib/walks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

void walks_put_info(const struct member *m, struct buf *info)
{
	buf_reset(info);
	assert_int_equal(mls_group_info(m->group, &m->me, true, info), ERR_OK);
}

struct check_walk *walks_of(const struct member *m)
{
	struct check_walk *walk = NULL;
	struct buf info = BUF_INIT;

	walks_put_info(m, &info);
	assert_null(
	    check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &walk).wrong);
	buf_clear(&info);
	return walk;
}

void walks_expect(const char *wrong, const char *word)
{
	if (wrong == NULL || strstr(wrong, word) == NULL)
		fail_msg("\"%s\" was expected to say \"%s\"",
			 wrong != NULL ? wrong : "", word);
}
