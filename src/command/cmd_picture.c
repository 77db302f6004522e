/* picture */
#include "command/cmd.h"

#include "base/given.h"
#include "command/out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PICTURE_MAX 16384 /* of hermetic_set_picture() */

/* One byte more than a picture may have says that there are too many. */
static enum err read_file(struct cmd *cmd, const char *path, struct buf *bytes)
{
	char problem[GIVEN_PROBLEM];
	struct stat is;
	ssize_t n = 0;
	enum err e = ERR_OK;
	int fd;

	if (given_open(path, &fd, &is, problem) != ERR_OK)
		TRY(cmd_no(cmd, HERMETIC_REFUSED, "file", "%s", problem));
	while (bytes->n <= PICTURE_MAX) {
		uint8_t *room = buf_reserve(bytes, PICTURE_MAX);

		ENSURE(room != NULL, ERR_LOCAL_MEMORY);
		n = read(fd, room, PICTURE_MAX);
		if (n <= 0)
			break;
		bytes->n += (size_t)n;
	}
	if (n < 0)
		e = cmd_no(cmd, HERMETIC_LOCAL, "file",
			   "Cannot read %.200s: %s.", path, strerror(errno));
	else if (bytes->n == 0)
		e = cmd_no(cmd, HERMETIC_REFUSED, "picture", "%.200s is empty.",
			   path);
out:
	if (fd >= 0)
		(void)close(fd);
	return e;
}

static enum err set_picture(struct cmd *cmd, const char *path)
{
	struct buf bytes = BUF_INIT;
	enum err e;

	if (path[0] != '\0')
		TRY(read_file(cmd, path, &bytes));
	TRY(cmd_say_picture(cmd, buf_span(&bytes)));
out:
	buf_clear(&bytes);
	return e;
}

static enum err write_picture(struct cmd *cmd)
{
	enum hermetic_result result;
	char id[HERMETIC_ID_SIZE];
	const void *bytes;
	size_t count;
	enum err e;

	TRY(cmd_find(cmd, id));
	TRY(cmd_did(cmd, hermetic_refresh(cmd->h, id)));
	result = hermetic_picture(cmd->h, id, &bytes, &count);
	if (result == HERMETIC_GONE)
		TRY(cmd_no(cmd, HERMETIC_GONE, "no-picture",
			   "Session %.8s has no picture.", id));
	TRY(cmd_did(cmd, result));
	if (fwrite(bytes, 1, count, stdout) != count || fflush(stdout) != 0)
		e = cmd_no(cmd, HERMETIC_LOCAL, "output",
			   "Cannot write the picture.");
out:
	return e;
}

enum err cmd_picture(struct cmd *cmd)
{
	if (cmd->args->operand_count > 1)
		return set_picture(cmd, cmd->args->operands[1]);
	if (!cmd->chat && isatty(STDOUT_FILENO) != 1)
		return write_picture(cmd);
	return cmd_no(cmd, HERMETIC_USAGE, "usage",
		      "A picture is no text for a terminal: hermetic picture "
		      "ID >FILE");
}
