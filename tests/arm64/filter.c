/*
 * Preloaded into Kore where qemu runs it, which knows no seccomp: a filter that
 * a process sets is read in the place of the kernel. What it lets pass is
 * appended to the file FILTER_PASSED as lines "PID NUMBER"; all that the process
 * calls from then on qemu's trace has behind a getpgid(FILTER_MARK).
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILTER_MARK = 987654321, NUMBERS = 1024 };

/* What the filter says of a call whose arguments are 0. */
static unsigned verdict(const struct sock_fprog *filter,
			struct seccomp_data call)
{
	unsigned value = 0;

	for (size_t at = 0; at < filter->len; at++) {
		const struct sock_filter *f = &filter->filter[at];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&value, (const char *)&call + f->k,
			       sizeof(value));
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += value == f->k ? f->jt : f->jf;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			value &= f->k;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			(void)fprintf(stderr, "filter.c does not know %#x\n",
				      f->code);
			abort();
		}
	}
	return SECCOMP_RET_KILL;
}

static int take(const struct sock_fprog *filter)
{
	const char *path = getenv("FILTER_PASSED");
	FILE *out = path != NULL ? fopen(path, "a") : NULL;

	if (out == NULL)
		return -1;
	for (int nr = 0; nr < NUMBERS; nr++) {
		struct seccomp_data call = { .nr = nr,
					     .arch = AUDIT_ARCH_AARCH64 };
		unsigned said = verdict(filter, call);

		if (said == SECCOMP_RET_ALLOW ||
		    (said & SECCOMP_RET_ACTION) == SECCOMP_RET_ERRNO)
			(void)fprintf(out, "%d %d\n", (int)getpid(), nr);
	}
	(void)fclose(out);
	(void)syscall(SYS_getpgid, FILTER_MARK);
	return 0;
}

int prctl(int option, ...)
{
	unsigned long a[4];
	va_list args;

	va_start(args, option);
	for (size_t i = 0; i < 4; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	if (option == PR_SET_SECCOMP && a[0] == SECCOMP_MODE_FILTER)
		return take((const struct sock_fprog *)a[1]);
	return (int)syscall(SYS_prctl, option, a[0], a[1], a[2], a[3]);
}
