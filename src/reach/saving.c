#include "reach/saving.h"

#include "base/text.h"
#include "reach/sealing.h"
#include "signs/file_name.h"
#include "signs/harmful.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 200 /* so that a number fits beside it */
#define NUMBERS_MAX 1000   /* files of one name */

/* ---- names ---- */

static bool is_allowed(struct span name, size_t at)
{
	return name.p[at] != '/' && name.p[at] != '\\' && !harmful_at(name, at);
}

void saving_name(struct buf *out, struct span name)
{
	size_t begun = out->n;
	struct buf cut = BUF_INIT;

	file_name_put(&cut, name, NAME_MAX_BYTES);
	for (size_t i = 0, n; i < cut.n; i += n) {
		uint32_t c = 0;

		n = text_character(span_of(cut.p + i, cut.n - i), &c);
		/* U+FFFD: of bytes that are no UTF-8 */
		if (c == 0xfffd || !is_allowed(buf_span(&cut), i) ||
		    (cut.p[i] == '.' && out->n == begun))
			buf_put_u8(out, '_');
		else
			buf_put(out, span_of(cut.p + i, n));
	}
	if (out->n == begun)
		buf_put_str(out, "file");
	if (cut.fail != ERR_OK)
		out->fail = cut.fail;
	buf_clear(&cut);
}

/* "name.txt", then "name-2.txt". */
static enum err number_name(struct span name, unsigned number, struct buf *out)
{
	size_t stem = file_name_stem(name);

	buf_reset(out);
	buf_put(out, span_of(name.p, stem));
	if (number > 1)
		buf_putf(out, "-%u", number);
	buf_put(out, span_of(name.p + stem, name.n - stem));
	buf_put_u8(out, 0);
	return out->fail;
}

/* ---- the part ---- */

void saving_failed(const char *folder, struct why *why)
{
	int cause = errno;
	bool full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;

	if (full)
		(void)why_set(why, ERR_LOCAL_IO, "no-room",
			      "Cannot write into %.200s: %s. While a file is "
			      "saved it needs room there for twice its size.",
			      folder, strerror(cause));
	else
		(void)why_set(why, ERR_LOCAL_IO, "folder",
			      "Cannot write into %.200s: %s. Another folder "
			      "can be given.",
			      folder, strerror(cause));
}

static enum err cannot_write(const struct saving *s, struct why *why)
{
	saving_failed(s->where, why);
	return ERR_LOCAL_IO;
}

static enum err name_parts(struct saving *s)
{
	struct buf id = BUF_INIT;
	enum err e;

	uuid_put(&id, s->file->id);
	TRY(buf_end(&id));
	(void)snprintf(s->part_name, sizeof(s->part_name),
		       ".hermetic-%.*s.part", (int)id.n, (const char *)id.p);
	(void)snprintf(s->open_name, sizeof(s->open_name),
		       ".hermetic-%.*s.open", (int)id.n, (const char *)id.p);
out:
	buf_clear(&id);
	return e;
}

enum err saving_open(const char *folder, const struct attachment *file,
		     struct saving *s, struct why *why)
{
	struct stat is;
	enum err e;

	*s = (struct saving){
		.file = file, .where = folder, .folder = -1, .part = -1
	};
	TRY(name_parts(s));
	s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->folder < 0)
		TRY(why_set(why, ERR_PEER_INVALID, "folder",
			    "Cannot save into %.200s: %s.", folder,
			    strerror(errno)));
	s->part = openat(s->folder, s->part_name,
			 O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->part < 0 || fstat(s->part, &is) != 0)
		TRY(cannot_write(s, why));
	/* nobody else's file, and no link to one */
	if (!S_ISREG(is.st_mode) || is.st_uid != geteuid() || is.st_nlink != 1)
		TRY(why_set(why, ERR_LOCAL_IO, "file",
			    "%.200s/%s is none that this program has made. "
			    "Remove it, and try again.",
			    folder, s->part_name));
	if (flock(s->part, LOCK_EX | LOCK_NB) != 0)
		TRY(why_set(why, ERR_LOCAL_BUSY, "busy",
			    "That file is being saved already."));
	if ((uint64_t)is.st_size > attachment_sealed_size(file->size) &&
	    ftruncate(s->part, 0) != 0)
		TRY(cannot_write(s, why));
out:
	return e;
}

/* ---- the end ---- */

/* Not all file systems know a rename that replaces nothing: NFS has EINVAL. A second name
 * that is made replaces nothing anywhere. */
bool saving_rename(int folder, const char *from, const char *to)
{
	if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	if (linkat(folder, from, folder, to, 0) != 0)
		return false;
	(void)unlinkat(folder, from, 0);
	return true;
}

/* Gives the opened file a name that no other one has. */
static enum err give_name(struct saving *s, struct why *why)
{
	struct buf wish = BUF_INIT;
	enum err e;

	saving_name(&wish, buf_span(&s->file->name));
	TRY(buf_end(&wish));
	for (unsigned i = 1; i <= NUMBERS_MAX; i++) {
		TRY(number_name(buf_span(&wish), i, &s->name));
		if (saving_rename(s->folder, s->open_name,
				  (const char *)s->name.p))
			goto out;
		if (errno != EEXIST)
			break;
	}
	e = cannot_write(s, why);
out:
	buf_clear(&wish);
	return e;
}

static enum err open_file(struct saving *s, struct why *why)
{
	int to;
	enum err e;

	(void)unlinkat(s->folder, s->open_name, 0); /* of a try before */
	to = openat(s->folder, s->open_name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (to < 0)
		return cannot_write(s, why);
	e = sealing_open(s->part, s->file, to);
	if (e == ERR_OK && fsync(to) != 0)
		e = ERR_LOCAL_IO;
	(void)close(to);
	if (e == ERR_LOCAL_IO)
		e = cannot_write(s, why);
	else if (e == ERR_PEER_CRYPTO)
		e = why_set(why, e, "file-differs",
			    "What the server gives is not the file that was "
			    "sent. It was thrown away.");
	return e;
}

enum err saving_end(struct saving *s, struct why *why)
{
	enum err e = open_file(s, why);

	if (e == ERR_OK)
		e = give_name(s, why);
	if (e != ERR_OK)
		(void)unlinkat(s->folder, s->open_name, 0);
	/* a part that is wrong is of no use to another try */
	if (e == ERR_OK || e == ERR_PEER_CRYPTO)
		(void)unlinkat(s->folder, s->part_name, 0);
	(void)fsync(s->folder);
	return e;
}

void saving_close(struct saving *s)
{
	if (s->part >= 0)
		(void)close(s->part);
	if (s->folder >= 0)
		(void)close(s->folder);
	buf_clear(&s->name);
}
