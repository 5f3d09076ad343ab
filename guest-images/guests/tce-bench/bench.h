/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef BENCH_H
#define BENCH_H

#include "guest.h"

struct bench {
	const char *name;
	bool (*run)(size_t times);	/* false: an answer was wrong */
	size_t times;			/* calls, or iterations, in one round */
	size_t entries;			/* TCEs that one call writes */
	void (*prepare)(size_t times);	/* before each round, not timed */
	const uint64_t *insns;		/* of one iteration of a loop; NULL for a hypercall */
};

extern const struct bench benches[];	/* ends with a nameless one */

void prepare_benches(void);

#endif
