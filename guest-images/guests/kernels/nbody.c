/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Bodies that attract each other. A pass is one step in time, by the semi-implicit Euler method. */
#include "kernels.h"

#define BODIES	6
#define STEP	(1.0 / 1024)
#define SOFT	(1.0 / 64)		/* added to squares of distances: nothing is infinite */

static struct body {
	double at[3], speed[3], mass;
} bodies[BODIES];

/* -1 to 1, in steps of 2^-20 */
static double random_double(uint64_t *state)
{
	return (double)((int64_t)(next_random(state) >> 43) - (1 << 20)) / (1 << 20);
}

void prepare_nbody(uint64_t seed)
{
	for (size_t i = 0; i < BODIES; i++) {
		for (size_t k = 0; k < 3; k++) {
			bodies[i].at[k] = random_double(&seed);
			bodies[i].speed[k] = random_double(&seed) / 4;
		}
		bodies[i].mass = 1 + random_double(&seed) / 2;
	}
}

static void attract(struct body *a, struct body *b)
{
	double x = a->at[0] - b->at[0], y = a->at[1] - b->at[1], z = a->at[2] - b->at[2];
	double square = x * x + y * y + z * z + SOFT;
	double pull = STEP / (square * __builtin_sqrt(square));
	double of_a = a->mass * pull, of_b = b->mass * pull;

	a->speed[0] -= x * of_b;
	a->speed[1] -= y * of_b;
	a->speed[2] -= z * of_b;
	b->speed[0] += x * of_a;
	b->speed[1] += y * of_a;
	b->speed[2] += z * of_a;
}

static void step(void)
{
	for (size_t i = 0; i < BODIES; i++)
		for (size_t j = i + 1; j < BODIES; j++)
			attract(&bodies[i], &bodies[j]);
	for (size_t i = 0; i < BODIES; i++)
		for (size_t k = 0; k < 3; k++)
			bodies[i].at[k] += STEP * bodies[i].speed[k];
}

static uint64_t bits(double value)
{
	union { double value; uint64_t bits; } both = { value };

	return both.bits;
}

uint64_t run_nbody(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--)
		step();
	for (size_t i = 0; i < BODIES; i++)
		for (size_t k = 0; k < 3; k++)
			sum = mix(mix(sum, bits(bodies[i].at[k])), bits(bodies[i].speed[k]));
	return sum;
}
