/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* CPUs other than the first. They start with the machine's page tables and GDT, and load this image's IDT. */
#include "x86.h"

#define MOST_CPUS	8
#define STACK_BYTES	8192

/* The block that a CPU gets at its start; start.S reads the first three. */
struct start {
	uint64_t stack;
	void (*enter)(const struct start *);
	const struct start *self;
	void (*function)(uint64_t);
	uint64_t argument;
};

extern const char start_other[];

static void enter(const struct start *start)
{
	load_interrupts();
	start->function(start->argument);
	fail("the function of a CPU returned");
}

bool start_cpu(uint32_t cpu, void (*function)(uint64_t), uint64_t argument)
{
	static uint8_t stacks[MOST_CPUS][STACK_BYTES] __attribute__((aligned(16)));
	static struct start starts[MOST_CPUS];
	struct start *start = &starts[cpu % MOST_CPUS];

	if (cpu == 0 || cpu >= MOST_CPUS || cpu >= machine.cpus)
		return false;
	*start = (struct start){ (uint64_t)(stacks[cpu] + STACK_BYTES), enter, start, function, argument };
	return rtas(machine.rtas_start_cpu, 3,
		    (uint32_t[]){ cpu, (uint32_t)(uint64_t)start_other, (uint32_t)(uint64_t)start }) == 0;
}
