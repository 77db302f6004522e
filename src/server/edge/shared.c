#include "server/edge/shared.h"

#include <stdlib.h>

struct shared *shared_new(size_t n)
{
	struct shared *s = malloc(sizeof(*s) + n);

	if (s != NULL)
		*s = (struct shared){ .holders = 1, .n = n };
	return s;
}

void shared_drop(struct shared *s)
{
	if (s != NULL && --s->holders == 0)
		free(s);
}
