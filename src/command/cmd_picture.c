/* picture */
#include "command/cmd.h"

#include "command/out.h"
#include "device/room.h"
#include "reach/directory.h"
#include "reach/given.h"
#include "reach/view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One byte more than a picture may have says that there are too many. */
static enum err read_file(struct cmd *cmd, const char *path, struct buf *bytes)
{
	struct stat is;
	ssize_t n = 0;
	enum err e;
	int fd;

	TRY(given_open(path, &fd, &is, &cmd->h->a.why));
	while (bytes->n <= ROOM_PICTURE_MAX) {
		uint8_t *room = buf_reserve(bytes, ROOM_PICTURE_MAX);

		ENSURE(room != NULL, ERR_LOCAL_MEMORY);
		n = read(fd, room, ROOM_PICTURE_MAX);
		if (n <= 0)
			break;
		bytes->n += (size_t)n;
	}
	if (n < 0)
		e = why_set(&cmd->h->a.why, ERR_LOCAL_IO, "file",
			    "Cannot read %.200s: %s.", path, strerror(errno));
	else if (bytes->n == 0)
		e = why_set(&cmd->h->a.why, ERR_PEER_INVALID, "picture",
			    "%.200s is empty.", path);
out:
	if (fd >= 0)
		(void)close(fd);
	return e;
}

static enum err set_picture(struct cmd *cmd, const char *path)
{
	struct order order = { .says_picture = true };
	struct buf bytes = BUF_INIT;
	enum err e;

	if (path[0] != '\0')
		TRY(read_file(cmd, path, &bytes));
	order.picture = buf_span(&bytes);
	TRY(cmd_send_order(cmd, order));
out:
	buf_clear(&bytes);
	return e;
}

static enum err write_picture(struct cmd *cmd)
{
	struct buf bytes = BUF_INIT;
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(directory_find(&cmd->h->a, cmd->args->operands[0], false, id));
	TRY(view_refresh(&cmd->h->a, id));
	e = device_picture(cmd->h->a.device, id, &bytes);
	if (e == ERR_STATE_GONE)
		e = why_set(&cmd->h->a.why, e, "no-picture",
			    "Session %.8s has no picture.", id);
	TRY(e);
	if (fwrite(bytes.p, 1, bytes.n, stdout) != bytes.n ||
	    fflush(stdout) != 0)
		e = why_set(&cmd->h->a.why, ERR_LOCAL_IO, "output",
			    "Cannot write the picture.");
out:
	buf_clear(&bytes);
	return e;
}

enum err cmd_picture(struct cmd *cmd)
{
	if (cmd->args->operand_count > 1)
		return set_picture(cmd, cmd->args->operands[1]);
	if (!cmd->chat && isatty(STDOUT_FILENO) != 1)
		return write_picture(cmd);
	return why_set(&cmd->h->a.why, ERR_PEER_INVALID, "usage",
		       "A picture is no text for a terminal: hermetic picture "
		       "ID >FILE");
}
