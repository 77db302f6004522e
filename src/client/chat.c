#include "client/cmd.h"

enum err cmd_chat(struct cmd *cmd)
{
	return cmd_log_in(cmd, false);
}
