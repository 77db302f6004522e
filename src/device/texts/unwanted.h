/*
 * Files that messages of this account named which it has taken back: the server is asked
 * to let them go, since it does not see what a message says. Until then they would stay as long as
 * the message's row does. Notes of a membership:
 *
 *   unwanted?   ids of files for which the server has not answered
 */
#ifndef HERMETIC_DEVICE_TEXTS_UNWANTED_H
#define HERMETIC_DEVICE_TEXTS_UNWANTED_H

#include "device/core.h"

/* This device has taken that message back, whose entry may name a file. */
MUST_CHECK enum err unwanted_note(struct device *d, const json_t *entry);

#endif
