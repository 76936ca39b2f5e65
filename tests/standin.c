/* standin - in place of a program that may open little and start nothing: ends
 * with the status that /etc/standin holds; without that file, never. */
#include <poll.h>
#include <stdio.h>

int
main(void)
{
	FILE *f = fopen("/etc/standin", "re");
	int status;

	if (f && fscanf(f, "%d", &status) == 1)
		return status;
	for (;;)
		poll(NULL, 0, -1);
}
