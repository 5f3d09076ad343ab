/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A 64-bit DMA window from its creation to its end: what a guest does to map all of its memory at once.
 * Every answer is checked (LoPAR 2.9, ibm,query-, create- and remove-pe-dma-window, and the TCE hypercalls).
 */
#include "guest.h"

#define PAGE_SHIFT	16			/* 64 KiB */
#define PAGE		(1ul << PAGE_SHIFT)
#define PAGE_MASK_64K	0x2			/* its bit in a query's answer */
#define FIRST_PAGE	0x800000ul		/* RAM behind the image */
#define NEEDED_MEMORY	0x1000000ul
#define LIST_LENGTH	64
#define HIGH		0x0800000000000000ul	/* where a second window begins */

struct ddw {
	uint32_t query, create, remove, reset;	/* RTAS tokens */
};

struct window64 {
	uint32_t liobn, shift;			/* shift: log2 of its bytes */
	uint64_t ioba;
};

static uint64_t list[TCE_LIST_MAX] __attribute__((aligned(TCE_PAGE)));
static int wrong;

static void check(const char *what, bool right)
{
	printf("  %-5s %s\n", right ? "ok" : "WRONG", what);
	wrong += !right;
}

/* The outputs of an RTAS call, of which the first is its status. */
static int32_t call(uint32_t token, uint32_t inputs, const uint32_t *input, uint32_t outputs, uint32_t *output)
{
	static uint32_t block[16];

	block[0] = be32(token);
	block[1] = be32(inputs);
	block[2] = be32(outputs);
	for (uint32_t n = 0; n < inputs; n++)
		block[3 + n] = be32(input[n]);
	hcall(H_RTAS, (uint64_t)block);
	for (uint32_t n = 0; n < outputs; n++)
		output[n] = be32(block[3 + inputs + n]);
	return (int32_t)output[0];
}

/* The device with configuration address 0 stands for all that is behind the bridge. */
#define BRIDGE 0, (uint32_t)(machine.bridge >> 32), (uint32_t)machine.bridge

static int32_t query(const struct ddw *ddw, uint32_t outputs, uint32_t *output)
{
	return call(ddw->query, 3, (uint32_t[]){ BRIDGE }, outputs, output);
}

static int32_t create(const struct ddw *ddw, uint32_t page_shift, uint32_t window_shift, uint32_t *output)
{
	return call(ddw->create, 5, (uint32_t[]){ BRIDGE, page_shift, window_shift }, 4, output);
}

static int32_t remove_window(const struct ddw *ddw, uint32_t liobn)
{
	uint32_t output[1];

	return call(ddw->remove, 1, &liobn, 1, output);
}

static int64_t put(uint32_t liobn, uint64_t ioba, uint64_t tce)
{
	return hcall(H_PUT_TCE, liobn, ioba, tce).status;
}

/* True when the entry reads back as this. */
static bool holds(uint32_t liobn, uint64_t ioba, uint64_t tce)
{
	struct hcall_result got = hcall(H_GET_TCE, liobn, ioba);

	return got.status == H_SUCCESS && got.r4 == tce;
}

static uint64_t page(size_t n)
{
	return FIRST_PAGE + n % 8 * PAGE;
}

static void ask(const struct ddw *ddw)
{
	uint32_t five[5], six[6];

	check("a query with 5 outputs succeeds", query(ddw, 5, five) == 0);
	check("one more window can be made, of 64 KiB pages too", five[1] == 1 && (five[3] & PAGE_MASK_64K));
	check("a query with 6 outputs agrees", query(ddw, 6, six) == 0 && six[1] == five[1] && six[4] == five[3]);
	check("one with 4 is refused", query(ddw, 4, five) == -3);
}

static struct window64 make(const struct ddw *ddw)
{
	struct window64 w = { .shift = 28 };
	uint32_t output[4];

	while (1ul << w.shift < machine.memory_size)
		w.shift++;
	check("a page size that no page has is refused", create(ddw, 13, w.shift, output) == -3);
	check("a window for all memory is made", create(ddw, PAGE_SHIFT, w.shift, output) == 0);
	w.liobn = output[1];
	w.ioba = (uint64_t)output[2] << 32 | output[3];
	printf("        LIOBN %#x, IOBA %#lx, %lu MiB\n", w.liobn, w.ioba, 1ul << w.shift >> 20);
	check("it begins at 2^59 and has a LIOBN of its own", w.ioba == HIGH && w.liobn != machine.window.liobn);
	/* LoPAR 2.9, ibm,create-pe-dma-window: -3 for more windows than possible. QEMU answers -1. */
	int32_t third = create(ddw, PAGE_SHIFT, w.shift, output);
	check("there is no third one", third == -3 || third == -1);
	return w;
}

