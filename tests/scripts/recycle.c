/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One of several programs that differ by SEED in the code and in the sum that they print. debian-guest.sh builds them for
 * the guest, where recycle.sh copies them to one name, runs them and removes them, and for the host, which says what is right.
 */
#include <stdint.h>

#ifndef SEED
#define SEED 1
#endif

/* Functions of different length and constants, so that the pages of two programs are not alike anywhere. */
#define FUNCTION(n)								\
	__attribute__((noinline)) static uint64_t f##n(uint64_t a)		\
	{									\
		volatile uint64_t b = a * (31 + 97 * SEED + n);			\
		for (int i = 0; i < (n + SEED) % 7 + 1; i++)			\
			b ^= b << ((n + 3 * SEED) % 5 + 1);			\
		return b + n;							\
	}
#define TEN(what, n) what(n##0) what(n##1) what(n##2) what(n##3) what(n##4) what(n##5) what(n##6) what(n##7) what(n##8) what(n##9)
#define ALL(what) TEN(what, 1) TEN(what, 2) TEN(what, 3) TEN(what, 4) TEN(what, 5) TEN(what, 6)

ALL(FUNCTION)

static uint64_t sum(void)
{
	uint64_t s = SEED;

#define ADD(n) s += f##n(s);
	for (int i = 0; i < 10; i++) {
		ALL(ADD)
	}
	return s;
}

#ifdef __powerpc64__
static long call(long number, long a, long b, long c)
{
	register long r0 __asm__("r0") = number, r3 __asm__("r3") = a, r4 __asm__("r4") = b, r5 __asm__("r5") = c;

	__asm__ volatile("sc" : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5) : : "memory", "cr0", "ctr", "r6", "r7", "r8",
			 "r9", "r10", "r11", "r12");
	return r3;
}

void _start(void)
{
	char text[17];
	uint64_t s = sum();

	for (int i = 15; i >= 0; i--, s >>= 4)
		text[i] = "0123456789abcdef"[s & 15];
	text[16] = '\n';
	call(4, 1, (long)text, sizeof(text));	/* write */
	call(1, 0, 0, 0);			/* exit */
}
#else
#include <inttypes.h>
#include <stdio.h>

int main(void)
{
	printf("%016" PRIx64 "\n", sum());
	return 0;
}
#endif
