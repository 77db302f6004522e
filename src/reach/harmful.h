/* Signs of texts that others wrote, which a terminal or a folder is not given as they are. */
#ifndef HERMETIC_REACH_HARMFUL_H
#define HERMETIC_REACH_HARMFUL_H

#include <stdbool.h>
#include <stdint.h>

/* A sign that does not show, or that changes how the text around it reads; in a name, or in
 * a text, of which lines and tabs are for the caller to lay out. */
bool harmful_is(uint32_t c, bool is_name);

#endif
