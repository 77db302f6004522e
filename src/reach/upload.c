#include "reach/upload.h"

#include "base/given.h"
#include "device/texts/attached.h"
#include "reach/sealing.h"
#include "reach/upload_book.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOLDER "files"

/* errno says why. */
static enum err cannot_keep(struct account *a)
{
	return why_set(&a->why, ERR_LOCAL_IO, "file",
		       "The sealed file cannot be kept below %.200s: %s. It "
		       "needs as much room there as the file has.",
		       a->home, strerror(errno));
}

/* What the file is called by the person, in the folder where it is: a link to a file has
 * a name of its own, and where it leads is nobody's business. */
static enum err name_whole(struct account *a, const char *path,
			   struct buf *whole)
{
	const char *slash = strrchr(path, '/');
	struct buf folder = BUF_INIT;
	char *real = NULL;
	enum err e;

	if (slash != NULL)
		buf_put(&folder, span_of(path, (size_t)(slash + 1 - path)));
	else
		buf_put_str(&folder, ".");
	buf_put_u8(&folder, 0);
	TRY(buf_end(&folder));
	real = realpath((const char *)folder.p, NULL);
	if (real == NULL)
		TRY(why_set(&a->why, ERR_PEER_INVALID, "file",
			    "Cannot read %.200s: %s.", path, strerror(errno)));
	buf_putf(whole, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
		 slash != NULL ? slash + 1 : path);
	buf_put_u8(whole, 0);
	TRY(buf_end(whole));
out:
	free(real);
	buf_clear(&folder);
	return e;
}

/* ---- where its ciphertext is ---- */

static enum err name_sealed(const struct account *a, struct uuid id,
			    struct buf *path)
{
	buf_putf(path, "%s/" FOLDER "/", a->home);
	uuid_put(path, id);
	buf_put_u8(path, 0);
	return path->fail;
}

/* What nobody goes on with leaves the folder. */
static void sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct stat is;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (fstatat(dirfd(dir), entry->d_name, &is,
			    AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(is.st_mode) &&
		    is.st_mtime < time(NULL) - UPLOAD_KEPT_S)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
}

static enum err make_folder(struct account *a)
{
	struct buf path = BUF_INIT;
	enum err e;

	buf_putf(&path, "%s/" FOLDER, a->home);
	buf_put_u8(&path, 0);
	TRY(buf_end(&path));
	if (mkdir((const char *)path.p, 0700) != 0 && errno != EEXIST)
		TRY(cannot_keep(a));
	sweep((const char *)path.p);
out:
	buf_clear(&path);
	return e;
}

/* ---- beginning, or going on ---- */

static json_int_t modified_ns(const struct stat *is)
{
	return (json_int_t)is->st_mtim.tv_sec * 1000000000 +
	       is->st_mtim.tv_nsec;
}

/* False: there is none of this version, or its ciphertext has gone. */
static bool find(struct account *a, const struct stat *is,
		 struct upload *upload)
{
	json_t *record = NULL;
	struct stat sealed;
	bool found = false;

	if (record_get(&a->store, upload->record, &record) != ERR_OK)
		return false;
	if (attached_get(record, &upload->file) != ERR_OK ||
	    name_sealed(a, upload->file.id, &upload->sealed) != ERR_OK)
		goto out;
	upload->fd = open((const char *)upload->sealed.p,
			  O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	found = json_integer_value(json_object_get(record, "bytes")) ==
		    (json_int_t)is->st_size &&
		json_integer_value(json_object_get(record, "modified_ns")) ==
		    modified_ns(is) &&
		upload->fd >= 0 && fstat(upload->fd, &sealed) == 0 &&
		(uint64_t)sealed.st_size ==
		    attachment_sealed_size(upload->file.size);
	if (!found) /* another version of the file */
		(void)unlink((const char *)upload->sealed.p);
out:
	json_decref(record);
	return found;
}

static void forget(struct upload *upload)
{
	if (upload->fd >= 0)
		(void)close(upload->fd);
	upload->fd = -1;
	attachment_clear(&upload->file);
	buf_clear(&upload->sealed);
}

static enum err keep_record(struct account *a, const struct stat *is,
			    const struct upload *upload)
{
	json_t *record =
	    json_pack("{s:I, s:I}", "bytes", (json_int_t)is->st_size,
		      "modified_ns", modified_ns(is));
	enum err e;

	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(attached_put(record, &upload->file));
	TRY(state_begin(a->state));
	TRY(record_put(&a->store, upload->record, record));
	TRY(upload_note(&a->store, upload->record, true, (uint64_t)time(NULL)));
	TRY(state_commit(a->state));
out:
	state_rollback(a->state);
	json_decref(record);
	return e;
}

/* A new one, of which nothing is kept yet. */
static enum err make(struct account *a, const struct suite *suite,
		     struct upload *upload)
{
	uint64_t size = (uint64_t)upload->is.st_size;
	enum err e;

