#include "device/budget.h"

#include "base/fault.h"

#define HOUR_MS (UINT64_C(3600) * 1000)

static const struct {
	const char *note;
	size_t most;
	uint64_t span_ms;
} BUDGETS[] = {
	[BUDGET_ASKED] = { "asked", 12, HOUR_MS },
	[BUDGET_REJOINS] = { "rejoins", 6, 24 * HOUR_MS },
};

bool budget_take(struct device *d, enum budget budget)
{
	const char *note = BUDGETS[budget].note;
	json_t *times = json_object_get(d->open.notes, note);
	uint64_t now = core_now_ms(d), span = BUDGETS[budget].span_ms;

	if (FAULT(ASKED_WITHOUT_END))
		return true;
	if (times == NULL) {
		times = json_array();
		(void)json_object_set_new(d->open.notes, note, times);
	}
	for (size_t i = json_array_size(times); i-- > 0;) {
		uint64_t at =
		    (uint64_t)json_integer_value(json_array_get(times, i));

		/* a time to come: the clock was set back */
		if (at > now || now - at >= span)
			(void)json_array_remove(times, i);
	}
	if (json_array_size(times) >= BUDGETS[budget].most)
		return false;
	(void)json_array_append_new(times, json_integer((json_int_t)now));
	work_changed(d);
	return true;
}
