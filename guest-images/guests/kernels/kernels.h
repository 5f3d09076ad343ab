/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Programs in miniature, for the speed of a CPU. Each is one file and one row of kernels[]. The sources are portable:
 * power/guest.c makes a guest of them, host/host.c a program of the host.
 */
#ifndef KERNELS_H
#define KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel {
	const char *name;
	void (*prepare)(uint64_t seed);		/* makes the data; it is not timed */
	uint64_t (*run)(uint64_t passes);	/* the work, done `passes` times; returns a checksum */
	uint64_t passes;			/* without an argument: about 100 ms on tcevm's interpreter */
};

extern const struct kernel kernels[];		/* ends with a nameless one */

#define KERNEL(name) void prepare_##name(uint64_t seed); uint64_t run_##name(uint64_t passes);
KERNEL(adler)
KERNEL(bignum)
KERNEL(bytecode)
KERNEL(chase)
KERNEL(copy)
KERNEL(daxpy)
KERNEL(edit)
KERNEL(fib)
KERNEL(hash)
KERNEL(mandelbrot)
KERNEL(matmul)
KERNEL(nbody)
KERNEL(quicksort)
KERNEL(sha256)
KERNEL(sieve)
KERNEL(strings)
KERNEL(tree)
#undef KERNEL

/* ---- Shared by the kernels. Checksums depend neither on the byte order nor on the compiler. ---- */

/* xorshift64: the next pseudo-random number. The state is not 0. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A checksum with one more value. Each step can be undone, so no difference is lost. */
static inline uint64_t mix(uint64_t sum, uint64_t value)
{
	sum = (sum ^ value) * 0x9e3779b97f4a7c15;
	return sum ^ sum >> 29;
}

/* The value itself, but the compiler cannot know that: it computes nothing from it in advance. */
static inline uint64_t hide(uint64_t value)
{
	__asm__("" : "+r"(value));
	return value;
}

void random_bytes(uint8_t *to, size_t size, uint64_t seed);

/* a * b + c in one rounding where the CPU has that. The kernels that use it have whole numbers, which are exact either way. */
#ifdef __FP_FAST_FMA
#define multiply_add(a, b, c)	__builtin_fma(a, b, c)
#else
#define multiply_add(a, b, c)	((a) * (b) + (c))
#endif

/* ---- The platform ---- */

uint64_t ticks(void);				/* since any moment */
uint64_t ticks_per_second(void);
bool has_word(const char *word);		/* among the arguments */
uint64_t number_of(const char *name, uint64_t otherwise);	/* of an argument "name=number" */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

int run_kernels(void);				/* what main() returns */

#endif
