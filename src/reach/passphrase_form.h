/*
 * What counts of a passphrase that was typed: keyboards and systems write the
 * same characters in several ways. Spaces of other kinds become U+0020, as in the
 * profile OpaqueString (RFC 8265, 4.2.2), and the whole is brought to normalization
 * form KC (Unicode Standard Annex 15), which takes together what that profile's
 * form C does, and wide and narrow letters.
 */
#ifndef HERMETIC_REACH_PASSPHRASE_FORM_H
#define HERMETIC_REACH_PASSPHRASE_FORM_H

#include "base/buf.h"

/* Appends the form. Bytes that are no UTF-8 are their own. The caller wipes it
 * with buf_clear(). */
MUST_CHECK enum err passphrase_form(struct span typed, struct buf *form);

#endif
