#include "store/cluster.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* "hermseen": a file that holds something else is nobody's mistake to mend. */
static const uint64_t MARK = 0x6e6565736d726568;

/* In the file as in memory: a file is of its machine. */
struct seen {
	_Atomic uint64_t mark, system;
	_Atomic uint32_t timeline, spare;
};

static struct seen own; /* until cluster_open() */
static struct seen *seen = &own;

static enum err map_file(const char *path, void **out)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat status;
	enum err e;

	*out = MAP_FAILED;
	ENSURE(fd >= 0, ERR_LOCAL_CONFIG);
	ENSURE(fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		   (status.st_size == 0 ||
		    (size_t)status.st_size == sizeof(struct seen)),
	       ERR_LOCAL_CONFIG);
	/* several processes may do so at once: zeros stay zeros */
	ENSURE(ftruncate(fd, sizeof(struct seen)) == 0, ERR_LOCAL_CONFIG);
	*out = mmap(NULL, sizeof(struct seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	ENSURE(*out != MAP_FAILED, ERR_LOCAL_MEMORY);
	e = ERR_OK;
out:
	if (fd >= 0)
		(void)close(fd);
	return e;
}

enum err cluster_open(const char *path)
{
	uint64_t none = 0;
	struct seen *found;
	void *map;
	enum err e;

	if (path != NULL && *path != '\0') {
		TRY(map_file(path, &map));
	} else {
		map = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		ENSURE(map != MAP_FAILED, ERR_LOCAL_MEMORY);
	}
	found = map;
	if (!atomic_compare_exchange_strong(&found->mark, &none, MARK) &&
	    none != MARK) {
		(void)munmap(map, sizeof(*seen));
		return ERR_LOCAL_CONFIG;
	}
	seen = found; /* for the rest of the process's life */
	e = ERR_OK;
out:
	return e;
}

enum cluster_verdict cluster_meet(uint64_t system, uint32_t timeline)
{
	uint64_t first = 0;
	uint32_t newest;

	if (!atomic_compare_exchange_strong(&seen->system, &first, system) &&
	    first != system)
		return CLUSTER_OTHER;
	newest = atomic_load(&seen->timeline);
	while (newest < timeline && !atomic_compare_exchange_weak(
					&seen->timeline, &newest, timeline))
		;
	return newest > timeline ? CLUSTER_OLDER : CLUSTER_FITS;
}

uint32_t cluster_timeline(void)
{
	return atomic_load_explicit(&seen->timeline, memory_order_relaxed);
}

const char *cluster_text(enum cluster_verdict verdict)
{
	switch (verdict) {
	case CLUSTER_FITS:
		break;
	case CLUSTER_OLDER:
		return "the database that answers was replaced: its timeline "
		       "is older than one that was seen";
	case CLUSTER_OTHER:
		return "the database that answers is of another cluster than "
		       "the one that was seen";
	}
	return NULL;
}
