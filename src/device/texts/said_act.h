/* What a message does (said.h). */
#ifndef HERMETIC_DEVICE_TEXTS_SAID_ACT_H
#define HERMETIC_DEVICE_TEXTS_SAID_ACT_H

#define SAID_REACTION_MAX 64 /* bytes; what is longer is a text */
#define SAID_TOPIC_MAX 128   /* bytes of a topic that a person gives */

enum said_act {
	SAID_TEXT, /* perhaps a reply */
	SAID_EDIT,
	SAID_DELETE,
	SAID_REACTION,
	SAID_ROOM /* of the session: only what is read (room.h) */
};

#endif
