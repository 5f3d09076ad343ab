/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The differences of x86-64; included by guest.h. */
#ifndef ARCH_H
#define ARCH_H

#define GUEST_KIND	"little-endian x86-64"
#define GUEST_ENDIAN	"little-endian"
#define GUEST_FAMILY	"An x86-64"

static inline uint32_t be32(uint32_t value) { return __builtin_bswap32(value); }
static inline uint64_t be64(uint64_t value) { return __builtin_bswap64(value); }

/* The time-stamp counter: the boot block has its frequency. */
static inline uint64_t timebase(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#endif
