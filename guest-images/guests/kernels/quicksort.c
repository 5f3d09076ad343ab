/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Sorts integers in place: comparisons whose outcome no CPU can predict. */
#include "kernels.h"

#define COUNT 65536

static int32_t values[COUNT];
static uint64_t state;

void prepare_quicksort(uint64_t seed)
{
	state = seed;
}

/* Hoare's partition: what is below the pivot, or equal, goes to the left. Returns the last place of the left part. */
static int32_t *partition(int32_t *left, int32_t *right)
{
	int32_t pivot = left[(right - left) / 2];

	for (;; left++, right--) {
		while (*left < pivot)
			left++;
		while (*right > pivot)
			right--;
		if (left >= right)
			return right;
		int32_t value = *left;

		*left = *right;
		*right = value;
	}
}

/* From first to last inclusive. The smaller part is sorted by a call, so that calls are few. */
static void quicksort(int32_t *first, int32_t *last)
{
	while (first < last) {
		int32_t *middle = partition(first, last);

		if (middle - first < last - middle) {
			quicksort(first, middle);
			first = middle + 1;
		} else {
			quicksort(middle + 1, last);
			last = middle;
		}
	}
}

uint64_t run_quicksort(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--) {
		for (size_t i = 0; i < COUNT; i++)
			values[i] = (int32_t)(next_random(&state) >> 32);
		quicksort(values, values + COUNT - 1);
		for (size_t i = 0; i < COUNT; i += 16)
			sum = mix(sum, (uint32_t)values[i]);
	}
	return sum;
}
