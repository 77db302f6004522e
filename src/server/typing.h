/* Typing notices at this node: door/typing_lane.h with its store. */
#ifndef HERMETIC_SERVER_TYPING_H
#define HERMETIC_SERVER_TYPING_H

/* Once in a worker. */
void typing_start(void);

#endif
