/* What the server checks of a commit: the GroupInfo before, the commit, the
 * GroupInfo after, and the departures that stand, each opaque<V>. */
#include "base/rd.h"
#include "check/commit.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(span_of(data, size));
	struct check_commit what = { .now = 1790000000 };
	struct check_verdict verdict;

	what.before = rd_vec(&r);
	what.commit = rd_vec(&r);
	what.after = rd_vec(&r);
	what.departed = rd_vec(&r);
	if (!rd_ok(&r))
		return 0;
	verdict = check_commit(&what);
	if (verdict.denied && verdict.wrong == NULL)
		__builtin_trap();
	(void)check_first(what.before, SPAN_LIT("alice/1"), NULL);
	return 0;
}
