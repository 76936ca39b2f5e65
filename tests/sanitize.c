/* Defaults of the sanitizers for programs that clear their environment.  A
 * leak check needs ptrace, which a process that is not dumpable refuses. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0:abort_on_error=0:exitcode=99";
}

const char *
__ubsan_default_options(void)
{
	return "print_stacktrace=1:exitcode=99";
}
