/*
 * The engine for C and C++: all of its headers in one.
 *
 * Threads. A group, an identity and whatever else is handed in is used by one
 * thread at a time; the caller sees to that. Groups share nothing that changes, so
 * different ones may be used by different threads at once, successors (11.2, 11.3)
 * and groups that were loaded or restored from one state among them. Callbacks run
 * in the thread of the call, and call nothing that changes the group. Where an identity
 * has a runner, what it is given may run in other threads meanwhile. What the
 * engine has of its own, the table of suites and the algorithms of the crypto
 * library, is made once by whichever thread comes first, and never changes.
 */
#ifndef HERMETIC_MLS_MLS_H
#define HERMETIC_MLS_MLS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/buf.h"
#include "base/err.h"
#include "base/sec.h"
#include "base/span.h"
#include "crypto/library.h"
#include "crypto/rng.h"
#include "crypto/sign.h"
#include "crypto/suite.h"
#include "mls/components.h"
#include "mls/group.h"
#include "mls/identity.h"
#include "mls/items.h"
#include "mls/limits.h"
#include "mls/read.h"
#include "mls/rules.h"

#ifdef __cplusplus
}
#endif

#endif
