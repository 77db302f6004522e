/*
 * Signs of texts and names that others wrote, which a terminal or a folder is not given as they
 * are. One rule for all of them, by the properties that Unicode gives each sign: what does
 * not show is harmful, except where its neighbours have a use for it. A joiner stands
 * between letters of Arabic or by a virama, and between emoji; a variation selector
 * behind a sign that has variants; tags make flags of regions; marks of direction
 * stand in texts with letters that go to the left; a soft hyphen is within a word.
 */
#ifndef HERMETIC_SIGNS_HARMFUL_H
#define HERMETIC_SIGNS_HARMFUL_H

#include "base/span.h"

/* The character that begins at `at`: it does not show, or changes how the text around it
 * reads. Lines' ends and tabs, too, which are for the caller to lay out. What is no
 * UTF-8 is harmful. */
bool harmful_at(struct span text, size_t at);

#endif
