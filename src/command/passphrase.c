#include "command/passphrase.h"

#include "base/sec.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define VARIABLE "HERMETIC_PASSPHRASE"
#define NEW_VARIABLE "HERMETIC_NEW_PASSPHRASE"
#define LINE_MAX_BYTES 1024

static void say(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	(void)n; /* a terminal that is gone shows in the read */
}

/* Signals are off together with the echo, so that Ctrl-C cannot leave the
 * terminal mute: it comes as a character and ends the line as a refusal. */
static enum err read_line(int fd, bool echo, struct buf *line)
{
	struct termios before, during;
	size_t start = line->n;
	enum err e = ERR_OK;
	char c = 0;

	if (tcgetattr(fd, &before) != 0)
		return ERR_LOCAL_IO;
	during = before;
	if (!echo)
		during.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	(void)tcsetattr(fd, TCSAFLUSH, &during);
	while (read(fd, &c, 1) == 1 && c != '\n' && c != 3 &&
	       line->n - start < LINE_MAX_BYTES)
		buf_put_u8(line, (uint8_t)c);
	(void)tcsetattr(fd, TCSAFLUSH, &before);
	if (!echo)
		say(fd, "\n");
	if (c != '\n')
		e = ERR_LOCAL_IO;
	c = 0;
	return e != ERR_OK ? e : line->fail;
}

static bool from_environment(const char *variable, struct buf *passphrase)
{
	char *value = getenv(variable);

	if (value == NULL)
		return false;
	buf_put_str(passphrase, value);
	/* also out of /proc/PID/environ and of what children would see */
	sec_wipe(value, strlen(value));
	(void)unsetenv(variable);
	return true;
}

static enum err ask_twice(int fd, struct why *why, struct buf *passphrase)
{
	struct buf again = BUF_INIT;
	enum err e;

	TRY(read_line(fd, false, passphrase));
	say(fd, "Again: ");
	TRY(read_line(fd, false, &again));
	if (!sec_equal(buf_span(passphrase), buf_span(&again)))
		e = why_set(why, ERR_PEER_INVALID, "passphrase",
			    "The two passphrases differ.");
out:
	buf_clear(&again);
	return e;
}

static enum err from_terminal(bool is_new, const char *variable,
			      struct why *why, struct buf *passphrase)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	enum err e;

	if (fd < 0)
		return why_set(why, ERR_STATE_GONE, "passphrase",
			       "There is no terminal to ask for the "
			       "passphrase: set %s.",
			       variable);
	say(fd, is_new ? "New passphrase: " : "Passphrase: ");
	e = is_new ? ask_twice(fd, why, passphrase)
		   : read_line(fd, false, passphrase);
	(void)close(fd);
	if (e == ERR_LOCAL_IO)
		e = why_set(why, e, "passphrase", "No passphrase was given.");
	return e;
}

enum err passphrase_read(bool is_new, struct why *why, struct buf *passphrase)
{
	if (from_environment(VARIABLE, passphrase))
		return passphrase->fail;
	return from_terminal(is_new, VARIABLE, why, passphrase);
}

enum err passphrase_read_new(struct why *why, struct buf *passphrase)
{
	if (from_environment(NEW_VARIABLE, passphrase))
		return passphrase->fail;
	return from_terminal(true, NEW_VARIABLE, why, passphrase);
}

enum err passphrase_ask(const char *question, bool echo, struct buf *answer)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	enum err e;

	if (fd < 0)
		return ERR_STATE_GONE;
	say(fd, question);
	e = read_line(fd, echo, answer);
	(void)close(fd);
	return e;
}
