/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The demonstration: what a guest sees of the commit "powerpc/iommu/powernv: Release replaced TCE".
 * Every answer is checked. On tcevm only tcevm's own is right; elsewhere (QEMU, KVM) also the other
 * answer where LoPAR leaves room or an implementation is known to accept what others refuse.
 */
#include "tell.h"

#define PAGE_A		0x10000ul	/* any pages of RAM will do: no device looks at them here */
#define PAGE_B		0x20000ul
#define LIST_PAGES	0x800000ul	/* 512 pages from here on */
#define NEEDED_MEMORY	0x1000000ul	/* above all of these */
#define NO_SUCH_LIOBN	0x12345678ul

static uint64_t list[TCE_LIST_MAX] __attribute__((aligned(TCE_PAGE)));

/* The TCE of a list's entry n: its own page each, and each kind of permission in turn. */
static uint64_t first_tce(size_t n)
{
	return LIST_PAGES + n * TCE_PAGE + 1 + n % 3;
}

static uint64_t second_tce(size_t n)
{
	return first_tce(TCE_LIST_MAX - 1 - n);
}

static uint64_t no_tce(size_t n)
{
	(void)n;
	return 0;
}

/* A list is big-endian whatever the guest is, as KVM and QEMU read it. */
static void write_list(uint64_t (*tce)(size_t))
{
	for (size_t n = 0; n < TCE_LIST_MAX; n++)
		list[n] = be64(tce(n));
}

static void introduce(void)
{
	const struct dma_window *w = &machine.window;

	printf(GUEST_FAMILY " guest replaces live DMA mappings\n\n");
	if (w->size < 2 * TCE_LIST_MAX * TCE_PAGE)
		fail("this machine has no PCI host bridge with a DMA window of 4 MiB or more");
	if (machine.memory_size < NEEDED_MEMORY)
		fail("this guest needs 16 MiB of memory (-m 16M)");
	printf("  machine     %s, %lu MiB; the guest is %s\n", machine.model, machine.memory_size >> 20, GUEST_ENDIAN);
	printf("  DMA window  LIOBN %#x, IOBA %#lx to %#lx: %lu entries, one for each 4 KiB page\n",
	       w->liobn, w->ioba, w->ioba + w->size - 1, w->size / TCE_PAGE);
	printf("  a TCE       is a page's address, plus 1 if a device may read it, plus 2 if it may write it\n");
	printf("  two pages   A at %#lx, B at %#lx\n", PAGE_A, PAGE_B);
}

static void replace_one(uint64_t ioba)
{
	chapter("1. Page B over page A, with no clear in between");
	get_tce(ioba, 0, "nothing is mapped: a device faults");
	put_tce(ioba, PAGE_A | TCE_RW, "A is mapped: a device may use it");
	get_tce(ioba, PAGE_A | TCE_RW, "it reads back as it was written");
	put_tce(ioba, PAGE_B | TCE_READ, "B replaces A: A is released, and dirty");
	get_tce(ioba, PAGE_B | TCE_READ, "a device can only read, and only B");
	put_tce(ioba, PAGE_B | TCE_RW, "B over B, now writable: still clean");
	put_tce(ioba, 0, "cleared: B is released, and dirty");
	get_tce(ioba, 0, "nothing is mapped again");
	printf("  Linux had refused to replace a live entry, with EBUSY, until \"Release replaced TCE\".\n");
}

static void refuse_single(uint64_t ioba)
{
	const struct dma_window *w = &machine.window;

	chapter("2. Calls that are refused leave the entry as it was");
	put_tce(ioba, PAGE_A | TCE_RW, "page A again, to see that it stays");
	refused_put("this guest has no such window", NO_SUCH_LIOBN, ioba, PAGE_B | TCE_RW);
	refused_put("the IOBA is past the window", w->liobn, w->ioba + w->size, PAGE_B | TCE_RW);
	refused_get("the same for reading", w->liobn, w->ioba + w->size);
	varied_put("the IOBA is inside a page", ioba + 0x800, PAGE_B | TCE_RW, "QEMU rounds it down");
	varied_put("the page is outside memory", ioba, machine.memory_size | TCE_RW, "QEMU does not look");
	varied_put("a reserved bit is set", ioba, PAGE_B | 4 | TCE_RW, "QEMU stores it");
	unchanged(ioba, PAGE_A | TCE_RW, "page A is still mapped");
}

static void refuse_list(uint64_t ioba)
{
	const struct dma_window *w = &machine.window;

	chapter("3. A list with one bad entry changes nothing at all");
	write_list(second_tce);
	list[300] = be64(machine.memory_size | TCE_RW);
	varied_list("entry 300 is outside memory", ioba, list, TCE_LIST_MAX, "QEMU does not look");
	refused_list("a list has 512 entries at most", ioba, list, TCE_LIST_MAX + 1);
	refused_list("a list starts at a page", ioba, list + 1, 1);
	refused_list("the second entry is past the window", w->ioba + w->size - TCE_PAGE, list, 2);
	varied_stuff("512 at most, too", ioba, TCE_LIST_MAX + 1, H_P4, "KVM and QEMU allow it");
	unknown_call(0x4fc, "no such hypercall");
	unchanged(ioba, PAGE_A | TCE_RW, "page A is still mapped");
}

static void replace_list(uint64_t ioba)
{
	chapter("4. 512 pages in one call, and 512 others over them");
	write_list(first_tce);
	put_list(ioba, list, TCE_LIST_MAX, "512 pages are mapped, one replaces A");
	read_back(ioba, TCE_LIST_MAX, first_tce, "each reads back as it was written");
	write_list(second_tce);
	put_list(ioba, list, TCE_LIST_MAX, "512 others replace them");
	read_back(ioba, TCE_LIST_MAX, second_tce, "each reads back as it was written");
}

static void clear_all(uint64_t ioba)
{
	const struct dma_window *w = &machine.window;

	chapter("5. 512 entries cleared in one call");
	stuff_tce(ioba, TCE_LIST_MAX, "512 pages are released");
	read_back(ioba, TCE_LIST_MAX, no_tce, "nothing is mapped: no page is held");
	/* QEMU has filled it: it leaves the part of a refused list that fitted into the window. */
	put_tce(w->ioba + w->size - TCE_PAGE, 0, "a clear need not find a page");
}

int main(void)
{
	uint64_t ioba;

	introduce();
	ioba = machine.window.ioba;
	replace_one(ioba);
	refuse_single(ioba);
	refuse_list(ioba);
	replace_list(ioba);
	clear_all(ioba);
	return verdict();
}
