/* What a message does (said.h). */
#ifndef HERMETIC_DEVICE_SAID_ACT_H
#define HERMETIC_DEVICE_SAID_ACT_H

#define SAID_REACTION_MAX 64 /* bytes; what is longer is a text */

enum said_act {
	SAID_TEXT, /* perhaps a reply */
	SAID_EDIT,
	SAID_DELETE,
	SAID_REACTION
};

#endif
