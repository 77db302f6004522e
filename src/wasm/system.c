/* What OpenSSL asks of a system, and wasi-libc has not. */

int getpagesize(void); /* no header of wasi-libc has it */

/* In the place of getuid() and its like (mk/wasm.mk): whoever runs a module is always
 * the same. */
int getpagesize(void)
{
	return 65536;
}
