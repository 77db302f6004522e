#include "base/usage.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_text(uint64_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	size_t n = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu64 "/%s", pid, name);
	file = fopen(path, "re");
	if (file != NULL) {
		n = fread(out, 1, size - 1, file);
		(void)fclose(file);
	}
	out[n] = '\0';
	return n > 0;
}

static uint64_t count_files(uint64_t pid)
{
	const struct dirent *entry;
	uint64_t n = 0;
	char path[64];
	DIR *files;

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu64 "/fd", pid);
	files = opendir(path);
	if (files == NULL)
		return 0;
	while ((entry = readdir(files)) != NULL)
		n += entry->d_name[0] != '.';
	(void)closedir(files);
	return n;
}

/* The field `n`, from 0, of numbers and words with one space between them. */
static uint64_t field(const char *text, unsigned n)
{
	while (n > 0 && *text != '\0')
		n -= *text++ == ' ';
	return strtoull(text, NULL, 10);
}

bool usage_read(uint64_t pid, struct usage *out)
{
	char text[1024];
	const char *rest;

	*out = (struct usage){ 0 };
	/* what stands before the last ')' is a name, which may be anything */
	if (!read_text(pid, "stat", text, sizeof(text)) ||
	    (rest = strrchr(text, ')')) == NULL)
		return false;
	out->cpu_us = (field(rest, 12) + field(rest, 13)) * 1000000 /
		      (uint64_t)sysconf(_SC_CLK_TCK);
	if (!read_text(pid, "statm", text, sizeof(text)))
		return false;
	out->resident = field(text, 1) * (uint64_t)sysconf(_SC_PAGESIZE);
	out->files = count_files(pid);
	return true;
}
