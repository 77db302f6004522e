#include "reach/pause.h"

#include "base/clock.h"

#include <stddef.h>

static _Thread_local bool (*asked)(void *context, uint64_t waited_ms);
static _Thread_local void *asked_with;

void pause_ask(bool (*is_over)(void *context, uint64_t waited_ms),
	       void *context)
{
	asked = is_over;
	asked_with = context;
}

bool pause_is_over(uint64_t since)
{
	return asked != NULL && asked(asked_with, clock_steady_ms() - since);
}
