#include "command/passphrase.h"

#include "base/given.h"
#include "base/sec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define VARIABLE "HERMETIC_PASSPHRASE"
#define NEW_VARIABLE "HERMETIC_NEW_PASSPHRASE"

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
	       line->n - start < PASSPHRASE_MAX)
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

static enum err ask_twice(int fd, struct reason *why, struct buf *passphrase)
{
	struct buf again = BUF_INIT;
	enum err e;

	TRY(read_line(fd, false, passphrase));
	say(fd, "Again: ");
	TRY(read_line(fd, false, &again));
	if (!sec_equal(buf_span(passphrase), buf_span(&again)))
		e = reason_set(why, HERMETIC_PASSPHRASE, "passphrase",
			       "The two passphrases differ.");
out:
	buf_clear(&again);
	return e;
}

static enum err from_terminal(bool is_new, const char *variable,
			      struct reason *why, struct buf *passphrase)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	enum err e;

	if (fd < 0)
		return reason_set(why, HERMETIC_PASSPHRASE, "passphrase",
				  "There is no terminal to ask for the "
				  "passphrase: set %s.",
				  variable);
	say(fd, is_new ? "New passphrase: " : "Passphrase: ");
	e = is_new ? ask_twice(fd, why, passphrase)
		   : read_line(fd, false, passphrase);
	(void)close(fd);
	if (e == ERR_LOCAL_IO)
		e = reason_set(why, HERMETIC_PASSPHRASE, "passphrase",
			       "No passphrase was given.");
	return e;
}

/* ---- for services ---- */

static enum err refuse_line(struct reason *why, const char *name,
			    const char *problem)
{
	return reason_set(why, HERMETIC_PASSPHRASE, "passphrase",
			  "The passphrase of %.200s %s.", name, problem);
}

/* Byte by byte: what follows the line is for whoever reads on. */
static enum err first_line(int fd, const char *name, struct reason *why,
			   struct buf *passphrase)
{
	size_t start = passphrase->n;
	ssize_t n;
	char c = 0;

	while ((n = read(fd, &c, 1)) == 1 && c != '\n') {
		if (passphrase->n - start == PASSPHRASE_MAX)
			return refuse_line(why, name,
					   "is longer than 1024 bytes");
		buf_put_u8(passphrase, (uint8_t)c);
	}
	c = 0;
	if (n < 0)
		return reason_set(
		    why, HERMETIC_PASSPHRASE, "passphrase",
		    "Cannot read the passphrase from %.200s (%s).", name,
		    strerror(errno));
	if (passphrase->n == start)
		return refuse_line(why, name, "is empty");
	return passphrase->fail;
}

static enum err from_file(const char *path, struct reason *why,
			  struct buf *passphrase)
{
	char problem[GIVEN_PROBLEM];
	int fd;
	enum err e;

	if (given_open_stream(path, &fd, problem) != ERR_OK)
		TRY(reason_set(why, HERMETIC_REFUSED, "file", "%s", problem));
	e = first_line(fd, path, why, passphrase);
	(void)close(fd);
out:
	return e;
}

/* False where systemd gives no passphrase, but perhaps other things. */
static bool find_credential(const char *folder, char path[4096])
{
	int n;

	if (folder == NULL)
		return false;
	n = snprintf(path, 4096, "%s/" PASSPHRASE_CREDENTIAL, folder);
	return n > 0 && n < 4096 && access(path, F_OK) == 0;
}

enum err passphrase_read(const struct passphrase_source *source, bool is_new,
			 struct reason *why, struct buf *passphrase)
{
	char path[4096], name[40];

	if (source->fd >= 0) {
		(void)snprintf(name, sizeof(name), "descriptor %d", source->fd);
		return first_line(source->fd, name, why, passphrase);
	}
	if (from_environment(VARIABLE, passphrase))
		return passphrase->fail;
	if (source->file != NULL)
		return from_file(source->file, why, passphrase);
	if (find_credential(source->credentials, path))
		return from_file(path, why, passphrase);
	return from_terminal(is_new, VARIABLE, why, passphrase);
}

enum err passphrase_read_new(struct reason *why, struct buf *passphrase)
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
