/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Runs the kernels one after another. The first line gives the unit of time, and each kernel prints one more:
 *     ticks_per_second N
 *     kernel NAME CHECKSUM TICKS
 * Names among the arguments choose what is run; without any, everything is. `untimed` leaves the times out, so that
 * the output is the same everywhere; `passes=N` sets how often each does its work; `seed=N` makes other data.
 */
#include "kernels.h"

#define ROW(name, passes) { #name, prepare_##name, run_##name, passes }

const struct kernel kernels[] = {
	ROW(quicksort, 3),	/* integers */
	ROW(hash, 20),		/* insertions, and look-ups that hit and miss */
	ROW(chase, 96),		/* pointers, through 1 MiB in random order */
	ROW(bytecode, 16),	/* an interpreter's loop: indirect branches */
	ROW(strings, 240),	/* byte loops: length, comparison, search */
	ROW(bignum, 1200),	/* 64x64 -> 128 bits, and carries */
	ROW(sha256, 240),
	ROW(adler, 640),		/* a byte loop with a remainder */
	ROW(sieve, 1),		/* strides through 4 MiB */
	ROW(edit, 4),		/* dynamic programming: the edit distance */
	ROW(fib, 32),		/* calls */
	ROW(tree, 6),		/* a binary search tree: insertions, look-ups, a recursive walk */
	ROW(daxpy, 800),	/* vectors of doubles */
	ROW(mandelbrot, 3),	/* scalar doubles */
	ROW(nbody, 8000),	/* scalar doubles, with division and square root */
	ROW(matmul, 6),		/* a product of matrices of doubles, in vectors */
	ROW(copy, 500),		/* 16 bytes at a time, aligned and not */
	{ 0 },
};

void random_bytes(uint8_t *to, size_t size, uint64_t seed)
{
	while (size-- > 0)
		*to++ = (uint8_t)(next_random(&seed) >> 32);
}

static void run(const struct kernel *kernel, bool timed)
{
	uint64_t passes = number_of("passes", kernel->passes);
	uint64_t start, end, sum;

	kernel->prepare(number_of("seed", 1) | 1ull << 32);
	start = ticks();
	sum = kernel->run(passes);
	end = ticks();
	printf("kernel %s %016lx", kernel->name, (unsigned long)sum);
	if (timed)
		printf(" %lu", (unsigned long)(end - start));
	printf("\n");
}

int run_kernels(void)
{
	bool timed = !has_word("untimed"), chosen = false;

	for (const struct kernel *kernel = kernels; kernel->name; kernel++)
		chosen |= has_word(kernel->name);
	if (timed)
		printf("ticks_per_second %lu\n", (unsigned long)ticks_per_second());
	for (const struct kernel *kernel = kernels; kernel->name; kernel++)
		if (!chosen || has_word(kernel->name))
			run(kernel, timed);
	return 0;
}
