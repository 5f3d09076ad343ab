/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The differences of POWER; included by guest.h. */
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

/*
 * Hypercalls in line, so that a loop of them is little else. Registers that LoPAR calls volatile are lost; the
 * rest, LR among it, is kept.
 */
#define HCALL_INLINE
#define HCALL_REGISTER(n)	register uint64_t r##n __asm__("r" #n)
#define HCALL_VOLATILE		"r0", "r11", "r12", "ctr", "xer", "cr0", "cr1", "cr5", "cr6", "cr7", "memory"

static inline struct hcall_result hcall_0(uint64_t token)
{
	HCALL_REGISTER(3) = token;
	HCALL_REGISTER(4);

	__asm__ volatile("sc 1" : "+r"(r3), "=r"(r4) : : "r5", "r6", "r7", "r8", "r9", "r10", HCALL_VOLATILE);
	return (struct hcall_result){ (int64_t)r3, r4 };
}

static inline struct hcall_result hcall_1(uint64_t token, uint64_t a4)
{
	HCALL_REGISTER(3) = token;
	HCALL_REGISTER(4) = a4;

	__asm__ volatile("sc 1" : "+r"(r3), "+r"(r4) : : "r5", "r6", "r7", "r8", "r9", "r10", HCALL_VOLATILE);
	return (struct hcall_result){ (int64_t)r3, r4 };
}

static inline struct hcall_result hcall_2(uint64_t token, uint64_t a4, uint64_t a5)
{
	HCALL_REGISTER(3) = token;
	HCALL_REGISTER(4) = a4;
	HCALL_REGISTER(5) = a5;

	__asm__ volatile("sc 1" : "+r"(r3), "+r"(r4), "+r"(r5) : : "r6", "r7", "r8", "r9", "r10", HCALL_VOLATILE);
	return (struct hcall_result){ (int64_t)r3, r4 };
}

static inline struct hcall_result hcall_3(uint64_t token, uint64_t a4, uint64_t a5, uint64_t a6)
{
	HCALL_REGISTER(3) = token;
	HCALL_REGISTER(4) = a4;
	HCALL_REGISTER(5) = a5;
	HCALL_REGISTER(6) = a6;

	__asm__ volatile("sc 1" : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6) : : "r7", "r8", "r9", "r10", HCALL_VOLATILE);
	return (struct hcall_result){ (int64_t)r3, r4 };
}

static inline struct hcall_result hcall_4(uint64_t token, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7)
{
	HCALL_REGISTER(3) = token;
	HCALL_REGISTER(4) = a4;
	HCALL_REGISTER(5) = a5;
	HCALL_REGISTER(6) = a6;
	HCALL_REGISTER(7) = a7;

	__asm__ volatile("sc 1" : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7) : : "r8", "r9", "r10", HCALL_VOLATILE);
	return (struct hcall_result){ (int64_t)r3, r4 };
}

static inline struct hcall_result hcall_5(uint64_t token, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
	HCALL_REGISTER(3) = token;
	HCALL_REGISTER(4) = a4;
	HCALL_REGISTER(5) = a5;
	HCALL_REGISTER(6) = a6;
	HCALL_REGISTER(7) = a7;
	HCALL_REGISTER(8) = a8;

	__asm__ volatile("sc 1" : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8) : : "r9", "r10", HCALL_VOLATILE);
	return (struct hcall_result){ (int64_t)r3, r4 };
}

static inline struct hcall_result hcall_6(uint64_t token, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8, uint64_t a9)
{
	HCALL_REGISTER(3) = token;
	HCALL_REGISTER(4) = a4;
	HCALL_REGISTER(5) = a5;
	HCALL_REGISTER(6) = a6;
	HCALL_REGISTER(7) = a7;
	HCALL_REGISTER(8) = a8;
	HCALL_REGISTER(9) = a9;

	__asm__ volatile("sc 1" : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8), "+r"(r9) : : "r10", HCALL_VOLATILE);
	return (struct hcall_result){ (int64_t)r3, r4 };
}

static inline struct hcall_result hcall_7(uint64_t token, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8, uint64_t a9, uint64_t a10)
{
	HCALL_REGISTER(3) = token;
	HCALL_REGISTER(4) = a4;
	HCALL_REGISTER(5) = a5;
	HCALL_REGISTER(6) = a6;
	HCALL_REGISTER(7) = a7;
	HCALL_REGISTER(8) = a8;
	HCALL_REGISTER(9) = a9;
	HCALL_REGISTER(10) = a10;

	__asm__ volatile("sc 1" : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8), "+r"(r9), "+r"(r10) : : HCALL_VOLATILE);
	return (struct hcall_result){ (int64_t)r3, r4 };
}

#endif
