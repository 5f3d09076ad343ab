/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Interrupts that instructions cause in real mode: their vectors, and what SRR0, SRR1, DAR, DSISR and SIAR say
 * (Power ISA 3.0B, Book III, 6.5). Those of translation and problem state are in the guest `radix`.
 */
#include "interrupts.h"

static struct interrupted last;
static volatile unsigned taken;

/* Goes on behind the instruction; behind the branch, when it is the fetch that failed. */
static bool note(struct interrupted *program)
{
	last = *program;
	taken++;
	program->msr &= ~(MSR_SE | MSR_BE | MSR_EE);	/* once is enough */
	switch (program->vector) {
	case 0x200:
	case 0x300:
	case 0x600:
	case 0x700:
	case 0x800:
	case 0xf20:
	case 0xf40:
	case 0xf60:
		program->nip += 4;
		return true;
	case 0x900:
		mtspr(22, INT64_MAX >> 8);
		return true;
	default:
		return program->vector == 0xc00 || program->vector == 0xd00;
	}
}

/* Runs some instructions with a value in r3; `at` becomes the address of the label 1. */
#define RUN(code, r3_) do {								\
	register uint64_t r3 __asm__("r3") = (uint64_t)(r3_);				\
	__asm__ volatile("bcl 20,31,2f; 2: mflr %0; addi %0,%0,1f-2b;" code		\
			 : "=&b"(at), "+r"(r3) : : "lr", "cr0", "r4", "r5", "r31", "memory");\
} while (0)

static uint64_t at;

/* Takes one interrupt, and claims its vector and its place. */
static void took(const char *what, uint64_t vector, uint64_t place)
{
	claim(taken == 1 && last.vector == vector, "%s: interrupt %#lx", what, vector);
	claim(last.nip == place, "%s: SRR0 is its address", what);
	claim((last.msr & (MSR_SF | MSR_LE | MSR_ME)) == (mfmsr() & (MSR_SF | MSR_LE | MSR_ME)),
	      "%s: SRR1 has the MSR", what);
	taken = 0;
}

#define PROGRAM_BITS	(BIT(43) | BIT(44) | BIT(45) | BIT(46))

static void program(void)
{
	RUN("1: .long 0", 0);
	took("word 0", 0x700, at);
	claim((last.msr & PROGRAM_BITS) == BIT(44), "word 0: SRR1 says illegal");
	RUN("1: .long 0x12345678", 0);
	took("a word that is no instruction", 0x700, at);
	claim((last.msr & PROGRAM_BITS) == BIT(44), "a word that is no instruction: SRR1 says illegal");
	RUN("1: trap", 0);
	took("trap", 0x700, at);
	claim((last.msr & PROGRAM_BITS) == BIT(46), "trap: SRR1 says trap");
	RUN("1: tdnei 3,5", 6);
	took("tdnei 5 with 6", 0x700, at);
	RUN("1: tdnei 3,5", 5);
	claim(taken == 0, "tdnei 5 with 5: none");
}

static void alignment(void)
{
	static uint64_t quad[4] __attribute__((aligned(16)));
	uint64_t odd = (uint64_t)quad + 1;

	RUN("1: lwarx 4,0,3", odd);
	took("lwarx misaligned", 0x600, at);
	claim(last.dar == odd, "lwarx misaligned: DAR is the operand's address");
	RUN("1: ldarx 4,0,3", odd + 3);
	took("ldarx misaligned", 0x600, at);
	RUN("1: .long 0xbbe30000", quad);
	if (mfmsr() & MSR_LE)
		took("lmw in little-endian", 0x600, at);
	else
		claim(taken == 0, "lmw in big-endian: none");
	RUN("1: .long 0x7c8344aa", quad);
	if (mfmsr() & MSR_LE)
		took("lswi in little-endian", 0x600, at);
	else
		claim(taken == 0, "lswi in big-endian: none");
}

static void machine_check(void)
{
	claim_of_tcevm((mfmsr() & MSR_ME) != 0, "MSR[ME] is 1");
	mtmsr(mfmsr() & ~MSR_ME);
	claim_of_tcevm((mfmsr() & MSR_ME) != 0, "a guest cannot clear MSR[ME]");
	RUN("1: lbz 4,0(3)", -4ull);
	claim_of_tcevm(taken == 1 && last.vector == 0x200, "load where no memory is: machine check");
	claim_of_tcevm(last.nip == at && last.dar == -4ull, "load where no memory is: SRR0 and DAR");
	claim_of_tcevm((last.msr & BIT(42)) != 0, "load where no memory is: SRR1 says data side");
	taken = 0;
}

static void system_call(void)
{
	RUN("1: sc 0", 0);
	took("sc 0", 0xc00, at + 4);
	claim((last.msr & (BIT(42) | BIT(43) | BIT(44) | BIT(45) | BIT(46))) == 0, "sc 0: SRR1 has no cause");
}

static void unavailable(void)
{
	mtmsr(mfmsr() & ~(MSR_FP | MSR_VEC | MSR_VSX));
	RUN("1: .long 0xfc20082a", 0);		/* fadd 1,0,1 */
	took("floating point while MSR[FP] is 0", 0x800, at);
	RUN("1: .long 0x10210800", 0);		/* vaddubm 1,1,1 */
	took("VMX while MSR[VEC] is 0", 0xf20, at);
	RUN("1: .long 0xf0210cd0", 0);		/* xxlxor 1,1,1 */
	took("VSX while MSR[VSX] is 0", 0xf40, at);
	mtspr(153, mfspr(153) & ~(1ull << 12));	/* FSCR[SCV] */
	RUN("1: .long 0x44000001", 0);		/* scv 0 */
	took("scv while FSCR[SCV] is 0", 0xf60, at);
	claim(mfspr(153) >> 56 == 12, "scv while FSCR[SCV] is 0: FSCR[IC] is 12");
}

static void trace(void)
{
	uint64_t msr = mfmsr();

	RUN("mtmsrd 3; 1: nop", msr | MSR_SE);
	took("single step", 0xd00, at + 4);
	claim_of_tcevm(mfspr(796) == at, "single step: SIAR is the instruction");
	RUN("mtmsrd 3; 1: b 3f; nop; 3:", msr | MSR_SE);
	took("single step of a branch", 0xd00, at + 8);
	RUN("mtmsrd 3; nop; 1: b 3f; nop; 3:", msr | MSR_BE);
	took("branch trace", 0xd00, at + 8);
	claim_of_tcevm(mfspr(796) == at, "branch trace: SIAR is the branch");
	RUN("mtmsrd 3; 1: trap", msr | MSR_SE);
	took("single step of a trap", 0x700, at);
	RUN("mfmsr 4; mtsrr0 %0; mtsrr1 4; mtmsrd 3; rfid; 1: nop", msr | MSR_SE);
	claim_of_tcevm(taken == 0, "single step of rfid: none");
}

static void decrementer(void)
{
	uint64_t start = timebase();

	taken = 0;
	mtspr(22, 0x1000);
	mtmsr(mfmsr() | MSR_EE | MSR_RI);
	while (taken == 0 && timebase() - start < machine.timebase_hz)
		;
	claim(taken == 1 && last.vector == 0x900, "the decrementer interrupts a loop");
	claim((last.msr & MSR_EE) != 0 && (mfmsr() & MSR_EE) == 0, "rfid brings back what the handler left in SRR1");
}

int main(void)
{
	catch_interrupts(note);
	program();
	alignment();
	machine_check();
	system_call();
	unavailable();
	trace();
	decrementer();
	return claims_verdict();
}
