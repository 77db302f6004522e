/* Kore's event loop as the store and the doors want one (store/loop.h). */
#ifndef HERMETIC_SERVER_EVENT_LOOP_H
#define HERMETIC_SERVER_EVENT_LOOP_H

#include "store/loop.h"

const struct store_loop *event_loop(void);

#endif
