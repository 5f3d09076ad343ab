/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Radix translation (Power ISA 3.0B, Book III, 5.7.10): who may do what with a page, what the interrupts say,
 * reference and change bits, sizes of pages, invalidation on this and on another CPU, and problem state.
 */
#include "radix.h"

/* A page of memory of its own; its first word is `blr`, so that it can be called. */
static uint32_t page[2][1024] __attribute__((aligned(4096)));

#define DSISR_NO_ENTRY	BIT(33)
#define DSISR_PROTECTED	BIT(36)
#define DSISR_STORE	BIT(38)
#define SRR1_NO_ENTRY	BIT(33)
#define SRR1_NO_EXECUTE	BIT(35)
#define SRR1_PROTECTED	BIT(36)

static uint64_t entry(unsigned n, uint64_t rights)
{
	return PTE_VALID | PTE_LEAF | (uint64_t)page[n] | rights;
}

/* True for the interrupt of an access that is refused for its rights. */
static bool refused(const struct interrupted *taken, enum access access, uint64_t ea)
{
	uint64_t store = access == STORE ? DSISR_STORE : 0;

	if (access == FETCH)
		return taken->vector == 0x400 && taken->nip == ea && (taken->msr & (SRR1_NO_EXECUTE | SRR1_PROTECTED)) != 0;
	return taken->vector == 0x300 && taken->dar == ea && taken->dsisr == (DSISR_PROTECTED | store);
}

static void one_right(uint64_t rights, bool problem_state)
{
	static const uint64_t need[] = { [LOAD] = PTE_READ, [STORE] = PTE_WRITE, [FETCH] = PTE_EXECUTE };
	bool closed = problem_state && (rights & PTE_PRIVILEGED) != 0;
	bool right = true;

	set_pte(7, entry(0, rights | PTE_R | PTE_C));
	for (enum access access = LOAD; access <= FETCH; access++) {
		uint64_t ea = SPACE + 7 * 4 * KIB + (access == STORE ? 64 : 0);	/* not where the code is */
		struct interrupted taken = try_access(access, ea, problem_state);

		right &= !closed && (rights & need[access]) ? taken.vector == 0 : refused(&taken, access, ea);
	}
	claim(right, "%s state, page %s%s%s%s: what the rights allow, and interrupts that tell the rest",
	      problem_state ? "problem" : "privileged", rights & PTE_READ ? "r" : "-", rights & PTE_WRITE ? "w" : "-",
	      rights & PTE_EXECUTE ? "x" : "-", rights & PTE_PRIVILEGED ? " privileged" : "");
}

static void rights(void)
{
	static const uint8_t all[] = { 0, PTE_READ, PTE_EXECUTE, PTE_READ | PTE_WRITE, PTE_READ | PTE_EXECUTE, PTE_ALL };

	for (size_t i = 0; i < sizeof(all); i++)
		for (unsigned how = 0; how < 4; how++)
			one_right(all[i] | (how & 1 ? PTE_PRIVILEGED : 0), how & 2);
}

static void no_entry(void)
{
	uint64_t ea = SPACE + 9 * 4 * KIB;
	struct interrupted taken;

	set_pte(9, 0);
	taken = try_access(LOAD, ea, false);
	claim(taken.vector == 0x300 && taken.dar == ea && taken.dsisr == DSISR_NO_ENTRY, "load without an entry: 0x300, DSISR 33");
	taken = try_access(STORE, ea + 5, false);
	claim(taken.vector == 0x300 && taken.dar == ea + 5 && taken.dsisr == (DSISR_NO_ENTRY | DSISR_STORE),
	      "store without an entry: 0x300, DSISR 33 and 38");
	taken = try_access(FETCH, ea, false);
	claim(taken.vector == 0x400 && taken.nip == ea && (taken.msr & SRR1_NO_ENTRY) != 0,
	      "fetch without an entry: 0x400, SRR1 33");
	claim((taken.msr & (MSR_IR | MSR_DR)) == (MSR_IR | MSR_DR), "SRR1 has MSR[IR] and [DR], which the handler runs without");
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t outside[] = { -4096ull, 1ull << 62, 1ull << 53 };

		taken = try_access(LOAD, outside[i], false);
		claim(taken.vector == 0x380 && taken.dar == outside[i], "load at %#lx: 0x380", outside[i]);
		taken = try_access(FETCH, outside[i], false);
		claim(taken.vector == 0x480 && taken.nip == outside[i], "fetch at %#lx: 0x480", outside[i]);
	}
}

static void reference_and_change(void)
{
	set_pte(3, entry(0, PTE_READ | PTE_WRITE));
	claim((pte(3) & (PTE_R | PTE_C)) == 0, "a new entry is neither referenced nor changed");
	try_access(LOAD, SPACE + 3 * 4 * KIB, false);
	claim_of_tcevm((pte(3) & (PTE_R | PTE_C)) == PTE_R, "a load sets the reference bit");
	try_access(STORE, SPACE + 3 * 4 * KIB + 8, false);
	claim_of_tcevm((pte(3) & (PTE_R | PTE_C)) == (PTE_R | PTE_C), "a store sets the change bit");
	set_pte(3, entry(0, PTE_READ));
	try_access(STORE, SPACE + 3 * 4 * KIB + 8, false);
	claim((pte(3) & PTE_C) == 0, "a store that is refused does not");
}

