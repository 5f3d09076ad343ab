/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A product of matrices. The inner loop runs along rows, so that compilers make vectors of it. */
#include "kernels.h"

#define SIZE 64

static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];	/* whole numbers: every sum is exact in any order */

void prepare_matmul(uint64_t seed)
{
	for (size_t i = 0; i < SIZE; i++)
		for (size_t j = 0; j < SIZE; j++) {
			a[i][j] = (double)(int64_t)(next_random(&seed) % 256);
			b[i][j] = (double)(int64_t)(next_random(&seed) % 256);
		}
}

static __attribute__((noinline)) void multiply(void)
{
	for (size_t i = 0; i < SIZE; i++) {
		for (size_t j = 0; j < SIZE; j++)
			c[i][j] = 0;
		for (size_t k = 0; k < SIZE; k++)
			for (size_t j = 0; j < SIZE; j++)
				c[i][j] = multiply_add(a[i][k], b[k][j], c[i][j]);
	}
}

uint64_t run_matmul(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--) {
		multiply();
		for (size_t i = 0; i < SIZE; i++) {
			sum = mix(sum, (uint64_t)(int64_t)c[i][SIZE - 1 - i]);
			a[i][i] = (double)(int64_t)(sum >> 56);
		}
	}
	return sum;
}
