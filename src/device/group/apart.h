/*
 * A departure where the log cannot be read on, because links of an account are
 * lacking that its next commit goes by: whoever leaves does not wait for them. The
 * departure is made in the group that this device has. Whether it stands in the log
 * is seen by the heads of the entries behind it, whatever these are: that takes no
 * judgement of them, and nothing of them is kept.
 */
#ifndef HERMETIC_DEVICE_GROUP_APART_H
#define HERMETIC_DEVICE_GROUP_APART_H

#include "device/core.h"

struct apart;

/* The order goes on so. False: it is none that can. */
bool apart_begin(struct device *d);

/* Does it? Then nothing is done in the session but departing. */
bool apart_is_begun(const struct device *d);

/* ... and it may be done now. */
bool apart_is_ready(const struct device *d);

/* A departure is to be posted now, be it so or not: another one than this device's
 * own waits until the log is read. */
bool apart_departs(const struct device *d);

/* The server has taken the departure: the log is looked through for it. */
void apart_posted(struct device *d);

/* For work.c. */
void apart_free(struct apart *apart);

#endif