static void sizes(void)
{
	const volatile uint64_t *real = (const uint64_t *)(4 * MIB);	/* the first bytes of the image */
	const volatile uint64_t *of_64k = (const uint64_t *)(SPACE_64K + 3 * 64 * KIB);
	const volatile uint64_t *of_2m = (const uint64_t *)SPACE_2M;
	const volatile uint64_t *of_1g = (const uint64_t *)(SPACE_1G + 4 * MIB);

	claim(of_64k[0] == real[0] && of_64k[0x1ff8] == real[0x1ff8], "a page of 64 KiB");
	claim(of_2m[0] == real[0] && of_2m[0x1ff8] == real[0x1ff8], "a page of 2 MiB");
	claim(of_1g[0] == real[0] && of_1g[0x1ff8] == real[0x1ff8], "a page of 1 GiB");
}

static void problem_state(void)
{
	struct interrupted taken = in_problem_state(0x7c6000a6);	/* mfmsr r3 */

	claim(taken.vector == 0x700 && (taken.msr & (BIT(44) | BIT(45) | BIT(46))) == BIT(45),
	      "mfmsr in problem state: 0x700, SRR1 says privileged");
	claim((taken.msr & (MSR_PR | MSR_EE | MSR_IR | MSR_DR)) == (MSR_PR | MSR_EE | MSR_IR | MSR_DR),
	      "problem state comes with interrupts and translation on");
	claim(in_problem_state(0x7c7a02a6).vector == 0x700, "mfspr of SRR0: 0x700");
	claim(in_problem_state(0x4c000024).vector == 0x700, "rfid: 0x700");
	claim(in_problem_state(0x7c6c42a6).vector == 0, "mfspr of the timebase: allowed");
	mtspr(153, 0);			/* FSCR: every facility off */
	claim_of_tcevm(in_problem_state(0x7c6302a6).vector == 0xf60 && mfspr(153) >> 56 == 2, "DSCR while it is off: 0xf60, FSCR[IC] 2");
	claim(in_problem_state(0x7c6fcaa6).vector == 0xf60 && mfspr(153) >> 56 == 8, "TAR while it is off: 0xf60, FSCR[IC] 8");
	mtspr(153, BIT(55) | BIT(61));
	claim_of_tcevm(in_problem_state(0x7c6302a6).vector == 0, "DSCR while it is on");
	claim(in_problem_state(0x7c6fcaa6).vector == 0, "TAR while it is on");
}

static volatile uint64_t *const window = (uint64_t *)(SPACE + 11 * 4 * KIB);
static volatile bool reading, wrong;
static volatile unsigned rounds_seen;

/* CPU 1: the page in the window always holds 0 while it may be seen there. */
static void watch(uint64_t unused)
{
	(void)unused;
	translate();
	mtspr(22, INT64_MAX >> 8);
	for (reading = true;; rounds_seen++)
		for (unsigned i = 0; i < 64; i++)
			if (window[i] != 0)
				wrong = true;
}

static void fill(unsigned n, uint64_t value)
{
	for (unsigned i = 0; i < 64; i++)
		((volatile uint64_t *)page[n])[i] = value;
}

static void invalidation(void)
{
	uint64_t entries[2] = { entry(0, PTE_READ | PTE_R), entry(1, PTE_READ | PTE_R) };
	bool right = true;

	fill(0, 1);
	fill(1, 2);
	for (unsigned i = 0; i < 2000; i++) {
		set_pte_here(11, entries[i % 2]);
		right &= window[i % 64] == i % 2 + 1;
	}
	claim(right, "after tlbiel this CPU sees the new page");
	for (unsigned i = 0; i < 2000; i++) {
		set_pte(11, entries[i % 2]);
		right &= window[i % 64] == i % 2 + 1;
	}
	claim(right, "after tlbie this CPU sees the new page");
	fill(0, 0);
	fill(1, 0);
	if (machine.cpus < 2)
		fail("the machine has one CPU; give it two (tcevm: --smp 2, QEMU: -smp 2)");
	claim(start_cpu(1, watch, 0), "CPU 1 starts");
	while (!reading)
		;
	for (unsigned i = 0; i < 2000; i++) {
		set_pte(11, entries[i % 2]);
		fill(1 - i % 2, -1ull);		/* no CPU may see this page now */
		fill(1 - i % 2, 0);
	}
	claim(rounds_seen > 0, "CPU 1 has read all the time");
	claim_of_tcevm(!wrong, "after tlbie the other CPU does not see the old page any more");
}

int main(void)
{
	page[0][0] = page[1][0] = 0x4e800020;	/* blr */
	__asm__ volatile("dcbst 0,%0; dcbst 0,%1; sync; icbi 0,%0; icbi 0,%1; sync; isync"
			 : : "r"(page[0]), "r"(page[1]) : "memory");
	enter_space();
	rights();
	no_entry();
	reference_and_change();
	sizes();
	problem_state();
	invalidation();
	return claims_verdict();
}
