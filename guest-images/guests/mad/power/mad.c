/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Hostile drivers of the virtual I/O devices of the machine (`--disk`, `--net`): queues and buffer lists at bad bus
 * addresses, descriptors that loop, overlap or wrap, entries that are replaced while a device works, requests
 * after the end; then `calls=N` random calls from `seed=N`. Whatever they do, a device answers by LoPAR's rules
 * and touches only pages that are mapped, and writes only those that it may.
 */
#include "mad.h"

static uint64_t seed = 1;

uint64_t random_next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

uint64_t random_value(const struct vio *vio)
{
	uint64_t n = random_next();

	switch (n >> 60) {
	case 0: return 0;
	case 1: return n % 64;
	case 2: case 3: case 4: case 5: return page_at(n % ARENA_PAGES);
	case 6: return page_at(n % ARENA_PAGES) + n % 61;
	case 7: return page_at(ARENA_PAGES + n % LOCKED_PAGES);
	case 8: return NOWHERE + n % 16 * TCE_PAGE;
	case 9: return vio->window.size - n % 3 * 2048;
	case 10: return -(n % 4096);
	case 11: return 1ul << n % 64;
	case 12: return 0x80000000 | n % 4096;
	default: return n >> random_next() % 64;
	}
}

static void put(const struct vio *vio, uint64_t ioba, uint64_t tce)
{
	int64_t status = hcall(H_PUT_TCE, vio->window.liobn, ioba, tce).status;

	if (status != H_SUCCESS)
		fail("H_PUT_TCE of IOBA %#lx: %s", ioba, status_name(status));
}

void map_all(const struct vio *vio)
{
	for (uint64_t n = 0; n < vio->window.size / TCE_PAGE; n += TCE_LIST_MAX)
		hcall(H_STUFF_TCE, vio->window.liobn, n * TCE_PAGE, 0, TCE_LIST_MAX);
	for (unsigned n = 0; n < ARENA_PAGES; n++)
		put(vio, page_at(n), (uint64_t)page(n) | TCE_RW);
	for (unsigned n = ARENA_PAGES; n < ARENA_PAGES + LOCKED_PAGES; n++)
		put(vio, page_at(n), (uint64_t)page(n) | TCE_READ);
}

static const struct vio *volatile replaced;
static volatile unsigned replaced_from;
static volatile bool idle;

static void replacer(uint64_t unused)
{
	(void)unused;
	for (unsigned n = 0;; n++) {
		const struct vio *vio = replaced;
		unsigned count = ARENA_PAGES - replaced_from, to = replaced_from + n * 7 % count;

		idle = vio == NULL;
		if (vio)
			put(vio, page_at(replaced_from + n % count), n % 5 ? (uint64_t)page(to) | TCE_RW : 0);
	}
}

void replace_meanwhile(const struct vio *vio, unsigned first)
{
	static bool started, alone;

	replaced_from = first;
	replaced = vio;
	if (!started)
		alone = !start_cpu(1, replacer, 0);
	started = true;
	while (!alone && idle != (vio == NULL))
		;
}

static uint64_t pattern(const uint64_t *at)
{
	return (uint64_t)at * 0x9e3779b97f4a7c15;
}

static void fill(void)
{
	for (uint64_t *at = (uint64_t *)LOCKED; at < (uint64_t *)(CANARIES + CANARY_PAGES * TCE_PAGE); at++)
		*at = pattern(at);
}

static bool intact(uint64_t start, unsigned pages)
{
	for (const uint64_t *at = (const uint64_t *)start; at < (const uint64_t *)(start + pages * TCE_PAGE); at++)
		if (*at != pattern(at))
			return false;
	return true;
}

static void random_calls(const struct vio *vio, int64_t (*call)(const struct vio *), const char *name)
{
	uint64_t calls = bootargs_number("calls", 2000);
	bool known = true;

	map_all(vio);
	replace_meanwhile(vio, ARENA_PAGES / 2);
	for (uint64_t n = 0; n < calls && known; n++) {
		int64_t status = call(vio);

		known = status == H_LONG_BUSY_ORDER_10_MSEC || status_name(status)[2] != '?';
		if (!known)
			printf("call %lu: status %ld\n", n, status);
	}
	replace_meanwhile(NULL, 0);
	claim(known, "%s: each of %lu random calls has a status of PAPR's", name, calls);
}

int main(void)
{
	const struct vio *lan = &machine.lan, *scsi = &machine.scsi;

	seed = bootargs_number("seed", 1) * 0x9e3779b97f4a7c15 | 1;
	if (machine.memory_size < NEEDED_MEMORY)
		fail("%lu MiB of memory are needed", NEEDED_MEMORY >> 20);
	if (!lan->unit && !scsi->unit) {
		printf("there is no device; give --disk FILE and --net BACKEND\n");
		return 0;
	}
	fill();
	if (scsi->unit) {
		scsi_claims(scsi);
		random_calls(scsi, scsi_random, "v-scsi");
		while (hcall(H_FREE_CRQ, scsi->unit).status != H_SUCCESS)
			;
	}
	if (lan->unit) {
		lan_claims(lan);
		random_calls(lan, lan_random, "l-lan");
		hcall(H_FREE_LOGICAL_LAN, lan->unit);
	}
	claim(intact(CANARIES, CANARY_PAGES), "pages that were never mapped are as they were");
	claim(intact(LOCKED, LOCKED_PAGES), "pages that devices may only read are as they were");
	return claims_verdict();
}
