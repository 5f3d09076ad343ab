/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Follows pointers through 1 MiB: each load waits for the one before. */
#include "kernels.h"

#define COUNT	((1 << 20) / sizeof(struct node))

static struct node {
	struct node *next;
} nodes[1 << 17];

/* Sattolo's shuffle: a permutation that is one cycle. */
void prepare_chase(uint64_t seed)
{
	for (size_t i = 0; i < COUNT; i++)
		nodes[i].next = &nodes[i];
	for (size_t i = COUNT - 1; i > 0; i--) {
		size_t other = next_random(&seed) % i;
		struct node *next = nodes[i].next;

		nodes[i].next = nodes[other].next;
		nodes[other].next = next;
	}
}

/* A pass is a quarter of a cycle and one step. */
uint64_t run_chase(uint64_t passes)
{
	const struct node *at = nodes;
	uint64_t sum = 0;

	for (; passes > 0; passes--) {
		for (size_t i = 0; i <= COUNT / 4; i++)
			at = at->next;
		sum = mix(sum, (uint64_t)(at - nodes));
	}
	return sum;
}
