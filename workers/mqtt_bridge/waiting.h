/*
 * Who has connected and was not let in yet, in the order of their coming. They cost
 * little, but a place; when there are too many, of one address or in all, the one
 * that has waited longest makes room: whoever does nothing keeps nobody out.
 */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_WAITING_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_WAITING_H

#include <stdbool.h>
#include <stdint.h>

/* Part of a connection; cleared: it does not wait. */
struct waiting {
	uint64_t since; /* milliseconds; 0: it does not wait */
	uint8_t address[16];
	struct waiting *before, *after;
};

void waiting_start(struct waiting *w, const uint8_t address[16],
		   uint64_t now_ms);
void waiting_stop(struct waiting *w);

/* The one that has waited longest; NULL: none. */
struct waiting *waiting_first(void);

/* Who must go before one more comes from `address`; NULL: nobody. */
struct waiting *waiting_too_many(const uint8_t address[16]);

#endif
