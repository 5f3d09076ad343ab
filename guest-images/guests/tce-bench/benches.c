/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The benches: one function and one row each. */
#include "bench.h"

#define UNKNOWN_TOKEN	0x4fc
#define UNKNOWN_LIOBN	0x12345678
#define PAGES		0x800000ul	/* the pages that are mapped: any will do, no device looks at them */
#define PAGES_MAPPED	1024
#define NEEDED_MEMORY	0x1000000ul

#define CALLS		1000		/* short enough that a good part of the rounds is not interrupted */
#define LIST_CALLS	16
#define ITERATIONS	10000

static uint64_t lists[2][TCE_LIST_MAX] __attribute__((aligned(TCE_PAGE)));
static uint8_t buffer[4096] __attribute__((aligned(64)));

static uint64_t tce_of(uint64_t page)
{
	return (PAGES + page % PAGES_MAPPED * TCE_PAGE) | TCE_RW;
}

/* The walks: the next `bytes` of the window, from its start again at its end. */
static uint64_t walk(uint64_t *at, uint64_t bytes)
{
	uint64_t ioba;

	if (*at + bytes > machine.window.size)
		*at = 0;
	ioba = machine.window.ioba + *at;
	*at += bytes;
	return ioba;
}

/* ---- Hypercalls: each is made at least once. The loops hold little else, so that it is they that count. ---- */

/* 0 for the status that is right. */
static inline uint64_t wrong_if_not(int64_t right, struct hcall_result result)
{
	return (uint64_t)(result.status - right);
}

static bool null(size_t times)
{
	uint64_t wrong = 0;

	do
		wrong |= wrong_if_not(H_FUNCTION, hcall(UNKNOWN_TOKEN));
	while (--times > 0);
	return !wrong;
}

static bool put_refused(size_t times)
{
	uint64_t ioba = machine.window.ioba;
	uint64_t wrong = 0;

	do
		wrong |= wrong_if_not(H_PARAMETER, hcall(H_PUT_TCE, UNKNOWN_LIOBN, ioba, PAGES | TCE_RW));
	while (--times > 0);
	return !wrong;
}

static bool put(size_t times)
{
	uint64_t liobn = machine.window.liobn, ioba = machine.window.ioba;
	uint64_t tce = PAGES | TCE_RW, wrong = 0;

	do {
		wrong |= wrong_if_not(H_SUCCESS, hcall(H_PUT_TCE, liobn, ioba, tce));
		tce ^= TCE_PAGE;
	} while (--times > 0);
	return !wrong;
}

static bool put_walk(size_t times)
{
	static uint64_t at, pass;
	uint64_t liobn = machine.window.liobn;
	uint64_t ioba = walk(&at, times * TCE_PAGE), page = pass++, wrong = 0;

	do {
		wrong |= wrong_if_not(H_SUCCESS, hcall(H_PUT_TCE, liobn, ioba, tce_of(page++)));
		ioba += TCE_PAGE;
	} while (--times > 0);
	return !wrong;
}

static bool get(size_t times)
{
	uint64_t liobn = machine.window.liobn, ioba = machine.window.ioba;
	uint64_t wrong = 0;

	do
		wrong |= wrong_if_not(H_SUCCESS, hcall(H_GET_TCE, liobn, ioba));
	while (--times > 0);
	return !wrong;
}

static bool put_list(uint64_t ioba, uint64_t which)
{
	return hcall(H_PUT_TCE_INDIRECT, machine.window.liobn, ioba, (uint64_t)lists[which & 1],
		     TCE_LIST_MAX).status == H_SUCCESS;
}

static bool indirect(size_t times)
{
	bool right = true;

	for (; times > 0; times--)
		right &= put_list(machine.window.ioba, times);
	return right;
}

static bool indirect_walk(size_t times)
{
	static uint64_t at, pass;
	uint64_t ioba = walk(&at, times * TCE_LIST_MAX * TCE_PAGE), which = pass++;
	bool right = true;

	for (; times > 0; times--, ioba += TCE_LIST_MAX * TCE_PAGE)
		right &= put_list(ioba, which++);
	return right;
}

static bool clear(uint64_t ioba)
{
	return hcall(H_STUFF_TCE, machine.window.liobn, ioba, 0, TCE_LIST_MAX).status == H_SUCCESS;
}

static bool stuff(size_t times)
{
	bool right = true;

	for (; times > 0; times--)
		right &= clear(machine.window.ioba);
	return right;
}

/* Live entries, a part of the window that stuff_walk() then clears. */
static uint64_t filled;

static void fill(size_t times)
{
	static uint64_t at;
	uint64_t ioba;

	ioba = filled = walk(&at, times * TCE_LIST_MAX * TCE_PAGE);
	for (; times > 0; times--, ioba += TCE_LIST_MAX * TCE_PAGE)
		put_list(ioba, times);
}

static bool stuff_walk(size_t times)
{
	uint64_t ioba = filled;
	bool right = true;

	for (; times > 0; times--, ioba += TCE_LIST_MAX * TCE_PAGE)
		right &= clear(ioba);
	return right;
}

/* ---- Integer loops: loops.S ---- */

#define DECLARE_LOOP(name) \
	extern const uint64_t name##_insns; \
	uint64_t name(uint64_t iterations, void *memory); \
	static bool run_##name(size_t times) { return name(times, buffer) != 0; }

DECLARE_LOOP(loop_alu)
DECLARE_LOOP(loop_memory)
DECLARE_LOOP(loop_call)
DECLARE_LOOP(loop_crc32)
DECLARE_LOOP(loop_branch)

#define HCALL(name, run)	{ name, run, CALLS, 1, NULL, NULL }
#define LIST(name, run, prepare) { name, run, LIST_CALLS, TCE_LIST_MAX, prepare, NULL }
#define LOOP(name, loop)	{ name, run_##loop, ITERATIONS, 0, NULL, &loop##_insns }

const struct bench benches[] = {
	HCALL("null", null),				/* an unknown token: the trap and nothing else */
	HCALL("put-refused", put_refused),
	HCALL("put", put),				/* one entry, two pages in turn */
	HCALL("put-walk", put_walk),			/* each entry of the window */
	HCALL("get", get),
	LIST("indirect-512", indirect, NULL),		/* the same entries, two lists in turn */
	LIST("indirect-512-walk", indirect_walk, NULL),
	LIST("stuff-512", stuff, NULL),			/* the same entries: they are clear already */
	LIST("stuff-512-walk", stuff_walk, fill),	/* live entries */
	LOOP("alu", loop_alu),
	LOOP("memory", loop_memory),
	LOOP("call", loop_call),
	LOOP("crc32", loop_crc32),
	LOOP("branch", loop_branch),
	{ 0 },
};

void prepare_benches(void)
{
	if (machine.memory_size < NEEDED_MEMORY)
		fail("this guest needs 16 MiB of memory (-m 16M)");
	if (machine.window.size < LIST_CALLS * TCE_LIST_MAX * TCE_PAGE)
		fail("this machine has no PCI host bridge with a DMA window of 32 MiB or more");
	for (size_t n = 0; n < TCE_LIST_MAX; n++) {
		lists[0][n] = be64(tce_of(n));
		lists[1][n] = be64(tce_of(n + TCE_LIST_MAX));
	}
	for (size_t n = 0; n < sizeof(buffer); n++)
		buffer[n] = (uint8_t)(n * 7 + n / 256);
	/* The check value of CRC-32 that its catalogues give: a CPU that gets it wrong is not worth timing. */
	if (loop_crc32(9, "123456789") != 0xcbf43926)
		fail("crc32: a wrong answer");
}
