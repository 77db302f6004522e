/* Old faults that are put back, one at a time (src/base/fault.h, faults.txt).
 */
#ifndef HERMETIC_TESTS_SIM_FAULTS_H
#define HERMETIC_TESTS_SIM_FAULTS_H

#include "base/fault.h"

/* By its name; false: there is none. */
bool faults_set(const char *name);

#endif
