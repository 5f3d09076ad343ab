/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A platform: its kill is the bridge's, and it counts entries. -DDEAF leaves out kills of one entry, which a device notices.
 *
 *	cc -shared -fPIC -O2 -I . -o bridge.so bridge.c
 *	tcevm run --platform ./bridge.so --check dma
 */
#include "tcevm.h"

static uint64_t killed;

static void counting_kill(struct tcevm_bridge *bridge, const struct iommu_table *tbl, uint64_t entry, uint64_t pages)
{
	(void)tbl;
	if (!__atomic_fetch_add(&killed, pages, __ATOMIC_RELAXED))
		tcevm_log("the first entry is killed");
#ifdef DEAF
	if (pages == 1)
		return;
#endif
	tcevm_bridge_kill(bridge, entry, pages);
}

TCEVM_PLATFORM("counting", .tce_kill = counting_kill);
