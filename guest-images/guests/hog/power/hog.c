/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A DMA window that takes the host's memory, if the host lets it: 2^31 entries, of which one in each 4096 is used.
 * `host`: the machine's budget is larger than what its host has (H_HARDWARE); else the budget ends first.
 */
#include "guest.h"

#define H_NOT_ENOUGH_RESOURCES	(-44)		/* LoPAR 2.9, "Hypervisor Call Return Code Table" */
#define PAGE_SHIFT	12
#define WINDOW_SHIFT	43
#define STEP		4096ul			/* entries from one that is used to the next */
#define PAGE_A		0x800000ul		/* RAM behind the image */
#define PAGE_B		0x801000ul
#define TIMES		300			/* windows made and removed */

struct window {
	uint32_t liobn;
	uint64_t ioba;
};

static uint64_t list[TCE_LIST_MAX] __attribute__((aligned(TCE_PAGE)));
static uint32_t query_token, create_token, remove_token;

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

#define BRIDGE 0, (uint32_t)(machine.bridge >> 32), (uint32_t)machine.bridge

/* Entries of the largest window that can be made. */
static uint64_t offered(void)
{
	uint32_t out[6];

	return call(query_token, 3, (uint32_t[]){ BRIDGE }, 6, out) ? 0 : (uint64_t)out[2] << 32 | out[3];
}

static int32_t create(uint32_t shift, struct window *window)
{
	uint32_t out[4];
	int32_t status = call(create_token, 5, (uint32_t[]){ BRIDGE, PAGE_SHIFT, shift }, 4, out);

	if (status == 0)
		*window = (struct window){ out[1], (uint64_t)out[2] << 32 | out[3] };
	return status;
}

static int32_t remove_window(const struct window *window)
{
	uint32_t out[1];

	return call(remove_token, 1, &window->liobn, 1, out);
}

static int64_t put(const struct window *window, uint64_t entry, uint64_t tce)
{
	return hcall(H_PUT_TCE, window->liobn, window->ioba + (entry << PAGE_SHIFT), tce).status;
}

static bool holds(const struct window *window, uint64_t entry, uint64_t tce)
{
	struct hcall_result got = hcall(H_GET_TCE, window->liobn, window->ioba + (entry << PAGE_SHIFT));

	return got.status == H_SUCCESS && got.r4 == tce;
}

/* One entry in each STEP, to the first that is refused, which is returned; the number of entries: none was. */
static uint64_t fill(const struct window *window, int64_t *status)
{
	uint64_t entries = 1ul << (WINDOW_SHIFT - PAGE_SHIFT), entry;

	for (entry = 0; entry < entries; entry += STEP)
		if ((*status = put(window, entry, PAGE_A | TCE_RW)) != H_SUCCESS)
			break;
	return entry;
}

/* A refused call has changed nothing, and what needs no memory is done. */
static void nothing_half_done(const struct window *w, uint64_t refused, int64_t status)
{
	uint64_t last = refused - STEP;		/* the last that is used; its neighbours have memory */
	uint64_t across = refused - TCE_LIST_MAX / 2, ioba = w->ioba + (across << PAGE_SHIFT);
	bool clear = true;

	claim(holds(w, refused, 0), "the refused entry is clear");
	claim(put(w, refused, PAGE_B | TCE_RW) == status, "it is refused again");
	claim(put(w, refused, 0) == H_SUCCESS, "clearing it needs no memory");
	claim(holds(w, last, PAGE_A | TCE_RW), "the one before is as it was");
	claim(put(w, last, PAGE_B | TCE_READ) == H_SUCCESS, "and can be replaced");
	claim(put(w, last + 1, PAGE_B | TCE_RW) == H_SUCCESS, "its neighbour can be mapped");
	for (unsigned n = 0; n < TCE_LIST_MAX; n++)
		list[n] = be64(PAGE_A | TCE_RW);
	claim(hcall(H_PUT_TCE_INDIRECT, w->liobn, ioba, (uint64_t)list, TCE_LIST_MAX).status == status,
	      "a list of which half has no memory is refused");
	for (unsigned n = 0; n < TCE_LIST_MAX; n++)
		clear &= holds(w, across + n, 0);
	claim(clear, "and none of it was mapped");
	/* KVM stuffs no mapping anyway. */
	claim(hcall(H_STUFF_TCE, w->liobn, ioba, PAGE_A | TCE_RW, TCE_LIST_MAX).status != H_SUCCESS,
	      "so is stuffing the same entries");
	for (unsigned n = 0; n < TCE_LIST_MAX; n++)
		clear &= holds(w, across + n, 0);
	claim(clear, "and none of them was mapped");
}

