/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Integer loops with a known number of instructions: uint64_t NAME(iterations, memory) executes
 * NAME_insns instructions in each iteration, whatever the data, and returns a checksum.
 */

#define FUNCTION(name) .text; .balign 32; .globl name; name
/* After a loop from label 1 to here: its length, and how many more or less of it one iteration executes. */
#define INSNS(name, more) 9: .pushsection .rodata; .balign 8; .globl name##_insns; \
	name##_insns: .quad (9b - 1b) / 4 + (more); .popsection

/* Registers only: add, logic, shift, rotate, subtract. */
FUNCTION(loop_alu):
	mtctr	3
	li	3, 1
	li	5, 3
1:	add	3, 3, 5
	xori	6, 3, 0x55aa
	sldi	7, 6, 3
	or	5, 5, 7
	rotldi	3, 3, 13
	subf	5, 6, 5
	and	7, 5, 3
	addi	3, 7, 77
	bdnz	1b
	INSNS(loop_alu, 0)
	blr

/* 64 bytes of a 4 KiB buffer at r4: each doubleword loaded, changed and stored. */
FUNCTION(loop_memory):
	mtctr	3
	li	3, 0
	li	5, 0
1:	add	6, 4, 5
	ld	7, 0(6)
	ld	8, 8(6)
	ld	9, 16(6)
	ld	10, 24(6)
	add	3, 3, 7
	std	8, 0(6)
	std	9, 8(6)
	std	10, 16(6)
	std	3, 24(6)
	lwz	7, 32(6)
	lwzu	8, 40(6)
	stw	8, -8(6)
	stw	7, 0(6)
	addi	5, 5, 64
	rldicl	5, 5, 0, 52
	bdnz	1b
	INSNS(loop_memory, 0)
	blr

/* A call and a return. */
FUNCTION(loop_call):
	mflr	11
	mtctr	3
	li	3, 0
1:	bl	2f
	bdnz	1b
	INSNS(loop_call, 2)		/* the two of the function */
	mtlr	11
	blr
2:	addi	3, 3, 1
	blr

/* CRC-32, one bit at a time: r5 = the crc, one byte of the 4 KiB buffer at r4 in each iteration. */
FUNCTION(loop_crc32):
	mtctr	3
	lis	9, 0xedb8
	ori	9, 9, 0x8320
	rldicl	9, 9, 0, 32
	li	3, -1
	rldicl	3, 3, 0, 32
	li	6, 0
1:	lbzx	7, 4, 6
	addi	6, 6, 1
	rldicl	6, 6, 0, 52
	xor	3, 3, 7
	.rept	8
	rlwinm	8, 3, 0, 31, 31
	neg	8, 8
	and	8, 8, 9
	srwi	3, 3, 1
	xor	3, 3, 8
	.endr
	bdnz	1b
	INSNS(loop_crc32, 0)
	not	3, 3
	rldicl	3, 3, 0, 32
	blr

/* Branches that depend on data: each way of a fork has two instructions. */
FUNCTION(loop_branch):
	mtctr	3
	li	3, 0
	lis	5, 0x1234
	ori	5, 5, 0x5679
1:	sldi	6, 5, 13		/* xorshift: the next pseudo-random number */
	xor	5, 5, 6
	srdi	6, 5, 7
	xor	5, 5, 6
	sldi	6, 5, 17
	xor	5, 5, 6
	andi.	7, 5, 1
	beq	2f
	addi	3, 3, 1
	b	3f
2:	addi	3, 3, 2
	nop
3:	cmpdi	5, 0
	blt	4f
	addi	3, 3, 4
	b	5f
4:	xori	3, 3, 8
	nop
5:	andi.	7, 5, 0x70
	cmplwi	7, 0x30
	bgt	6f
	addi	3, 3, 16
	b	7f
6:	addi	3, 3, 32
	nop
7:	bdnz	1b
	INSNS(loop_branch, -6)	/* one way of each fork */
	blr
