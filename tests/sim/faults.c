#include "tests/sim/faults.h"

#include <stddef.h>
#include <string.h>

enum fault fault_now;

#define NAME(name) [FAULT_##name] = #name,
static const char *const names[FAULT_COUNT] = { FAULT_LIST(NAME) };

bool faults_set(const char *name)
{
	for (size_t i = 1; i < FAULT_COUNT; i++)
		if (strcmp(names[i], name) == 0) {
			fault_now = (enum fault)i;
			return true;
		}
	return false;
}
