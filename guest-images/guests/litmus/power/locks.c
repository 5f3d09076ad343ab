/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Locks as the book has them (Power ISA 3.0B, Book II, B.2.1.1 and B.2.2.1), with both import barriers. */
#include "litmus.h"

#define ROUNDS	20000

static struct {
	volatile uint32_t lock, pad[31];
	volatile uint64_t one, apart[15];
	volatile uint64_t two;
} guarded __attribute__((aligned(128)));

static volatile bool torn, light;

static void acquire(void)
{
	__asm__ volatile("1: lwarx 9,0,%0; cmpwi 9,0; bne- 1b; li 9,1; stwcx. 9,0,%0; bne- 1b"
			 : : "b"(&guarded.lock) : "r9", "cr0", "memory");
	if (light)
		__asm__ volatile("lwsync" : : : "memory");
	else
		__asm__ volatile("isync" : : : "memory");
}

static void release(void)
{
	__asm__ volatile("lwsync" : : : "memory");
	guarded.lock = 0;
}

static void work(unsigned cpu)
{
	(void)cpu;
	for (unsigned i = 0; i < ROUNDS; i++) {
		acquire();
		if (guarded.one != guarded.two)
			torn = true;
		guarded.one++;
		guarded.two++;
		release();
	}
}

static bool excludes(bool with_lwsync)
{
	light = with_lwsync;
	guarded.one = guarded.two = 0;
	torn = false;
	sync();
	together(2, work);
	return !torn && guarded.one == 2 * ROUNDS && guarded.two == 2 * ROUNDS;
}

void locks(void)
{
	claim(excludes(false), "a lock by lwarx, stwcx. and isync, left by lwsync, excludes the other CPU");
	claim(excludes(true), "a lock by lwarx, stwcx. and lwsync, left by lwsync, excludes the other CPU");
}
