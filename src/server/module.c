/* Where Kore's parent comes into a module. */
#include "server/app.h"
#include "server/edge/exported.h"

/* Kore calls it in its parent. */
EDGE_EXPORTED void kore_parent_configure(int argc, char **argv);

void kore_parent_configure(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	process_begin(app_configure);
}
