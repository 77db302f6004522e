/* Old faults that are put back, one at a time (faults.txt). */
#ifndef HERMETIC_TESTS_SIM_FAULTS_H
#define HERMETIC_TESTS_SIM_FAULTS_H

#include <stdbool.h>

/* By its name; false: there is none. */
bool faults_set(const char *name);

/* The model of the server does not look at views. */
extern bool faults_views_unchecked;

#endif
