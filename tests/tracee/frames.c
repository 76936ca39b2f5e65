#include "tests/tracee/frames.h"
#if defined __x86_64__ && !defined WITHOUT_LIBDW
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define OWN 16 /* frames of the program that make a site */
#define ALL 128
#define IMAGES 128
#define MAPS 256
#define TABLES 16
#define REGISTERS 17
#define STACK_POINTER 7
#define RETURN 16

/* A file with code, and its tables of frames. */
static struct image {
	char path[256];
	Dwarf_CFI *cfi;
	bool fixed; /* it stands at the addresses of the file */
} images[IMAGES];

/* What a process has mapped of such files. */
struct map {
	uint64_t from, to, base;
	struct image *image;
	bool own;
};
static struct table {
	pid_t pid;
	size_t n;
	struct map maps[MAPS];
} tables[TABLES];

static struct image *
image(const char *path)
{
	size_t i;
	GElf_Ehdr header;
	Elf *elf;
	int fd;

	for (i = 0; i < IMAGES && *images[i].path; i++)
		if (strcmp(images[i].path, path) == 0)
			return &images[i];
	if (i == IMAGES)
		errx(71, "too many programs and libraries");
	snprintf(images[i].path, sizeof images[i].path, "%s", path);
	elf_version(EV_CURRENT);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	elf = fd == -1 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && gelf_getehdr(elf, &header)) {
		images[i].fixed = header.e_type == ET_EXEC;
		images[i].cfi = dwarf_getcfi_elf(elf);
	}
	return &images[i];
}

static void
read_maps(struct table *t)
{
	char path[64], exe[256], line[512], base_of[256] = "";
	uint64_t base = 0;
	ssize_t n;
	FILE *f;

	t->n = 0;
	snprintf(path, sizeof path, "/proc/%d/exe", t->pid);
	n = readlink(path, exe, sizeof exe - 1);
	exe[n > 0 ? n : 0] = '\0';
	snprintf(path, sizeof path, "/proc/%d/maps", t->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		unsigned long from, to, offset;
		char mode[8], *name = strchr(line, '/');

		if (name == NULL || sscanf(line, "%lx-%lx %7s %lx", &from, &to,
					mode, &offset) != 4)
			continue;
		name[strcspn(name, "\n")] = '\0';
		if (offset == 0 && strcmp(base_of, name) != 0) {
			snprintf(base_of, sizeof base_of, "%s", name);
			base = from;
		}
		if (mode[2] != 'x')
			continue;
		if (t->n == MAPS)
			errx(71, "too many mappings");
		t->maps[t->n++] = (struct map){ from, to, base, image(name),
			strcmp(name, exe) == 0 };
	}
	if (f)
		fclose(f);
}

static struct map *
map_in(struct table *t, uint64_t at)
{
	for (size_t i = 0; i < t->n; i++)
		if (at >= t->maps[i].from && at < t->maps[i].to)
			return &t->maps[i];
	return NULL;
}

static struct table *
table(pid_t pid)
{
	static size_t next;
	size_t i;

	for (i = 0; i < TABLES; i++)
		if (tables[i].pid == pid)
			return &tables[i];
	i = next++ % TABLES;
	tables[i].pid = pid;
	read_maps(&tables[i]);
	return &tables[i];
}

void
frames_forget(pid_t pid)
{
	for (size_t i = 0; i < TABLES; i++)
		if (tables[i].pid == pid)
			tables[i].pid = 0;
}

static bool
word(pid_t pid, uint64_t at, uint64_t *value)
{
	struct iovec here = { value, sizeof *value };
	struct iovec there = { (void *)(uintptr_t)at, sizeof *value };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof *value;
}

struct frame {
	pid_t pid;
	uint64_t r[REGISTERS], cfa;
};

