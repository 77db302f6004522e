/* What a module that Kore loads is made of: hermetic.so and hermetic_admin.so each have
 * one. */
#ifndef HERMETIC_SERVER_APP_H
#define HERMETIC_SERVER_APP_H

#include "server/edge/process.h"

/* See process_begin(). */
bool app_configure(struct process_settings *settings);

#endif
