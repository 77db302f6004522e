#include "reach/fold.h"

bool fold_equal(struct span a, struct span b)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	bool equal;

	fold_put(&left, a);
	fold_put(&right, b);
	equal = left.fail == ERR_OK && right.fail == ERR_OK &&
		span_equal(buf_span(&left), buf_span(&right));
	buf_clear(&left);
	buf_clear(&right);
	return equal;
}
