/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* y += a * x of vectors that fit a cache. */
#include "kernels.h"

#define COUNT 2048

static double x[COUNT], y[COUNT];	/* whole numbers, so that rounding changes nothing */

void prepare_daxpy(uint64_t seed)
{
	for (size_t i = 0; i < COUNT; i++) {
		x[i] = (double)(int64_t)(next_random(&seed) % 1024);
		y[i] = 0;
	}
}

static __attribute__((noinline)) void daxpy(double a)
{
	for (size_t i = 0; i < COUNT; i++)
		y[i] = multiply_add(a, x[i], y[i]);
}

uint64_t run_daxpy(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--)
		daxpy(passes % 4 == 0 ? -3 : (double)(passes % 4));
	for (size_t i = 0; i < COUNT; i++)
		sum = mix(sum, (uint64_t)(int64_t)y[i]);
	return sum;
}
