#include "tests/sim/chance.h"

#include <string.h>

/* splitmix64 */
static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

struct chance chance_of(uint64_t seed, uint64_t stream)
{
	return (struct chance){ mix(mix(seed + 0x9e3779b97f4a7c15u) ^
				    (stream * 0xd1342543de82ef95u + 1)) };
}

uint64_t chance_next(struct chance *chance)
{
	chance->state += 0x9e3779b97f4a7c15u;
	return mix(chance->state);
}

uint32_t chance_below(struct chance *chance, uint32_t n)
{
	return n == 0 ? 0 : (uint32_t)(chance_next(chance) % n);
}

bool chance_once_in(struct chance *chance, uint32_t n)
{
	return chance_below(chance, n) == 0;
}

static enum err fill(void *context, uint8_t *out, size_t n)
{
	struct chance *chance = context;

	while (n > 0) {
		uint64_t bits = chance_next(chance);
		size_t some = n < sizeof(bits) ? n : sizeof(bits);

		memcpy(out, &bits, some);
		out += some;
		n -= some;
	}
	return ERR_OK;
}

struct rng chance_rng(struct chance *chance)
{
	return (struct rng){ fill, chance };
}
