/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* uint64_t hcall_checked(uint64_t r[10]): see comply.h. rbx, rbp, r14 and r15 are what no argument is in. */
#define GATE 0x5c

	.text
	.globl	hcall_checked
hcall_checked:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	%rdi, %rax
	mov	(%rax), %rdi
	mov	8(%rax), %rsi
	mov	16(%rax), %rdx
	mov	24(%rax), %rcx
	mov	32(%rax), %r8
	mov	40(%rax), %r9
	mov	48(%rax), %r10
	mov	56(%rax), %r11
	mov	64(%rax), %r12
	mov	72(%rax), %r13
	mov	$0x4b4b4b4b, %ebx
	mov	$0x4c4c4c4c, %ebp
	mov	$0x4d4d4d4d, %r14d
	mov	$0x4e4e4e4e, %r15d
	out	%al, $GATE
	mov	(%rsp), %rax
	mov	%rdi, (%rax)
	mov	%rsi, 8(%rax)
	mov	%rdx, 16(%rax)
	mov	%rcx, 24(%rax)
	mov	%r8, 32(%rax)
	mov	%r9, 40(%rax)
	mov	%r10, 48(%rax)
	mov	%r11, 56(%rax)
	mov	%r12, 64(%rax)
	mov	%r13, 72(%rax)
	xor	%eax, %eax
	cmp	$0x4b4b4b4b, %rbx
	je	1f
	or	$1, %eax
1:	cmp	$0x4c4c4c4c, %rbp
	je	2f
	or	$2, %eax
2:	cmp	$0x4d4d4d4d, %r14
	je	3f
	or	$4, %eax
3:	cmp	$0x4e4e4e4e, %r15
	je	4f
	or	$8, %eax
4:	pop	%rdi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
