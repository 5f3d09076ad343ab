/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Two CPUs: start and stop (LoPAR 2.9, start-cpu, stop-self, query-cpu-stopped-state), interrupts from one to the other,
 * atomic updates of what they share, and their clocks. Give the machine at least two.
 */
#include "cpus.h"

#define STOPPED	0
#define RUNS	2

static void (*volatile given)(void);

void give(void (*work)(void))
{
	given = work;
}

bool is_done(void)
{
	return given == NULL;
}

static uint32_t stop_token;

/* The work of CPU 1 while it runs. */
static void serve(uint64_t argument)
{
	mtspr(22, INT64_MAX >> 8);
	*(volatile uint64_t *)argument = mfmsr();
	for (;;) {
		if (given) {
			given();
			given = NULL;
		}
		__asm__ volatile("" : : : "memory");
	}
}

/* CPU_status of query-cpu-stopped-state; negative: the status of the call. */
static int state(uint32_t cpu)
{
	uint32_t block[6] = { be32(rtas_token("query-cpu-stopped-state")), be32(1), be32(2), be32(cpu) };
	int32_t status;

	__asm__ volatile("" : : "r"(block) : "memory");
	hcall(H_RTAS, (uint64_t)block);
	__asm__ volatile("" : : "r"(block) : "memory");
	status = (int32_t)be32(block[4]);
	return status ? status : (int)be32(block[5]);
}

static void stop_self(void)
{
	given = NULL;
	rtas(stop_token, 0, NULL);
	fail("stop-self returned");
}

static volatile uint64_t msr_of_other, unused;

static void life(void)
{
	stop_token = rtas_token("stop-self");
	claim(state(0) == RUNS, "CPU 0 runs");
	claim(state(1) == STOPPED, "CPU 1 is stopped");
	claim(state(1000) < 0, "the state of a CPU that is not there cannot be told");
	claim(start_cpu(1, serve, (uint64_t)&msr_of_other), "CPU 1 can be started");
	claim(BECOMES(msr_of_other != 0), "CPU 1 runs its function");
	claim((msr_of_other & (MSR_EE | MSR_PR | MSR_IR | MSR_DR)) == 0,
	      "CPU 1 started in real mode, privileged, with interrupts off");
	claim(state(1) == RUNS, "CPU 1 is not stopped any more");
	claim(!start_cpu(1, serve, (uint64_t)&unused), "a CPU that runs cannot be started");
	claim(!start_cpu(0, serve, (uint64_t)&unused), "nor can the one that asks");
	give(stop_self);
	claim(BECOMES(state(1) == STOPPED), "CPU 1 stops itself");
	msr_of_other = 0;
	claim(start_cpu(1, serve, (uint64_t)&msr_of_other), "CPU 1 can be started again");
	claim(BECOMES(msr_of_other != 0), "and runs again");
}

static volatile uint64_t latest;
static volatile bool back;

/* Each takes the other's latest time, and must not see an earlier one. */
static void compare_clocks(void)
{
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t seen = latest, now;

		__asm__ volatile("sync" : : : "memory");
		now = timebase();
		if (now < seen)
			back = true;
		latest = now;
	}
}

int main(void)
{
	if (machine.cpus < 2)
		fail("the machine has one CPU; give it two (tcevm: --smp 2, QEMU: -smp 2)");
	life();
	interrupts();
	atomics();
	give(compare_clocks);
	compare_clocks();
	claim(BECOMES(is_done()) && !back, "the timebases of the CPUs agree");
	return claims_verdict();
}
