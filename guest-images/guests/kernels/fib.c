/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Fibonacci's numbers by their definition: calls and little else. */
#include "kernels.h"

#define N 23

void prepare_fib(uint64_t seed)
{
	(void)seed;
}

static __attribute__((noinline)) uint64_t fib(uint64_t n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t run_fib(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--)
		sum += fib(hide(N));
	return sum;
}
