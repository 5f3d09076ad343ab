/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Multiplies numbers of many words, as it is done at school. */
#include "kernels.h"

#define WORDS 64

static uint64_t left[WORDS], right[WORDS], product[2 * WORDS];	/* the lowest word first */

void prepare_bignum(uint64_t seed)
{
	for (size_t i = 0; i < WORDS; i++) {
		left[i] = next_random(&seed);
		right[i] = next_random(&seed);
	}
}

/* to += from * factor; returns the carry. */
static uint64_t add_multiple(uint64_t *to, const uint64_t *from, uint64_t factor)
{
	uint64_t carry = 0;

	for (size_t i = 0; i < WORDS; i++) {
		unsigned __int128 sum = (unsigned __int128)from[i] * factor + to[i] + carry;

		to[i] = (uint64_t)sum;
		carry = (uint64_t)(sum >> 64);
	}
	return carry;
}

static void multiply(void)
{
	for (size_t i = 0; i < 2 * WORDS; i++)
		product[i] = 0;
	for (size_t i = 0; i < WORDS; i++)
		product[WORDS + i] = add_multiple(product + i, left, right[i]);
}

/* The middle of each product is a factor of the next one. */
uint64_t run_bignum(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--) {
		multiply();
		for (size_t i = 0; i < WORDS; i++) {
			left[i] = product[WORDS / 2 + i];
			sum = mix(sum, left[i]);
		}
	}
	return sum;
}
