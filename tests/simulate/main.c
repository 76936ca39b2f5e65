/* simulate [SEED [MESSAGES [DESTINATIONS]]]: the table of a day. */
#include "tests/simulate/simulate.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static const char *
span(int64_t ms, char text[16])
{
	if (ms < 10 * SECOND)
		snprintf(text, 16, "%.2f s", (double)ms / SECOND);
	else if (ms < 600 * SECOND)
		snprintf(text, 16, "%.0f s", (double)ms / SECOND);
	else
		snprintf(text, 16, "%.0f min", (double)ms / (60 * SECOND));
	return text;
}

static void
row(const char *what, const struct spread *s)
{
	static const double parts[] = { 0.5, 0.9, 0.99, 0.999 };
	char text[16];

	printf("%-34s %9llu", what, (unsigned long long)s->n);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		printf(" %9s", span(spread_part(s, parts[i]), text));
	printf(" %9s\n", span(s->most, text));
}

static double
ratio(const struct spread *a, const struct spread *b, double part)
{
	return (double)spread_part(a, part) / (double)spread_part(b, part);
}

static void
tell(const struct result *r)
{
	double n = (double)r->arrived;
	char text[16];

	printf("%-34s %9s %9s %9s %9s %9s %9s\n", "delay of messages to",
	    "number", "p50", "p90", "p99", "p99.9", "max");
	row("healthy destinations", &r->delay[K_WELL]);
	row("slow ones (1 to 10 s a message)", &r->delay[K_SLOW]);
	row("those that were down, from return", &r->delay[K_DOWN]);
	row("healthy, small senders, 9 to 10 h", &r->before);
	row("the same, 10 to 11 h", &r->during);
	row("the large sender of 10 h", &r->large);
	printf("\nmessages: %llu arrived, %llu delivered, %llu given up, %llu "
	       "lost, %llu answered twice; the last was gone after %.1f h\n",
	    (unsigned long long)r->arrived, (unsigned long long)r->delivered,
	    (unsigned long long)r->given_up, (unsigned long long)r->lost,
	    (unsigned long long)r->twice, (double)r->end / (double)HOUR);
	printf("a message: %.3f attempts, %.3f files opened, %.3f connections "
	       "(%.1f %% of %llu failed)\n",
	    (double)r->attempts / n, (double)r->opened / n,
	    (double)r->connects / n,
	    100 * (double)r->connects_failed / (double)r->connects,
	    (unsigned long long)r->connects);
	printf("waiting at once: %zu messages at most, %zu sessions at most\n",
	    r->waiting_most, r->sessions_most);
	printf("memory: %lld octets a message, %.0f with all that the "
	       "destinations take, %lld left at the end\n",
	    (long long)r->bytes_own, r->bytes, (long long)r->left);
	printf("fairness: the large sender's messages wait %.1f times as long "
	       "as the others' of that hour (p50; p99 %.1f); theirs %.2f times "
	       "as long as the hour before (p50; p99 %.2f, %s)\n",
	    ratio(&r->large, &r->during, 0.5),
	    ratio(&r->large, &r->during, 0.99),
	    ratio(&r->during, &r->before, 0.5),
	    ratio(&r->during, &r->before, 0.99),
	    span(spread_part(&r->during, 0.99), text));
}

int
main(int argc, char **argv)
{
	struct plan plan = {
		.seed = 1, .messages = 10000000, .dests = 100000, .down = 0.1
	};
	const struct result *r;
	struct rusage use;

	if (argc > 1)
		plan.seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		plan.messages = (uint32_t)strtoul(argv[2], NULL, 10);
	if (argc > 3)
		plan.dests = (uint32_t)strtoul(argv[3], NULL, 10);
	if (plan.messages < 1000 || plan.dests < 100) {
		fprintf(stderr, "usage: simulate [SEED [MESSAGES (1000 or "
				"more) [DESTINATIONS (100 or more)]]]\n");
		return 64;
	}
	plan.burst = plan.messages / 100;
	plan.submitters = plan.dests / 10;
	r = simulate(&plan);
	tell(r);
	getrusage(RUSAGE_SELF, &use);
	printf("the simulation took %.1f s of processor time\n",
	    (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec +
		(double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
	return r->lost || r->twice || r->left_jobs || r->left_sessions;
}