/* What rules of frames are made of; one that needs more ends the walk. */
static bool
evaluate(const struct frame *f, const Dwarf_Op *ops, size_t n, uint64_t *value)
{
	uint64_t s[8] = { 0 };
	size_t d = 0;

	for (size_t i = 0; i < n; i++) {
		const Dwarf_Op *o = &ops[i];
		unsigned reg = o->atom - DW_OP_breg0;

		if (d == 8)
			return false;
		if (o->atom == DW_OP_call_frame_cfa)
			s[d++] = f->cfa;
		else if (o->atom == DW_OP_bregx && o->number < REGISTERS)
			s[d++] = f->r[o->number] + o->number2;
		else if (reg < REGISTERS)
			s[d++] = f->r[reg] + o->number;
		else if (d && o->atom == DW_OP_plus_uconst)
			s[d - 1] += o->number;
		else if (!(d && o->atom == DW_OP_deref &&
			     word(f->pid, s[d - 1], &s[d - 1])))
			return false;
	}
	*value = d ? s[d - 1] : 0;
	return d > 0;
}

/* One register as the caller had it. */
static bool
restore(const struct frame *f, Dwarf_Frame *rules, int reg, uint64_t *value)
{
	Dwarf_Op memory[3], *ops;
	size_t n;
	uint64_t at;

	if (dwarf_frame_register(rules, reg, memory, &ops, &n) == -1)
		return false;
	if (n == 0) /* the same as here, or unknown */
		return ops == NULL;
	if (ops[n - 1].atom == DW_OP_stack_value)
		return evaluate(f, ops, n - 1, value);
	if (ops[0].atom == DW_OP_regx && ops[0].number < REGISTERS) {
		*value = f->r[ops[0].number];
		return true;
	}
	return evaluate(f, ops, n, &at) && word(f->pid, at, value);
}

static bool
up(struct frame *f, const struct map *m)
{
	static const int kept[] = { 3, 6, 12, 13, 14, 15, RETURN };
	struct frame next = *f;
	Dwarf_Frame *rules;
	Dwarf_Op *ops;
	size_t n;
	bool begun, ok, signalled = false;
	uint64_t at = f->r[RETURN] - 1 - (m->image->fixed ? 0 : m->base);

	if (m->image->cfi == NULL ||
	    dwarf_cfi_addrframe(m->image->cfi, at, &rules) != 0)
		return false;
	dwarf_frame_info(rules, NULL, NULL, &signalled);
	ok = !signalled && dwarf_frame_cfa(rules, &ops, &n) == 0 &&
	     evaluate(f, ops, n, &f->cfa);
	begun = ok && restore(f, rules, RETURN, &next.r[RETURN]);
	for (size_t i = 0; begun && i < sizeof kept / sizeof *kept - 1; i++)
		if (!restore(f, rules, kept[i], &next.r[kept[i]]))
			next.r[kept[i]] = 0;
	next.r[STACK_POINTER] = f->cfa;
	free(rules);
	*f = next;
	return begun && f->r[RETURN] != 0;
}

uint32_t
frames_site(pid_t pid, const struct user_regs_struct *r)
{
	struct frame f = { pid,
		{ r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi, r->rbp,
		    r->rsp, r->r8, r->r9, r->r10, r->r11, r->r12, r->r13,
		    r->r14, r->r15, r->rip },
		0 };
	struct table *t = table(pid);
	uint32_t sum = 2166136261u;
	int own = 0;

	for (int all = 0; all < ALL && own < OWN; all++) {
		struct map *m = map_in(t, f.r[RETURN]);

		if (m == NULL) { /* a library has been loaded since */
			read_maps(t);
			m = map_in(t, f.r[RETURN]);
		}
		if (m == NULL)
			break;
		if (m->own) {
			uint64_t at = f.r[RETURN] - m->base;

			sum = (sum ^ (uint32_t)at) * 16777619u;
			own++;
		}
		if (!up(&f, m))
			break;
	}
	return own ? sum | 2 : FRAMES_LOADER;
}
#endif
