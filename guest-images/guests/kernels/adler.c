/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Adler-32 (RFC 1950, 8.2): two sums of bytes, modulo a prime. */
#include "kernels.h"

#define SIZE	32768
#define PRIME	65521
#define MOST	4096		/* bytes before a remainder is due: the sums stay below 2^32 */

static uint8_t bytes[SIZE];

void prepare_adler(uint64_t seed)
{
	random_bytes(bytes, SIZE, seed);
}

static uint32_t adler(uint32_t sum)
{
	uint32_t a = sum & 0xffff, b = sum >> 16;

	for (size_t at = 0; at < SIZE; at += MOST) {
		for (size_t i = 0; i < MOST; i++) {
			a += bytes[at + i];
			b += a;
		}
		a %= PRIME;
		b %= PRIME;
	}
	return b << 16 | a;
}

uint64_t run_adler(uint64_t passes)
{
	uint32_t sum = 1;

	for (; passes > 0; passes--)
		sum = adler(sum);
	return sum;
}
