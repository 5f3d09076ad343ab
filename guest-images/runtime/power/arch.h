/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What is different on POWER; included by guest.h. */
#ifndef ARCH_H
#define ARCH_H

#ifdef __LITTLE_ENDIAN__
#define GUEST_KIND	"little-endian POWER"
#define GUEST_ENDIAN	"little-endian"
static inline uint32_t be32(uint32_t value) { return __builtin_bswap32(value); }
static inline uint64_t be64(uint64_t value) { return __builtin_bswap64(value); }
#else
#define GUEST_KIND	"big-endian POWER"
#define GUEST_ENDIAN	"big-endian"
static inline uint32_t be32(uint32_t value) { return value; }
static inline uint64_t be64(uint64_t value) { return value; }
#endif
#define GUEST_FAMILY	"A POWER"

static inline uint64_t timebase(void)
{
	uint64_t ticks;

	__asm__ volatile("mftb %0" : "=r"(ticks));
	return ticks;
}

#endif
