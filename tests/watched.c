/* watched - stands in for one of our programs (make check-valgrind): runs
 * valgrind's memcheck on /usr/libexec/watched/NAME, NAME being how it was
 * called, and ends as that does; 99 where memcheck has found something.  What
 * it says is in /tmp/watched/NAME.PID: a process of the agent's that becomes
 * another program, and another user, cannot write to the one that it had.
 *
 * Installed set-gid it takes the group for good: where the groups of a process
 * differ the dynamic linker preloads nothing, and memcheck's malloc is
 * preloaded.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static char valgrind[] = "/usr/bin/valgrind", options[400],
		    program[256], lib[] = "VALGRIND_LIB=/usr/libexec/valgrind";
	static const char leaks[] =
	    " --leak-check=full --show-leak-kinds=definite "
	    "--errors-for-leak-kinds=definite";
	char **args = calloc((size_t)argc + 2, sizeof *args);
	gid_t group = getegid();
	const char *name;

	if (argc < 1 || args == NULL)
		return 70;
	name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	snprintf(program, sizeof program, "/usr/libexec/watched/%s", name);
	/* What is lost counts where a process stays; the others have ended.
	 * Not as arguments: a title takes their place (direct.c), and valgrind
	 * looks at the name of the file again in each child.  Its pipes for gdb
	 * could not be removed by a process of another user. */
	snprintf(options, sizeof options,
	    "VALGRIND_OPTS=-q --error-exitcode=99 --vgdb=no "
	    "--log-file=/tmp/watched/%s.%%p%s",
	    name, strcmp(name, "deliver") == 0 ? leaks : "");
	if (setresgid(group, group, group) == -1)
		err(70, "the group");
	args[0] = valgrind;
	args[1] = program;
	memcpy(args + 2, argv + 1, (size_t)argc * sizeof *args);
	putenv(lib);
	putenv(options);
	execv(valgrind, args);
	err(71, "%s", valgrind);
}
