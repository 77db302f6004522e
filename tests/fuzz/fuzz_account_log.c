/* Two logs of an account, opaque<V> each with opaque link<V> in it: verified,
 * looked at, and compared both ways round. */
#include "base/rd.h"
#include "check/account.h"
#include "fuzz.h"

/* What a state says must go together. */
static void look_at(const struct account_log *log)
{
	struct account_device device;
	struct account_place place;
	size_t position = 0, standing = 0;

	account_log_place(log, &place);
	while (account_log_next_device(log, &position, &device)) {
		standing += device.removed == 0;
		if (device.number == 0 || device.number > place.number ||
		    !account_log_device(log, device.number, &device))
			__builtin_trap();
	}
	if (standing != account_log_standing(log) ||
	    (place.number > 0) != account_log_has(log, &place) ||
	    account_log_changed(log) > place.number)
		__builtin_trap();
}

static void verify(struct span links)
{
	struct account_log *log;

	if (account_log_new(&log) != ERR_OK)
		return;
	(void)account_log_add_all(log, links);
	look_at(log);
	account_log_free(log);
}

static void compare(struct span first, struct span second)
{
	enum account_order one = ACCOUNT_SAME, other = ACCOUNT_SAME;
	struct check_verdict there, back;
	struct account_log *none;

	if (account_log_new(&none) != ERR_OK)
		return;
	there = account_log_compare(none, first, second, &one);
	back = account_log_compare(none, second, first, &other);
	if ((there.wrong == NULL) != (back.wrong == NULL) ||
	    (one == ACCOUNT_FORK) != (other == ACCOUNT_FORK) ||
	    (one == ACCOUNT_FIRST) != (other == ACCOUNT_SECOND))
		__builtin_trap();
	account_log_free(none);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(span_of(data, size));
	struct span first = rd_vec(&r), second = rd_vec(&r);

	if (!rd_ok(&r))
		return 0;
	verify(first);
	verify(second);
	compare(first, second);
	return 0;
}
