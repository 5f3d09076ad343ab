/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Eratosthenes' sieve of the odd numbers: strides of any length through 4 MiB. */
#include "kernels.h"

#define COUNT	(1u << 22)

static uint8_t composite[COUNT];	/* [i]: of 2 * i + 1 */

void prepare_sieve(uint64_t seed)
{
	(void)seed;
}

/* How many primes there are below 2 * COUNT. */
static uint64_t primes(void)
{
	uint64_t found = 1;		/* 2 */

	for (size_t i = 0; i < COUNT; i++)
		composite[i] = 0;
	for (size_t i = 1; i < COUNT; i++) {
		size_t prime = 2 * i + 1;

		if (composite[i])
			continue;
		found++;
		for (size_t at = prime * prime / 2; at < COUNT; at += prime)
			composite[at] = 1;
	}
	return found;
}

uint64_t run_sieve(uint64_t passes)
{
	uint64_t found = 0;

	for (; passes > 0; passes--)
		found += primes();
	return found;
}