static void use(const struct window64 *w)
{
	uint64_t last = w->ioba + (1ul << w->shift) - PAGE;
	size_t right = 0;

	check("an entry is mapped", put(w->liobn, w->ioba, page(0) | TCE_RW) == H_SUCCESS);
	check("it reads back", holds(w->liobn, w->ioba, page(0) | TCE_RW));
	check("another page replaces it", put(w->liobn, w->ioba, page(1) | TCE_READ) == H_SUCCESS);
	check("and reads back", holds(w->liobn, w->ioba, page(1) | TCE_READ));
	check("the last entry is mapped", put(w->liobn, last, page(2) | TCE_RW) == H_SUCCESS);
	check("the one behind is refused", put(w->liobn, last + PAGE, page(2) | TCE_RW) == H_PARAMETER);
	check("the one before the first is refused", put(w->liobn, w->ioba - PAGE, 0) == H_PARAMETER);

	for (size_t n = 0; n < LIST_LENGTH; n++)
		list[n] = be64(page(n) | (1 + n % 3));
	check("a list is mapped",
	      hcall(H_PUT_TCE_INDIRECT, w->liobn, w->ioba, (uint64_t)list, LIST_LENGTH).status == H_SUCCESS);
	for (size_t n = 0; n < LIST_LENGTH; n++)
		right += holds(w->liobn, w->ioba + n * PAGE, page(n) | (1 + n % 3));
	check("each of its entries reads back", right == LIST_LENGTH);
	check("the default window is another one", holds(machine.window.liobn, machine.window.ioba, 0));
	check("half of it is cleared", hcall(H_STUFF_TCE, w->liobn, w->ioba, 0, LIST_LENGTH / 2).status == H_SUCCESS);
	check("that half is clear, and the other is not",
	      holds(w->liobn, w->ioba + (LIST_LENGTH / 2 - 1) * PAGE, 0) &&
	      holds(w->liobn, w->ioba + LIST_LENGTH / 2 * PAGE, page(LIST_LENGTH / 2) | (1 + LIST_LENGTH / 2 % 3)));
}

static void end(const struct ddw *ddw, const struct window64 *w)
{
	const struct dma_window *def = &machine.window;
	uint32_t output[5];

	check("an entry of the default window is mapped", put(def->liobn, def->ioba, page(3) | TCE_RW) == H_SUCCESS);
	check("the default window is removed", remove_window(ddw, def->liobn) == 0);
	check("its LIOBN names nothing", put(def->liobn, def->ioba, 0) == H_PARAMETER);
	check("the other one is as it was", holds(w->liobn, w->ioba + (1ul << w->shift) - PAGE, page(2) | TCE_RW));
	check("it is removed, with entries mapped", remove_window(ddw, w->liobn) == 0);
	check("the default window is back, and empty", holds(def->liobn, def->ioba, 0));
	check("its last entry is mapped",
	      put(def->liobn, def->ioba + def->size - TCE_PAGE, page(4) | TCE_RW) == H_SUCCESS);
	check("the other one's LIOBN names nothing", put(w->liobn, w->ioba, 0) == H_PARAMETER);
	check("a window can be made again", query(ddw, 5, output) == 0 && output[1] == 1);
	check("a reset leaves the default window, empty",
	      call(ddw->reset, 3, (uint32_t[]){ BRIDGE }, 1, output) == 0 &&
	      holds(def->liobn, def->ioba + def->size - TCE_PAGE, 0));
}

int main(void)
{
	const struct ddw ddw = {
		.query = rtas_token("ibm,query-pe-dma-window"),
		.create = rtas_token("ibm,create-pe-dma-window"),
		.remove = rtas_token("ibm,remove-pe-dma-window"),
		.reset = rtas_token("ibm,reset-pe-dma-window"),
	};

	printf(GUEST_FAMILY " guest (" GUEST_ENDIAN ") makes a 64-bit DMA window\n");
	if (ddw.query == 0) {
		printf("  this machine does not tell how to make one; nothing to check\n");
		return 0;
	}
	if (machine.memory_size < NEEDED_MEMORY)
		fail("this guest needs 16 MiB of memory (-m 16M)");
	ask(&ddw);
	struct window64 w = make(&ddw);
	use(&w);
	end(&ddw, &w);
	printf(wrong ? "\nFAIL: %d answers were wrong.\n" : "\nPASS: every answer was right.\n", wrong);
	return wrong != 0;
}
