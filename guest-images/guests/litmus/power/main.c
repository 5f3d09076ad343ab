/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Litmus tests: programs of two to four CPUs on shared storage, and outcomes that the book forbids. A round is one cell; a batch
 * of cells has no barrier in between, so that the CPUs run into one another in every way that the machine has.
 * `--append batches=N` makes more rounds; four CPUs run every test.
 */
#include "litmus.h"

#define CELLS	512

static struct cell cells[CELLS];
static struct seen seen[CELLS];

/* The CPUs that run. One that no test has needed yet is stopped, and takes no time of the host. */
static unsigned running = 1;

/* The work of the other CPUs, the number of its turn, and the turn that each of them has done. */
static void (*volatile given)(unsigned cpu);
static volatile unsigned workers;
static volatile uint64_t turn, done[MOST_CPUS];

static void serve(uint64_t cpu)
{
	for (uint64_t last = done[cpu];; ) {
		while (turn == last)
			__asm__ volatile("" : : : "memory");
		last = turn;
		sync();
		if (cpu < workers)
			given((unsigned)cpu);
		sync();
		done[cpu] = last;
	}
}

void together(unsigned cpus, void (*work)(unsigned cpu))
{
	for (; running < cpus; running++) {
		done[running] = turn;
		claim(start_cpu(running, serve, running), "CPU %u starts", running);
	}
	given = work;
	workers = cpus;
	sync();
	turn++;
	work(0);
	for (unsigned cpu = 1; cpu < running; cpu++)
		while (done[cpu] != turn)
			__asm__ volatile("" : : : "memory");
	sync();
}

static const struct litmus *test;
static uint64_t batch;

/* Runs a CPU's part in every cell, with small gaps that differ between CPUs, cells and batches. */
static void play(unsigned cpu)
{
	uint64_t random = batch * MOST_CPUS + cpu;

	for (unsigned n = 0; n < CELLS; n++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		for (unsigned gap = random >> 60; gap > 0; gap--)
			__asm__ volatile("" : : : "memory");
		test->run[cpu](&cells[n], &seen[n]);
	}
}

/* The number of rounds with the outcome that the test is about. */
static uint64_t count(const struct litmus *which, uint64_t batches)
{
	uint64_t found = 0;

	test = which;
	for (batch = 0; batch < batches; batch++) {
		memset(cells, 0, sizeof(cells));
		memset(seen, 0, sizeof(seen));
		together(test->cpus, play);
		for (unsigned n = 0; n < CELLS; n++)
			found += test->forbidden(&cells[n], &seen[n]);
	}
	return found;
}

int main(void)
{
	uint64_t batches = bootargs_number("batches", 32);

	if (machine.cpus < 2)
		fail("the machine has one CPU; give it two or four (tcevm: --smp 4, QEMU: -smp 4)");
	locks();
	printf("NOTE: SB without barriers, which is allowed: %lu of %lu rounds\n", count(&unordered, batches), batches * CELLS);
	for (size_t n = 0; n < litmus_tests; n++) {
		const struct litmus *which = &litmus[n];
		uint64_t found;

		if (which->cpus > machine.cpus) {
			printf("SKIP: %s: the machine has fewer than %u CPUs\n", which->name, which->cpus);
			continue;
		}
		found = count(which, batches);
		claim(found == 0, "%s: %lu of %lu rounds", which->name, found, batches * CELLS);
	}
	return claims_verdict();
}
