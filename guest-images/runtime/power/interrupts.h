/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* For POWER guests that take interrupts on purpose. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include "guest.h"

/* The program that was interrupted. The handler may change it: nip and msr are where it goes on. */
struct interrupted {
	uint64_t gpr[32];
	uint64_t nip, msr;		/* SRR0, SRR1 */
	uint64_t ctr, lr, xer, cr;
	uint64_t vector, dar, dsisr;
};

/*
 * Calls a function for each interrupt of any CPU, with translation and interrupts off, on the stack of the program.
 * When it returns false the interrupt is reported as a crash.
 */
void catch_interrupts(bool (*handler)(struct interrupted *));

/* MSR bits (Power ISA 3.0B, Book III, 3.2.1). */
#define MSR_SF	(1ull << 63)
#define MSR_VEC	(1ull << 25)
#define MSR_VSX	(1ull << 23)
#define MSR_EE	(1ull << 15)
#define MSR_PR	(1ull << 14)
#define MSR_FP	(1ull << 13)
#define MSR_ME	(1ull << 12)
#define MSR_SE	(1ull << 10)
#define MSR_BE	(1ull << 9)
#define MSR_IR	(1ull << 5)
#define MSR_DR	(1ull << 4)
#define MSR_RI	(1ull << 1)
#define MSR_LE	(1ull << 0)

/* A bit of a 64-bit register by its number in the book, which counts from the left. */
#define BIT(n)	(1ull << (63 - (n)))

#define mfspr(number) ({								\
	uint64_t value_;								\
	__asm__ volatile("mfspr %0,%1" : "=r"(value_) : "i"(number) : "memory");	\
	value_;										\
})
#define mtspr(number, value) \
	__asm__ volatile("mtspr %1,%0" : : "r"((uint64_t)(value)), "i"(number) : "memory")

static inline uint64_t mfmsr(void)
{
	uint64_t msr;

	__asm__ volatile("mfmsr %0" : "=r"(msr) : : "memory");
	return msr;
}

static inline void mtmsr(uint64_t msr)
{
	__asm__ volatile("mtmsrd %0" : : "r"(msr) : "memory");
}

#endif
