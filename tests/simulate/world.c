/* world - destinations and submitters by a heavy tail, a day by its hours. */
#include "tests/simulate/simulate.h"
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Walker's alias method: a pick by weight in constant time. */
struct tail {
	uint32_t n;
	float *keep;
	uint32_t *other;
};

static struct {
	uint64_t state;
	uint32_t ndests;
	double rate; /* messages a ms, of an even day */
	double owed; /* of a ms, to the next gap */
	struct dest *dests;
	struct tail to, by;
} world;

/* Of a day's messages in each hour, in thousandths. */
static const unsigned hours[24] = { 18, 14, 12, 11, 12, 16, 24, 38, 58, 66, 68,
	64, 56, 60, 66, 66, 62, 56, 50, 46, 42, 38, 32, 25 };

void *
world_memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

static uint64_t
chance(void) /* splitmix64 */
{
	uint64_t z = (world.state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

double
world_chance(void)
{
	return (double)(chance() >> 11) * 0x1p-53;
}

/* The product's own chance (shut.c) comes from the seed, too. */
uint32_t arc4random_uniform(uint32_t);
uint32_t
arc4random_uniform(uint32_t below)
{
	return (uint32_t)((chance() >> 32) * below >> 32);
}

/* Zipf: the n-th gets 1/n of what the first gets. */
static void
tail_make(struct tail *t, uint32_t n)
{
	double *w = world_memory(n * sizeof *w), sum = 0;
	uint32_t *small = world_memory(n * sizeof *small), ns = 0;
	uint32_t *big = world_memory(n * sizeof *big), nb = 0;

	t->n = n;
	t->keep = world_memory(n * sizeof *t->keep);
	t->other = world_memory(n * sizeof *t->other);
	for (uint32_t i = 0; i < n; i++)
		sum += w[i] = 1.0 / (i + 1);
	for (uint32_t i = 0; i < n; i++) {
		w[i] *= n / sum;
		if (w[i] < 1)
			small[ns++] = i;
		else
			big[nb++] = i;
	}
	while (ns && nb) {
		uint32_t s = small[--ns], b = big[nb - 1];

		t->keep[s] = (float)w[s];
		t->other[s] = b;
		w[b] -= 1 - w[s];
		if (w[b] < 1) {
			nb--;
			small[ns++] = b;
		}
	}
	while (nb)
		t->keep[big[--nb]] = 1;
	while (ns)
		t->keep[small[--ns]] = 1;
	munmap(w, n * sizeof *w);
	munmap(small, n * sizeof *small);
	munmap(big, n * sizeof *big);
}

static void
tail_free(struct tail *t)
{
	munmap(t->keep, t->n * sizeof *t->keep);
	munmap(t->other, t->n * sizeof *t->other);
}

static uint32_t
pick(const struct tail *t)
{
	uint32_t i = (uint32_t)((chance() >> 32) * t->n >> 32);

	return world_chance() < t->keep[i] ? i : t->other[i];
}

uint32_t
world_pick_dest(void)
{
	return pick(&world.to);
}

uint32_t
world_pick_submitter(void)
{
	return pick(&world.by);
}

/* One in ten is down for one to five hours, half of these without a word; one
 * in a hundred takes its time; one in a thousand does not come back.  The
 * largest are near, and the very largest is well. */
static void
make_dest(struct dest *d, uint32_t rank, const struct plan *p)
{
	double c = world_chance();

	/* 5 to 270 ms; to 37 */
	d->rtt = (uint32_t)(5 * exp(world_chance() * (rank < 100 ? 2 : 4)));
	d->work = (uint32_t)(10 + 90 * world_chance());
	d->most = (uint16_t)(world_chance() < 0.05 ? 2 : 20);
	d->silent = world_chance() < 0.5;
	d->from = d->until = -1;
	d->kind = K_WELL;
	if (c < 0.001 && rank >= 10) {
		d->kind = K_DEAD;
		d->from = 0;
		d->until = INT64_MAX;
	} else if (c < 0.001 + p->down && rank > 0) {
		d->kind = K_DOWN;
		d->from = (int64_t)(world_chance() * 18 * (double)HOUR);
		d->until = d->from +
			   (int64_t)((1 + 4 * world_chance()) * (double)HOUR);
		if (p->together) {
			d->from = 6 * HOUR;
			d->until = 10 * HOUR;
			d->silent = true;
		}
	} else if (c < 0.011 + p->down && rank > 0) {
		d->kind = K_SLOW;
		d->work = (uint32_t)(1000 + 9000 * world_chance());
	}
}

void
world_begin(const struct plan *p, uint64_t *seed)
{
	world.state = *seed;
	world.owed = 0;
	world.ndests = p->dests;
	world.rate = (double)(p->messages - p->burst) / (double)DAY;
	world.dests = world_memory(p->dests * sizeof *world.dests);
	for (uint32_t i = 0; i < p->dests; i++)
		make_dest(&world.dests[i], i, p);
	tail_make(&world.to, p->dests);
	tail_make(&world.by, p->submitters);
}

void
world_end(void)
{
	munmap(world.dests, world.ndests * sizeof *world.dests);
	tail_free(&world.to);
	tail_free(&world.by);
}

struct dest *
world_dest(uint32_t i)
{
	return &world.dests[i];
}

bool
world_down(const struct dest *d, int64_t now)
{
	return now >= d->from && now < d->until;
}

int64_t
world_gap(int64_t now)
{
	double rate = world.rate * hours[now / HOUR % 24] * 24 / 1000;
	double gap = world.owed - log(1 - world_chance()) / rate;

	world.owed = gap - (double)(int64_t)gap;
	return (int64_t)gap;
}
