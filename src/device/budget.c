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
	[BUDGET_BROKEN] = { "broken", 60, HOUR_MS },
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

void budget_grant(struct device *d, uint64_t seq)
{
	json_t *notes = d->open.notes;

	if (FAULT(BREAKS_ARE_CHARGED) ||
	    seq <= record_number_or_0(notes, "granted"))
		return;
	(void)json_object_set_new(notes, "granted",
				  json_integer((json_int_t)seq));
	(void)json_object_set_new(notes, "grant", json_true());
	work_changed(d);
}

void budget_revoke(struct device *d)
{
	(void)json_object_del(d->open.notes, "grant");
}

bool budget_take_rejoin(struct device *d)
{
	bool granted = json_is_true(json_object_get(d->open.notes, "grant"));

	budget_revoke(d);
	return (granted && budget_take(d, BUDGET_BROKEN)) ||
	       budget_take(d, BUDGET_REJOINS);
}