static void others_go_on(void)
{
	const struct window def = { machine.window.liobn, machine.window.ioba };
	struct window no;
	int32_t status = create(PAGE_SHIFT + 20, &no);

	claim(status == -1 || status == -3, "a second window is refused: there is a status for no resources");
	if (bootargs_has("host"))		/* of which the default window needs some, too */
		return;
	claim(put(&def, 7, PAGE_A | TCE_RW) == H_SUCCESS, "the default window works all the same");
	claim(holds(&def, 7, PAGE_A | TCE_RW), "and keeps what was written");
}

/* Every entry of a window as large as was offered can be used. */
static void as_offered(uint64_t offer)
{
	struct window w;
	uint32_t shift = PAGE_SHIFT;
	uint64_t refused = 0;

	while (2ul << (shift - PAGE_SHIFT) <= offer)
		shift++;
	claim(create(shift, &w) == 0, "a window as large as was offered is made");
	for (uint64_t n = 0; n < TCE_LIST_MAX; n++)
		list[n] = be64((n & 1 ? PAGE_A : PAGE_B) | TCE_RW);
	for (uint64_t entry = 0; entry < 1ul << (shift - PAGE_SHIFT); entry += TCE_LIST_MAX)
		refused += hcall(H_PUT_TCE_INDIRECT, w.liobn, w.ioba + (entry << PAGE_SHIFT), (uint64_t)list,
				 TCE_LIST_MAX).status != H_SUCCESS;
	claim(refused == 0, "all of its entries can be mapped");
	claim(remove_window(&w) == 0, "it is removed");
}

static void time_after_time(void)
{
	uint32_t refused = 0;
	struct window w;

	for (unsigned n = 0; n < TIMES; n++) {
		if (create(WINDOW_SHIFT, &w) != 0) {
			refused++;
			continue;
		}
		refused += put(&w, 0, PAGE_A | TCE_RW) != H_SUCCESS || put(&w, 1ul << 30, PAGE_B | TCE_RW) != H_SUCCESS;
		refused += remove_window(&w) != 0;
	}
	claim(refused == 0, "windows can be made, used and removed time after time");
}

int main(void)
{
	int64_t expected = bootargs_has("host") ? H_HARDWARE : H_NOT_ENOUGH_RESOURCES, status = H_SUCCESS;
	struct window w;
	uint64_t offer, refused;

	query_token = rtas_token("ibm,query-pe-dma-window");
	create_token = rtas_token("ibm,create-pe-dma-window");
	remove_token = rtas_token("ibm,remove-pe-dma-window");
	if (query_token == 0 || strcmp(machine.model, "tcevm") != 0) {
		printf("this machine does not say how much its windows may take; nothing to check\n");
		return 0;
	}
	offer = offered();
	claim(create(WINDOW_SHIFT, &w) == 0, "a window of 2^31 entries is made");
	refused = fill(&w, &status);
	claim(status == expected, "filling it ends: %s", status_name(expected));
	claim(refused > 0, "not at once");
	if (status != H_SUCCESS && refused > 0) {
		nothing_half_done(&w, refused, status);
		others_go_on();
	}
	claim(remove_window(&w) == 0, "the window is removed");
	claim(offered() == offer, "a query offers what it did");
	if (!bootargs_has("host"))
		as_offered(offer);
	time_after_time();
	return claims_verdict();
}
