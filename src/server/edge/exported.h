/* What Kore finds in the module by its name. */
#ifndef HERMETIC_SERVER_EDGE_EXPORTED_H
#define HERMETIC_SERVER_EDGE_EXPORTED_H

#define EDGE_EXPORTED __attribute__((visibility("default")))

#endif
