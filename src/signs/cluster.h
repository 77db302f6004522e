/* Grapheme clusters: what a person takes for one character, though it is written with
 * several (Unicode, UAX 29): a letter with its marks, a family of emoji. */
#ifndef HERMETIC_SIGNS_CLUSTER_H
#define HERMETIC_SIGNS_CLUSTER_H

#include "base/span.h"

/* Bytes of the first one of `text`, which is UTF-8; 0: there is none. */
size_t cluster_length(struct span text);

/* Where the cluster begins that ends at `at` or has `at` inside. */
size_t cluster_before(struct span text, size_t at);

/* Columns that it takes on a terminal at most: some draw a family of emoji as one
 * sign, others side by side. */
size_t cluster_width(struct span cluster);

#endif
