/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between the files of this guest. */
#ifndef LITMUS_H
#define LITMUS_H

#include "guest.h"

#define MOST_CPUS	4

/* Two locations, each alone in its block of 128 bytes. Both are 0 before a round. */
struct cell {
	volatile uint64_t x, pad_x[15];
	volatile uint64_t y, pad_y[15];
} __attribute__((aligned(128)));

/* The registers of the CPUs that loaded something in a round. */
struct seen {
	uint64_t r[MOST_CPUS];
};

/* A test: one function for each CPU, and an outcome that must not occur. */
struct litmus {
	const char *name;
	unsigned cpus;
	void (*run[MOST_CPUS])(struct cell *cell, struct seen *seen);
	bool (*forbidden)(const struct cell *cell, const struct seen *seen);
};

extern const struct litmus litmus[];
extern const size_t litmus_tests;

/* Store buffering without a barrier: its weak outcome is allowed, and shows that the CPUs really overlap. */
extern const struct litmus unordered;

/* A function of every CPU but the first runs until it returns, beside the same function of the first. */
void together(unsigned cpus, void (*work)(unsigned cpu));

void locks(void);

static inline void sync(void)
{
	__asm__ volatile("sync" : : : "memory");
}

#endif
