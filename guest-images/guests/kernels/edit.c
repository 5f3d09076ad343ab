/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The edit distance of two texts (Wagner and Fischer), a row of the matrix at a time. */
#include "kernels.h"

#define LENGTH 768

static uint8_t left[LENGTH], right[LENGTH];
static int32_t row[LENGTH + 1];

void prepare_edit(uint64_t seed)
{
	random_bytes(left, LENGTH, seed);
	random_bytes(right, LENGTH, ~seed);
}

static int32_t least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

/* The row below: `c` is the character of `left` that belongs to it. */
static void next_row(int32_t number, uint8_t c)
{
	int32_t diagonal = row[0];

	row[0] = number;
	for (size_t j = 1; j <= LENGTH; j++) {
		int32_t above = row[j];
		int32_t change = diagonal + ((c ^ right[j - 1]) % 4 != 0);

		row[j] = least(least(above, row[j - 1]) + 1, change);
		diagonal = above;
	}
}

uint64_t run_edit(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--) {
		for (int32_t j = 0; j <= LENGTH; j++)
			row[j] = j;
		for (int32_t i = 0; i < LENGTH; i++)
			next_row(i + 1, left[i]);
		sum = mix(sum, (uint64_t)row[LENGTH]);
		left[passes % LENGTH]++;
	}
	return sum;
}
