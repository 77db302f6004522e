/* From a row of the table of routes (server/routes_table.h) to its handler: who calls
 * and which session is known by then, and the limit is charged. */
#ifndef HERMETIC_SERVER_ROUTES_H
#define HERMETIC_SERVER_ROUTES_H

/* Tells the edge all routes: once, before the workers. */
void routes_open(void);

#endif
