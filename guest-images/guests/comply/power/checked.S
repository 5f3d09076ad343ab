/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* uint64_t hcall_checked(uint64_t r[10]): see comply.h. */

#define FRAME	320
#define SAVED	64		/* r14 to r31 */
#define RESULTS	216		/* r3 to r12 */
#define WHERE	296		/* the argument */

/* The pattern of a register: its number in both words. */
.macro pattern register, number
	li	\register, 0x4000 + \number
	rldimi	\register, \register, 32, 0
.endm

	.text
	.globl	hcall_checked
hcall_checked:
	mflr	0
	std	0, 16(1)
	mfcr	0
	std	0, 8(1)
	stdu	1, -FRAME(1)
	.irp	n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	std	\n, SAVED + 8 * (\n - 14)(1)
	pattern	\n, \n
	.endr
	std	3, WHERE(1)
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
	.irp	n, 3,4,5,6,7,8,9,10,11,12
	std	\n, RESULTS + 8 * (\n - 3)(1)
	.endr

	li	3, 0		/* what changed */
	mflr	5
	bcl	20, 31, 2f
2:	mflr	6
	addi	6, 6, 1b - 2b
	cmpd	5, 6
	beq	3f
	ori	3, 3, 1
3:	mfcr	5
	lis	6, 0x5a5a
	ori	6, 6, 0x5a5a
	xor	5, 5, 6
	rlwinm.	5, 5, 0, 8, 19	/* the bits of CR2 to CR4 */
	beq	4f
	ori	3, 3, 2
4:	addi	14, 14, -1
	.irp	n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	pattern	5, \n
	cmpd	\n, 5
	beq	5f
	li	6, 1
	sldi	6, 6, \n
	or	3, 3, 6
5:
	.endr

	ld	11, WHERE(1)
	.irp	n, 3,4,5,6,7,8,9,10,11,12
	ld	5, RESULTS + 8 * (\n - 3)(1)
	std	5, 8 * (\n - 3)(11)
	.endr
	.irp	n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld	\n, SAVED + 8 * (\n - 14)(1)
	.endr
	addi	1, 1, FRAME
	ld	0, 8(1)
	mtcrf	0x38, 0
	ld	0, 16(1)
	mtlr	0
	blr
