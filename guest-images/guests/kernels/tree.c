/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A binary search tree, not balanced: linked structs in the order in which they were made. */
#include "kernels.h"

#define NODES 16384

static struct node {
	struct node *child[2];		/* keys below, and above */
	uint64_t key;
	uint64_t found;
} nodes[NODES];
static uint64_t keys[NODES];

void prepare_tree(uint64_t seed)
{
	for (size_t i = 0; i < NODES; i++)
		keys[i] = next_random(&seed);
}

/* Where the pointer to the key's node is, or would be. */
static struct node **find(struct node **at, uint64_t key)
{
	while (*at && (*at)->key != key)
		at = &(*at)->child[key > (*at)->key];
	return at;
}

static uint64_t walk(const struct node *node, uint64_t sum)
{
	if (!node)
		return sum;
	sum = mix(walk(node->child[0], sum), node->found);
	return walk(node->child[1], sum);
}

uint64_t run_tree(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--) {
		struct node *root = NULL;

		for (size_t i = 0; i < NODES; i++) {
			nodes[i] = (struct node){ .key = keys[i] };
			*find(&root, keys[i]) = &nodes[i];
		}
		for (size_t i = 0; i < NODES; i++)
			(*find(&root, keys[NODES - 1 - i]))->found = i + passes;
		sum = walk(root, sum);
	}
	return sum;
}