	if (size > ATTACHMENT_MAX)
		TRY(why_set(&a->why, ERR_PEER_TOO_LARGE, "too-large",
			    "%.200s is larger than a file may be.",
			    upload->path));
	TRY(attachment_make(suite, rng_system(), &upload->file));
	TRY(upload_describe(upload->path, NULL, &upload->file));
	upload->file.size = size;
out:
	return e;
}

enum err upload_open(struct account *a, const char *session, const char *path,
		     const struct suite *suite, struct upload *upload)
{
	struct buf whole = BUF_INIT;
	char problem[GIVEN_PROBLEM];
	enum err e;

	*upload = (struct upload){ .fd = -1, .from = -1, .path = path };
	if (given_open(path, &upload->from, &upload->is, problem) != ERR_OK)
		TRY(why_set(&a->why, ERR_PEER_INVALID, "file", "%s", problem));
	TRY(name_whole(a, path, &whole));
	TRY(upload_name(session, span_of(whole.p, whole.n - 1),
			upload->record));
	if (!find(a, &upload->is, upload)) {
		forget(upload);
		TRY(make(a, suite, upload));
	}
out:
	buf_clear(&whole);
	return e;
}

/* ---- sealing ---- */

static enum err explain(struct account *a, const struct upload *upload,
			enum err e)
{
	if (e == ERR_STATE_PENDING)
		return why_set(&a->why, ERR_LOCAL_IO, "interrupted",
			       "It was interrupted before the file was "
			       "sealed. Nothing of it was sent.");
	if (e == ERR_STATE_CONFLICT)
		return why_set(&a->why, e, "file",
			       "%.200s changed while it was read. Send it when "
			       "nobody writes to it.",
			       upload->path);
	return e == ERR_LOCAL_IO ? cannot_keep(a) : e;
}

static enum err seal(const struct upload *upload, struct attachment *file,
		     const struct sealing_watch *watch)
{
	uint64_t size = file->size;
	enum err e;

	TRY(sealing_seal(upload->from, file, upload->fd, watch));
	/* the server has a place for as much */
	ENSURE(file->size == size, ERR_STATE_CONFLICT);
	ENSURE(fsync(upload->fd) == 0, ERR_LOCAL_IO);
out:
	return e;
}

enum err upload_seal(struct account *a, struct upload *upload,
		     const struct sealing_watch *watch)
{
	enum err e;

	if (upload->fd >= 0)
		return ERR_OK;
	TRY(make_folder(a));
	TRY(name_sealed(a, upload->file.id, &upload->sealed));
	upload->fd =
	    open((const char *)upload->sealed.p,
		 O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (upload->fd < 0)
		TRY(cannot_keep(a));
	e = seal(upload, &upload->file, watch);
	if (e == ERR_OK)
		e = keep_record(a, &upload->is, upload);
	else
		e = explain(a, upload, e);
	if (e != ERR_OK)
		(void)unlink((const char *)upload->sealed.p);
out:
	return e;
}

enum err upload_is_of(struct account *a, const struct upload *upload,
		      const struct attachment *file,
		      const struct sealing_watch *watch, bool *is)
{
	enum err e = sealing_is_of(upload->from, file, watch, is);

	return e == ERR_OK ? ERR_OK : explain(a, upload, e);
}

enum err upload_close(struct account *a, struct upload *upload, bool over)
{
	enum err e = ERR_OK;

	if (over && upload->sealed.n > 0) {
		TRY(state_begin(a->state));
		TRY(state_delete(a->state, upload->record));
		TRY(upload_note(&a->store, upload->record, false,
				(uint64_t)time(NULL)));
		TRY(state_commit(a->state));
		(void)unlink((const char *)upload->sealed.p);
	}
out:
	state_rollback(a->state);
	forget(upload);
	if (upload->from >= 0)
		(void)close(upload->from);
	upload->from = -1;
	return e;
}
