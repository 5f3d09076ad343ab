/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A hash table with linear probing, half full. */
#include "kernels.h"

#define BITS	15
#define SLOTS	(1u << BITS)
#define KEYS	(SLOTS / 2)

static struct slot {
	uint64_t key;			/* 0: the slot is free */
	uint64_t value;
} slots[SLOTS];
static uint64_t keys[2 * KEYS];		/* the second half is looked up, and not there */

void prepare_hash(uint64_t seed)
{
	for (size_t i = 0; i < 2 * KEYS; i++)
		keys[i] = next_random(&seed);
}

/* The slot of the key, or the free one where it belongs (Fibonacci hashing). */
static struct slot *find(uint64_t key)
{
	size_t at = key * 0x9e3779b97f4a7c15 >> (64 - BITS);

	while (slots[at].key != 0 && slots[at].key != key)
		at = (at + 1) % SLOTS;
	return &slots[at];
}

uint64_t run_hash(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--) {
		for (size_t i = 0; i < SLOTS; i++)
			slots[i].key = 0;
		for (size_t i = 0; i < KEYS; i++)
			*find(keys[i]) = (struct slot){ keys[i], i + passes };
		for (size_t i = 0; i < 2 * KEYS; i++) {
			const struct slot *slot = find(keys[i]);

			sum = mix(sum, slot->key != 0 ? slot->value : i);
		}
	}
	return sum;
}
