/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* uint64_t hcall_checked(uint64_t r[10]): see comply.h. The guest itself uses neither floating point nor vectors. */

#define FRAME	352
#define SAVED	64		/* r14 to r31 */
#define RESULTS	216		/* r3 to r12 */
#define WHERE	296		/* the argument */
#define SCRATCH	304		/* 16 bytes, aligned */
#define TOC	320		/* r2 */
#define THREAD	328		/* r13 */
#define STATE	336		/* MSR */

#define LINK	32		/* bits of the answer behind those of r0 to r31 */
#define FIELDS	33
#define FPSCR	34
#define FLOATS	35
#define VECTORS	36
#define ROUNDING 1		/* FPSCR: toward zero */

	.machine "power8"

/* The pattern of a register: its number in both words. */
.macro pattern register, number
	li	\register, 0x4000 + \number
	rldimi	\register, \register, 32, 0
.endm

/* Stores the pattern of a number twice. */
.macro scratch number
	pattern	5, \number
	std	5, SCRATCH(1)
	std	5, SCRATCH + 8(1)
.endm

/* Sets a bit of the answer in r3. */
.macro changed bit
	li	6, 1
	sldi	6, 6, \bit
	or	3, 3, 6
.endm

	.text
	.globl	hcall_checked
hcall_checked:
	mflr	0
	std	0, 16(1)
	mfcr	0
	std	0, 8(1)
	stdu	1, -FRAME(1)
	std	2, TOC(1)
	std	13, THREAD(1)
	.irp	n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	std	\n, SAVED + 8 * (\n - 14)(1)
	.endr
	std	3, WHERE(1)

	mfmsr	5
	std	5, STATE(1)
	ori	5, 5, 0x2000		/* FP */
	oris	5, 5, 0x200		/* VEC */
	mtmsrd	5
	isync
	li	5, ROUNDING
	std	5, SCRATCH(1)
	lfd	0, SCRATCH(1)
	mtfsf	0xff, 0
	li	4, SCRATCH
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	scratch	64 + \n
	lfd	\n, SCRATCH(1)
	scratch	128 + \n
	lvx	\n, 4, 1
	.endr
	.irp	n, 2,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
	pattern	\n, \n
	.endr
	mr	30, 1
	mr	31, 1
	lis	0, 0x5a5a
	ori	0, 0, 0x5a5a
	mtcrf	0x38, 0		/* CR2, CR3 and CR4 */
	bcl	20, 31, 1f
1:	mr	11, 3
	ld	3, 0(11)
	ld	4, 8(11)
	ld	5, 16(11)
	ld	6, 24(11)
	ld	7, 32(11)
	ld	8, 40(11)
	ld	9, 48(11)
	ld	10, 56(11)
	ld	12, 72(11)
	ld	11, 64(11)
	sc	1
	addi	14, 14, 1	/* done twice or not at all, this shows */

	li	0, 0		/* r1 is what two of r1, r30 and r31 are */
	cmpd	1, 31
	beq	2f
	cmpd	1, 30
	beq	2f
	mr	1, 31
	li	0, 1 << 1
2:	.irp	n, 3,4,5,6,7,8,9,10,11,12
	std	\n, RESULTS + 8 * (\n - 3)(1)
	.endr

	mr	3, 0		/* what changed */
	mflr	5
	bcl	20, 31, 3f
3:	mflr	6
	addi	6, 6, 1b - 3b
	cmpd	5, 6
	beq	4f
	changed	LINK
4:	mfcr	5
	lis	6, 0x5a5a
	ori	6, 6, 0x5a5a
	xor	5, 5, 6
	rlwinm.	5, 5, 0, 8, 19	/* the bits of CR2 to CR4 */
	beq	5f
	changed	FIELDS
5:	addi	14, 14, -1
	.irp	n, 2,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
	pattern	5, \n
	cmpd	\n, 5
	beq	6f
	changed	\n
6:
	.endr
	.irp	n, 30,31
	cmpd	\n, 1
	beq	7f
	changed	\n
7:
	.endr

	li	4, SCRATCH
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	stfd	\n, SCRATCH(1)
	ld	7, SCRATCH(1)
	pattern	5, 64 + \n
	cmpd	7, 5
	beq	8f
	changed	FLOATS
8:	stvx	\n, 4, 1
	ld	7, SCRATCH(1)
	ld	8, SCRATCH + 8(1)
	pattern	5, 128 + \n
	xor	7, 7, 5
	xor	8, 8, 5
	or.	7, 7, 8
	beq	9f
	changed	VECTORS
9:
	.endr
	mffs	0
	stfd	0, SCRATCH(1)
	ld	5, SCRATCH(1)
	cmpdi	5, ROUNDING
	beq	10f
	changed	FPSCR
10:	li	5, 0
	std	5, SCRATCH(1)
	lfd	0, SCRATCH(1)
	mtfsf	0xff, 0
	ld	5, STATE(1)
	mtmsrd	5
	isync

	ld	11, WHERE(1)
	.irp	n, 3,4,5,6,7,8,9,10,11,12
	ld	5, RESULTS + 8 * (\n - 3)(1)
	std	5, 8 * (\n - 3)(11)
	.endr
	ld	2, TOC(1)
	ld	13, THREAD(1)
	.irp	n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld	\n, SAVED + 8 * (\n - 14)(1)
	.endr
	addi	1, 1, FRAME
	ld	0, 8(1)
	mtcrf	0x38, 0
	ld	0, 16(1)
	mtlr	0
	blr
