/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Everything a guest program may use. A guest is one or more files in guests/NAME/ with a
 *     int main(void)
 * that returns 0 for success; see README.md.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- The machine, read from the device tree (x86-64: the boot block) before main() runs ---- */

/* A DMA window: the I/O bus addresses that one logical I/O bus number (LIOBN) translates. */
struct dma_window {
	uint32_t liobn;
	uint64_t ioba;			/* first I/O bus address */
	uint64_t size;			/* bytes; 0 when the machine has no PCI host bridge */
};

/* A virtual I/O device; its unit address is 0 when the machine has none. */
struct vio {
	uint32_t unit;
	struct dma_window window;
};

struct machine {
	const char *model;		/* /model */
	const char *bootargs;		/* /chosen/bootargs, what `--append` gave */
	uint64_t memory_size;		/* bytes of RAM, from real address 0 */
	uint64_t timebase_hz;
	uint32_t cpus;
	uint32_t rtas_power_off, rtas_start_cpu;	/* tokens; 0: there is no such service */
	struct dma_window window;	/* the first PCI host bridge's default window */
	uint64_t bridge;		/* its unit address (BUID); 0: it is unknown */
	struct vio lan, scsi;		/* the first l-lan and the first v-scsi */
};

extern struct machine machine;

/* True if the word is among them; the number of a word "name=number", if it is. */
bool bootargs_has(const char *word);
uint64_t bootargs_number(const char *name, uint64_t otherwise);

/* The token of the first RTAS service whose name begins so; 0: there is none. */
uint32_t rtas_token(const char *name);

/* Lets a CPU other than the first call a function, which must not return. False: it cannot be started. */
bool start_cpu(uint32_t cpu, void (*function)(uint64_t), uint64_t argument);

/* ---- Hypercalls (LoPAR 2.9, tokens and status codes) ---- */

#define H_GET_TCE		0x1c
#define H_PUT_TCE		0x20
#define H_SET_SPRG0		0x24
#define H_SET_DABR		0x28
#define H_PAGE_INIT		0x2c
#define H_GET_TERM_CHAR		0x54
#define H_PUT_TERM_CHAR		0x58
#define H_EOI			0x64
#define H_CPPR			0x68
#define H_IPI			0x6c
#define H_XIRR			0x74
#define H_REGISTER_VPA		0xdc
#define H_CEDE			0xe0
#define H_CONFER		0xe4
#define H_PROD			0xe8
#define H_REG_CRQ		0xfc
#define H_FREE_CRQ		0x100
#define H_VIO_SIGNAL		0x104
#define H_SEND_CRQ		0x108
#define H_REGISTER_LOGICAL_LAN	0x114
#define H_FREE_LOGICAL_LAN	0x118
#define H_ADD_LOGICAL_LAN_BUFFER	0x11c
#define H_SEND_LOGICAL_LAN	0x120
#define H_MULTICAST_CTRL	0x130
#define H_STUFF_TCE		0x138
#define H_PUT_TCE_INDIRECT	0x13c
#define H_CHANGE_LOGICAL_LAN_MAC	0x14c
#define H_ILLAN_ATTRIBUTES	0x244
#define H_ENABLE_CRQ		0x2b0
#define H_FREE_LOGICAL_LAN_BUFFER	0x1d4
#define H_RANDOM		0x300
#define H_SET_MODE		0x31c
#define H_REGISTER_PROC_TBL	0x37c
#define H_RTAS			0xf000	/* private to KVM and QEMU: r4 = RTAS argument block */

#define H_SUCCESS	0
#define H_BUSY		1
#define H_CLOSED	2
#define H_HARDWARE	(-1)
#define H_FUNCTION	(-2)
#define H_PRIVILEGE	(-3)
#define H_PARAMETER	(-4)
#define H_DROPPED	(-12)
#define H_RESOURCE	(-16)
#define H_P4		(-57)
#define H_LONG_BUSY_ORDER_10_MSEC	9901

/* Permission bits of a TCE: what the device may do with the page. */
#define TCE_READ	1
#define TCE_WRITE	2
#define TCE_RW		(TCE_READ | TCE_WRITE)
#define TCE_PAGE	4096
#define TCE_LIST_MAX	512		/* entries of one H_PUT_TCE_INDIRECT or H_STUFF_TCE */

struct hcall_result {
	int64_t status;			/* r3 */
	uint64_t r4;
};

/* Of this architecture: timebase(), be32(), be64(), and GUEST_KIND, GUEST_FAMILY, GUEST_ENDIAN as text. */
#include "arch.h"

/*
 * hcall(token, ...): a hypercall with the token in r3 and up to seven arguments in r4..r10, each 64 bits wide.
 * A function for each number of arguments, so that narrower ones are widened as C does it.
 */
#ifndef HCALL_INLINE
#define HCALL_PROTOTYPE(name, ...) struct hcall_result name(__VA_ARGS__) __asm__("hcall")
HCALL_PROTOTYPE(hcall_0, uint64_t);
HCALL_PROTOTYPE(hcall_1, uint64_t, uint64_t);
HCALL_PROTOTYPE(hcall_2, uint64_t, uint64_t, uint64_t);
HCALL_PROTOTYPE(hcall_3, uint64_t, uint64_t, uint64_t, uint64_t);
HCALL_PROTOTYPE(hcall_4, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
HCALL_PROTOTYPE(hcall_5, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
HCALL_PROTOTYPE(hcall_6, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
HCALL_PROTOTYPE(hcall_7, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
#endif
#define HCALL_PICK(r3, r4, r5, r6, r7, r8, r9, r10, name, ...) name
#define hcall(...) HCALL_PICK(__VA_ARGS__, hcall_7, hcall_6, hcall_5, hcall_4, hcall_3, hcall_2, hcall_1, \
			      hcall_0, )(__VA_ARGS__)

/* A hypercall with all registers that it can use: r[0] is r3, ... r[9] is r12; in and out. */
void hcall_regs(uint64_t r[10]);

/* "H_PARAMETER" for -4; "H_?" for a status that is not in the table. */
const char *status_name(int64_t status);

/* The status of an RTAS call with these inputs, and no output but the status. */
int32_t rtas(uint32_t token, uint32_t inputs, const uint32_t *input);

/* ---- Console: the first vty ---- */

/* Understands %c %s %d %u %x %%, the length l, the flags - 0 # and a width (* too). */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *to, size_t size, const char *format, va_list args);
void console_write(const char *text, size_t length);

/* ---- Claims: a line each, PASS or FAIL ---- */

void claim(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One that other machines are known not to keep: there it is printed as DIFFERS, and is no failure. */
void claim_of_tcevm(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints how many held. Returns the value for main() to return. */
int claims_verdict(void);

/* ---- Ends ---- */

/* Powers off. A code other than 0 is printed first, as `EXIT: STATUS=n` with n = code << 1 | 1. */
_Noreturn void exit(int code);

/* Says why and exits with code 1. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- Small things ---- */

void *memset(void *to, int byte, size_t size);
void *memcpy(void *to, const void *from, size_t size);
int memcmp(const void *left, const void *right, size_t size);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t size);

#endif
