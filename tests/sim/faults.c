#include "tests/sim/faults.h"

#include <string.h>

bool faults_views_unchecked;

bool faults_set(const char *name)
{
	faults_views_unchecked = strcmp(name, "server-views-unchecked") == 0;
	return faults_views_unchecked;
}
