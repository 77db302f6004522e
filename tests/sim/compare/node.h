/*
 * A real node, by HTTP as the command reaches it (src/reach): accounts and
 * devices of its own making, and the requests of devices.
 */
#ifndef HERMETIC_TESTS_SIM_COMPARE_NODE_H
#define HERMETIC_TESTS_SIM_COMPARE_NODE_H

#include "base/uuid.h"
#include "device/ports.h"

#include <jansson.h>

struct node;

/* Everything that fails here and is no answer ends the process. */
struct node *node_open(const char *url);
void node_close(struct node *node);

/* Devices are numbered 0, 1, 2, …; from here on there are none. Those that
 * accounts have from before are removed as the accounts are met. */
void node_reset(struct node *node);

/* Another device of that user, whose account is made when there is none. */
void node_add_device(struct node *node, const char *user,
		     char id[TEXT_UUID_SIZE]);

/* A device's request. Borrowed until the next call. */
const struct answer *node_ask(struct node *node, size_t device,
			      const struct request *request);

/* A GET by that device; the caller owns the object. NULL: refused. */
json_t *node_get(struct node *node, size_t device, const char *path);

#endif
