/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The loops of power/loops.S: uint64_t NAME(iterations, memory) executes NAME_insns instructions in each
 * iteration, whatever the data, and returns a checksum. x86-64 says the same in another number of instructions.
 */

#define FUNCTION(name, insns) .pushsection .rodata; .balign 8; .globl name##_insns; name##_insns: .quad insns; \
	.popsection; .text; .balign 32; .globl name; name

/* Registers only: add, logic, shift, rotate, subtract. */
FUNCTION(loop_alu, 12):
	mov	$1, %eax
	mov	$3, %ecx
1:	add	%rcx, %rax
	mov	%rax, %rsi
	xor	$0x55aa, %rsi
	lea	(,%rsi,8), %rdx
	or	%rdx, %rcx
	rol	$13, %rax
	sub	%rsi, %rcx
	mov	%rcx, %rdx
	and	%rax, %rdx
	lea	77(%rdx), %rax
	dec	%rdi
	jnz	1b
	ret

/* 64 bytes of a 4 KiB buffer at rsi: each doubleword loaded, changed and stored. */
FUNCTION(loop_memory, 18):
	xor	%eax, %eax
	xor	%ecx, %ecx
1:	lea	(%rsi,%rcx), %rdx
	mov	(%rdx), %r8
	mov	8(%rdx), %r9
	mov	16(%rdx), %r10
	mov	24(%rdx), %r11
	add	%r8, %rax
	mov	%r9, (%rdx)
	mov	%r10, 8(%rdx)
	mov	%r11, 16(%rdx)
	mov	%rax, 24(%rdx)
	mov	32(%rdx), %r8d
	mov	40(%rdx), %r9d
	mov	%r9d, 32(%rdx)
	mov	%r8d, 40(%rdx)
	add	$64, %ecx
	and	$4095, %ecx
	dec	%rdi
	jnz	1b
	ret

/* A call and a return. */
FUNCTION(loop_call, 5):
	xor	%eax, %eax
1:	call	2f
	dec	%rdi
	jnz	1b
	ret
2:	inc	%rax
	ret

/* CRC-32, one bit at a time: one byte of the 4 KiB buffer at rsi in each iteration. */
FUNCTION(loop_crc32, 54):
	mov	$-1, %eax
	xor	%ecx, %ecx
1:	movzbl	(%rsi,%rcx), %edx
	inc	%ecx
	and	$4095, %ecx
	xor	%edx, %eax
	.rept	8
	mov	%eax, %edx
	and	$1, %edx
	neg	%edx
	and	$0xedb88320, %edx
	shr	%eax
	xor	%edx, %eax
	.endr
	dec	%rdi
	jnz	1b
	not	%eax
	ret

/* Branches that depend on data: each way of a fork has two instructions. */
FUNCTION(loop_branch, 25):
	xor	%eax, %eax
	mov	$0x12345679, %ecx
1:	mov	%rcx, %rdx		/* xorshift: the next pseudo-random number */
	shl	$13, %rdx
	xor	%rdx, %rcx
	mov	%rcx, %rdx
	shr	$7, %rdx
	xor	%rdx, %rcx
	mov	%rcx, %rdx
	shl	$17, %rdx
	xor	%rdx, %rcx
	test	$1, %ecx
	jz	2f
	add	$1, %rax
	jmp	3f
2:	add	$2, %rax
	nop
3:	test	%rcx, %rcx
	js	4f
	add	$4, %rax
	jmp	5f
4:	xor	$8, %rax
	nop
5:	mov	%ecx, %edx
	and	$0x70, %edx
	cmp	$0x30, %edx
	ja	6f
	add	$16, %rax
	jmp	7f
6:	add	$32, %rax
	nop
7:	dec	%rdi
	jnz	1b
	ret

	.section .note.GNU-stack, "", @progbits
