/* libFuzzer: the register of who is logged in, of any octets.  What is taken of
 * it is the name of a device, beneath /dev. */
#include "deliver/tty/who.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utmpx.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct who_terminal t[WHO_MAX];
	static int dev = -1, utmp = -1;
	static char path[40];
	size_t n;

	if (dev == -1) {
		dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
		utmp = memfd_create("utmp", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", utmp);
		if (dev == -1 || utmp == -1 || utmpxname(path) == -1)
			abort();
	}
	if (ftruncate(utmp, 0) == -1 ||
	    pwrite(utmp, bytes, len, 0) != (ssize_t)len)
		abort();
	n = who_terminals(dev, 0, "root", false, t);
	if (n > WHO_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (memchr(t[i].name, '\0', sizeof t[i].name) == NULL ||
		    !who_name_ok(t[i].name))
			abort();
	return 0;
}
