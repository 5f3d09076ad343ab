/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Mandelbrot's set: a chain of multiplications and additions until a comparison ends it. */
#include "kernels.h"

#define WIDTH	96
#define HEIGHT	64
#define MOST	128

static double shift;

void prepare_mandelbrot(uint64_t seed)
{
	shift = (double)(int64_t)(seed % 64) / 4096;
}

static uint64_t iterations(double re, double im)
{
	double x = 0, y = 0;
	uint64_t n = 0;

	for (; n < MOST; n++) {
		double xx = x * x, yy = y * y;

		if (xx + yy > 4)
			break;
		y = 2 * x * y + im;
		x = xx - yy + re;
	}
	return n;
}

uint64_t run_mandelbrot(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--, shift += 1.0 / 4096)
		for (int32_t row = 0; row < HEIGHT; row++)
			for (int32_t column = 0; column < WIDTH; column++)
				sum = mix(sum, iterations(column / 32.0 - 2.25 + shift, row / 32.0 - 1));
	return sum;
}
