/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Copies memory 16 bytes at a time, aligned and not. */
#include "kernels.h"

#define SIZE	16384
#define ROOM	64

typedef uint8_t bytes16 __attribute__((vector_size(16), aligned(1)));

static uint8_t from[SIZE + ROOM] __attribute__((aligned(64))), to[SIZE + ROOM] __attribute__((aligned(64)));

void prepare_copy(uint64_t seed)
{
	random_bytes(from, sizeof(from), seed);
}

static __attribute__((noinline)) void copy(uint8_t *target, const uint8_t *source)
{
	for (size_t i = 0; i < SIZE; i += 64) {
		bytes16 v0 = *(const bytes16 *)(source + i), v1 = *(const bytes16 *)(source + i + 16);
		bytes16 v2 = *(const bytes16 *)(source + i + 32), v3 = *(const bytes16 *)(source + i + 48);

		*(bytes16 *)(target + i) = v0;
		*(bytes16 *)(target + i + 16) = v1;
		*(bytes16 *)(target + i + 32) = v2;
		*(bytes16 *)(target + i + 48) = v3;
	}
}

/* The first copy of each pass is aligned. */
uint64_t run_copy(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--)
		for (size_t off = 0; off < 4; off++) {
			copy(to + off * 5, from + off * 4);
			sum = mix(sum, to[off * 5 + passes % SIZE]);
		}
	for (size_t i = 0; i < SIZE; i++)
		sum = mix(sum, to[i]);
	return sum;
}
