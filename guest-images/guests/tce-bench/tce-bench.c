/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Times the TCE hypercalls and a few integer loops with the timebase. One line each, for programs:
 *     bench NAME ns_per_call=N.NN [ns_per_entry=N.NN]
 *     bench NAME mips=N.NN
 * Each is the best of many short rounds: what else the host does can only make a round longer.
 * Names among the boot arguments choose what is run; without any, everything is.
 */
#include "bench.h"

#define BUDGET_MS	100	/* of rounds for each bench */
#define LEAST_ROUNDS	5

static uint64_t best_round(const struct bench *bench)
{
	uint64_t end = timebase() + (uint64_t)machine.timebase_hz * BUDGET_MS / 1000;
	uint64_t best = UINT64_MAX;

	for (unsigned round = 0; round < LEAST_ROUNDS || timebase() < end; round++) {
		uint64_t start, ticks;
		bool right;

		if (bench->prepare)
			bench->prepare(bench->times);
		start = timebase();
		right = bench->run(bench->times);
		ticks = timebase() - start;
		if (!right)
			fail("%s: a wrong answer", bench->name);
		if (ticks < best)
			best = ticks;
	}
	return best;
}

/* value / divisor with two decimals */
static void print_ratio(const char *what, uint64_t value, uint64_t divisor)
{
	uint64_t hundredths = value * 100 / divisor;

	printf(" %s=%lu.%02lu", what, hundredths / 100, hundredths % 100);
}

static void run(const struct bench *bench)
{
	uint64_t ticks = best_round(bench);

	printf("bench %s", bench->name);
	if (bench->insns) {
		uint64_t insns = *bench->insns * bench->times;

		print_ratio("mips", insns * (machine.timebase_hz / 1000) / 1000, ticks);
	} else {
		uint64_t ns = ticks * 1000000000 / machine.timebase_hz;

		print_ratio("ns_per_call", ns, bench->times);
		if (bench->entries > 1)
			print_ratio("ns_per_entry", ns, bench->times * bench->entries);
	}
	printf("\n");
}

int main(void)
{
	bool chosen = false;

	if (machine.timebase_hz == 0)
		fail("the device tree has no timebase-frequency");
	prepare_benches();
	for (const struct bench *bench = benches; bench->name; bench++)
		chosen |= bootargs_has(bench->name);
	for (const struct bench *bench = benches; bench->name; bench++)
		if (!chosen || bootargs_has(bench->name))
			run(bench);
	return 0;
}
