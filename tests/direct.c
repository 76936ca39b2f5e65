/* direct - linked into our programs where memcheck watches them (make
 * check-valgrind; --wrap brings the calls here): what valgrind hides from the
 * kernel, done by the processor itself.
 *
 * The system calls that valgrind does not know, and answers with ENOSYS.  None
 * of them writes to memory; of what openat2 reads memcheck is asked.
 *
 * Titles: the arguments that the kernel shows are valgrind's own, and stories
 * find a role, and stop or kill it, by its title. */
#include <errno.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
/* Lint reads this file where there is no valgrind, too. */
#if defined(__x86_64__) && __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>

long __real_syscall(long, ...);
void __real_setproctitle_init(int, char **, char **);
void __real_setproctitle(const char *, ...);
long __wrap_syscall(long, long, long, long, long, long, long);
void __wrap_setproctitle_init(int, char **, char **);
void __wrap_setproctitle(const char *, ...);

static char *shown; /* the kernel's, no memory that memcheck knows */
static long room;

/* These two run as a part of valgrind, whose thread has no canary of ours. */
__attribute__((noinline, no_stack_protector)) static long
call(long thread, const long *a)
{
	register long r10 __asm__("r10") = a[4];
	long got;

	(void)thread;
	__asm__ volatile("syscall"
			 : "=a"(got)
			 : "a"(a[0]), "D"(a[1]), "S"(a[2]), "d"(a[3]), "r"(r10)
			 : "rcx", "r11", "memory");
	return got;
}

__attribute__((noinline, no_stack_protector)) static long
show(long thread, const char *text, long octets)
{
	volatile char *to = shown;

	(void)thread;
	for (long i = 0; i < room; i++)
		to[i] = i < octets && i < room - 1 ? text[i] : '\0';
	return 0;
}

long
__wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	const long args[] = { number, a, b, c, d };
	bool unknown = number == SYS_openat2 || number == SYS_pidfd_open ||
		       number == SYS_pidfd_send_signal;
	long got;

	if (!unknown || !RUNNING_ON_VALGRIND)
		return __real_syscall(number, a, b, c, d, e, f);
	if (number == SYS_openat2)
		VALGRIND_CHECK_MEM_IS_DEFINED(c, sizeof(struct open_how));
	got = (long)VALGRIND_NON_SIMD_CALL1(call, args);
	if (got < 0 && got > -4096) {
		errno = (int)-got;
		return -1;
	}
	return got;
}

/* The title until a role has its own is how the program was called. */
void
__wrap_setproctitle_init(int argc, char **argv, char **envp)
{
	char text[4096] = "/usr/sbin/deliver";
	size_t n = strlen(text) + 1, octets;
	unsigned long start, end;
	FILE *f;

	__real_setproctitle_init(argc, argv, envp);
	f = RUNNING_ON_VALGRIND ? fopen("/proc/self/stat", "re") : NULL;
	if (f == NULL)
		return;
	/* proc(5): arg_start and arg_end are 48 and 49; the name has no blank.
	 */
	if (fscanf(f,
		"%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		"%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		"%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		"%*s %*s %lu %lu",
		&start, &end) == 2 &&
	    end > start) {
		shown = (char *)start;
		room = (long)(end - start);
	}
	fclose(f);
	for (int i = 1; i < argc; i++, n += octets) {
		octets = strlen(argv[i]) + 1;
		if (octets > sizeof text - n)
			break;
		memcpy(text + n, argv[i], octets);
	}
	(void)VALGRIND_NON_SIMD_CALL2(show, text, n);
}

void
__wrap_setproctitle(const char *format, ...)
{
	char text[256] = "deliver: ";
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + n, sizeof text - n, format, ap);
	va_end(ap);
	__real_setproctitle("%s", text + n);
	if (RUNNING_ON_VALGRIND)
		(void)VALGRIND_NON_SIMD_CALL2(show, text, strlen(text));
}
#endif
