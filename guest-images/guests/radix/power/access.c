/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Accesses that may take an interrupt, in either state. */
#include "radix.h"

static struct interrupted taken;

/* Keeps the first interrupt; goes on behind the instruction, or behind the branch when the fetch failed. */
static bool note(struct interrupted *program)
{
	if (program->vector == 0xc00) {		/* `sc 0` asks to be privileged again */
		program->msr &= ~(MSR_PR | MSR_EE);
		return true;
	}
	if (taken.vector == 0)
		taken = *program;
	bool fetch = program->vector == 0x400 || program->vector == 0x480;

	program->nip = fetch ? program->lr : program->nip + 4;
	return program->vector == 0x300 || program->vector == 0x380 || program->vector == 0x700 ||
	       program->vector == 0xf60 || fetch;
}

/* Code for both states: each ends with `sc 0` if r5 is 1, and returns. */
#define END	0x2c050001, 0x40820008, 0x44000002, 0x4e800020	/* cmpwi r5,1; bne +8; sc 0; blr */

static const uint32_t load[] = { 0x88830000, END };			/* lbz r4,0(r3) */
static const uint32_t store[] = { 0x98830000, END };			/* stb r4,0(r3) */
static const uint32_t fetch[] = { 0x7d2802a6, 0x7c6903a6,		/* mflr r9; mtctr r3 */
				  0x4e800421, 0x7d2803a6, END };	/* bctrl; mtlr r9 */

static uint32_t copies[8][32] __attribute__((aligned(128)));

/* Instructions that may be executed: data of the image is mapped executable. */
static const uint32_t *executable(const uint32_t *code, size_t words, unsigned n)
{
	for (size_t i = 0; i < words; i++)
		copies[n][i] = code[i];
	__asm__ volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync" : : "r"(copies[n]) : "memory");
	return copies[n];
}

static struct interrupted run(const uint32_t *code, uint64_t argument, uint64_t problem_state)
{
	uint64_t msr = problem_state ? mfmsr() | MSR_PR : mfmsr();

	catch_interrupts(note);
	taken.vector = 0;
	mtspr(22, INT64_MAX >> 8);	/* problem state comes with MSR[EE] */
	{
		register uint64_t r3 __asm__("r3") = argument;
		register uint64_t r4 __asm__("r4") = 0;
		register uint64_t r5 __asm__("r5") = problem_state;

		__asm__ volatile("mtctr %3; mtmsrd %4; bctrl"
				 : "+r"(r3), "+r"(r4), "+r"(r5) : "r"(code), "r"(msr)
				 : "r9", "r10", "lr", "ctr", "cr0", "memory");
	}
	return taken;
}

struct interrupted try_access(enum access access, uint64_t ea, bool problem_state)
{
	const uint32_t *code = access == LOAD    ? executable(load, sizeof(load) / 4, 0)
			       : access == STORE ? executable(store, sizeof(store) / 4, 1)
						 : executable(fetch, sizeof(fetch) / 4, 2);

	return run(code, ea, problem_state);
}

struct interrupted in_problem_state(uint32_t instruction)
{
	const uint32_t code[] = { instruction, END };

	return run(executable(code, sizeof(code) / 4, 3), 0, true);
}
