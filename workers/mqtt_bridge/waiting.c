#include "mqtt_bridge/waiting.h"

#include <stddef.h>
#include <string.h>

#include "base/address.h"

enum { ALL_MAX = 1024, ADDRESS_MAX = 64 };

static struct waiting *first, *last;
static unsigned count;

void waiting_stop(struct waiting *w)
{
	if (w->since == 0)
		return;
	*(w->before != NULL ? &w->before->after : &first) = w->after;
	*(w->after != NULL ? &w->after->before : &last) = w->before;
	w->since = 0;
	count--;
}

void waiting_start(struct waiting *w, const uint8_t address[16],
		   uint64_t now_ms)
{
	*w = (struct waiting){ .since = now_ms, .before = last };
	memcpy(w->address, address, sizeof(w->address));
	*(last != NULL ? &last->after : &first) = w;
	last = w;
	count++;
}

struct waiting *waiting_first(void)
{
	return first;
}

struct waiting *waiting_too_many(const uint8_t address[16])
{
	struct span network = address_network(address);
	struct waiting *longest = NULL;
	unsigned of_address = 0;

	for (struct waiting *w = first; w != NULL; w = w->after) {
		if (memcmp(w->address, network.p, network.n) != 0)
			continue;
		if (longest == NULL)
			longest = w;
		of_address++;
	}
	if (of_address >= ADDRESS_MAX)
		return longest;
	return count >= ALL_MAX ? first : NULL;
}
