/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Around the handler of catch_interrupts(): keeps the whole program in a frame on its own stack. */

/* Offsets in struct interrupted, behind a minimal frame; below r1 the program may use 288 bytes. */
#define SAVED	32
#define GPR(n)	(SAVED + 8 * (n))
#define NIP	GPR(32)
#define MSR	GPR(33)
#define CTR	GPR(34)
#define LR	GPR(35)
#define XER	GPR(36)
#define CR	GPR(37)
#define VECTOR	GPR(38)
#define DAR	GPR(39)
#define DSISR	GPR(40)
#define FRAME	(GPR(42) + 288)

	.section .text.catch, "ax"
	.globl	catch_code, catch_entry
/* At each vector; its own number is written into the sixth word. r3 and CTR go to SPRG2 and SPRG3. */
catch_code:
	mtsprg	2, 3
	mfctr	3
	mtsprg	3, 3
	ld	3, 0xf0(0)		/* VECTOR_ENTRY in vectors.c */
	mtctr	3
	li	3, 0
	bctr

catch_entry:
	stdu	1, -FRAME(1)
	std	0, GPR(0)(1)
	std	2, GPR(2)(1)
	.irp	n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	std	\n, GPR(\n)(1)
	.endr
	std	3, VECTOR(1)
	mfsprg	4, 2
	std	4, GPR(3)(1)
	mfsprg	4, 3
	std	4, CTR(1)
	addi	4, 1, FRAME
	std	4, GPR(1)(1)
	mflr	4
	std	4, LR(1)
	mfxer	4
	std	4, XER(1)
	mfcr	4
	std	4, CR(1)
	mfsrr0	4
	std	4, NIP(1)
	mfsrr1	4
	std	4, MSR(1)
	mfdar	4
	std	4, DAR(1)
	mfdsisr	4
	std	4, DSISR(1)

	bcl	20, 31, 1f
1:	mflr	12
	addis	2, 12, (.TOC. - 1b)@ha
	addi	2, 2, (.TOC. - 1b)@l
	addi	3, 1, SAVED
	bl	caught

	ld	4, NIP(1)
	mtsrr0	4
	ld	4, MSR(1)
	mtsrr1	4
	ld	4, CR(1)
	mtcr	4
	ld	4, XER(1)
	mtxer	4
	ld	4, LR(1)
	mtlr	4
	ld	4, CTR(1)
	mtctr	4
	ld	0, GPR(0)(1)
	ld	2, GPR(2)(1)
	.irp	n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld	\n, GPR(\n)(1)
	.endr
	ld	1, GPR(1)(1)
	rfid
