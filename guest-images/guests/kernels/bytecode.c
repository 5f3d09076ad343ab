/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* An interpreter's loop: each instruction ends with a jump to the next one's code, through a table. */
#include "kernels.h"

enum { CONSTANT, MOVE, ADD, MULTIPLY, HALVE, IF_EVEN, IF_ONE, IF_LESS, JUMP, END };

/* Of registers r[a], r[b], or a number b; a jump's target is b. */
struct instruction {
	uint8_t code, a, b;
};

enum { N, STEPS, START, LIMIT, ONE, THREE, REGISTERS };

/* The sum of the lengths of Collatz's sequences from 1 up to LIMIT. */
static const struct instruction program[] = {
	{ CONSTANT, STEPS, 0 },
	{ CONSTANT, START, 1 },
	{ CONSTANT, ONE, 1 },
	{ CONSTANT, THREE, 3 },
	/* 4: the next start */
	{ MOVE, N, START },
	/* 5: a step */
	{ IF_ONE, N, 12 },
	{ ADD, STEPS, ONE },
	{ IF_EVEN, N, 10 },
	{ MULTIPLY, N, THREE },
	{ ADD, N, ONE },		/* an odd number's next is even, and is halved at once */
	/* 10 */
	{ HALVE, N, 0 },
	{ JUMP, 0, 5 },
	/* 12: the end of a sequence */
	{ ADD, START, ONE },
	{ IF_LESS, START, 4 },
	{ END, STEPS, 0 },
};

static uint64_t limit;

void prepare_bytecode(uint64_t seed)
{
	limit = 1000 + seed % 1000;
}

static uint64_t interpret(const struct instruction *code, uint64_t most)
{
	static const void *const labels[] = {
		&&constant, &&move, &&add, &&multiply, &&halve, &&if_even, &&if_one, &&if_less, &&jump, &&end,
	};
	uint64_t r[REGISTERS] = { [LIMIT] = most };
	const struct instruction *at = code;

#define NEXT		goto *labels[at->code]
#define STEP		do { at++; NEXT; } while (0)
#define BRANCH(taken)	do { at = (taken) ? code + at->b : at + 1; NEXT; } while (0)
	NEXT;
constant:
	r[at->a] = at->b;
	STEP;
move:
	r[at->a] = r[at->b];
	STEP;
add:
	r[at->a] += r[at->b];
	STEP;
multiply:
	r[at->a] *= r[at->b];
	STEP;
halve:
	r[at->a] >>= 1;
	STEP;
if_even:
	BRANCH(r[at->a] % 2 == 0);
if_one:
	BRANCH(r[at->a] == 1);
if_less:
	BRANCH(r[at->a] < r[LIMIT]);
jump:
	BRANCH(true);
end:
	return r[at->a];
}

uint64_t run_bytecode(uint64_t passes)
{
	uint64_t sum = 0;

	for (; passes > 0; passes--)
		sum = mix(sum, interpret(program, limit + passes));
	return sum;
}
