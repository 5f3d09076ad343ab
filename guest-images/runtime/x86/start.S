/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * From the machine's entry state to C, the gate, and the interrupt stubs. The machine enters in 64-bit mode with
 * rdi = the boot block and memory mapped where it is; what the image does not fill is zero. See X86-GATE.md.
 */
#define GATE 0x5c

	.section .head, "ax"
	.globl	start
start:
	lea	stack_top(%rip), %rsp
	xor	%ebp, %ebp
	call	run_guest		/* does not return */
	ud2

	.text
/* Where RTAS start-cpu lets another CPU begin, with rdi = its struct start of cpus.c. */
	.globl	start_other
start_other:
	mov	(%rdi), %rsp
	mov	8(%rdi), %rax
	mov	16(%rdi), %rdi
	xor	%ebp, %ebp
	call	*%rax
	ud2

/*
 * struct hcall_result hcall(token, ...): C passes the first six in rdi, rsi, rdx, rcx, r8 and r9, as the gate takes
 * them, and the rest on the stack. It wants r12 and r13 back, and the answer in rax and rdx.
 */
	.globl	hcall
hcall:
	push	%r12
	push	%r13
	mov	24(%rsp), %r10
	mov	32(%rsp), %r11
	out	%al, $GATE
	mov	%rdi, %rax
	mov	%rsi, %rdx
	pop	%r13
	pop	%r12
	ret

/* void hcall_regs(uint64_t r[10]) */
	.globl	hcall_regs
hcall_regs:
	push	%rbx
	push	%r12
	push	%r13
	mov	%rdi, %rbx
	mov	(%rbx), %rdi
	mov	8(%rbx), %rsi
	mov	16(%rbx), %rdx
	mov	24(%rbx), %rcx
	mov	32(%rbx), %r8
	mov	40(%rbx), %r9
	mov	48(%rbx), %r10
	mov	56(%rbx), %r11
	mov	64(%rbx), %r12
	mov	72(%rbx), %r13
	out	%al, $GATE
	mov	%rdi, (%rbx)
	mov	%rsi, 8(%rbx)
	mov	%rdx, 16(%rbx)
	mov	%rcx, 24(%rbx)
	mov	%r8, 32(%rbx)
	mov	%r9, 40(%rbx)
	mov	%r10, 48(%rbx)
	mov	%r11, 56(%rbx)
	mov	%r12, 64(%rbx)
	mov	%r13, 72(%rbx)
	pop	%r13
	pop	%r12
	pop	%rbx
	ret

/*
 * One stub for each exception, 16 bytes apart: an error code where the CPU pushes none, the vector, and on to
 * crash(). Nothing of the interrupted program is kept: a guest that comes here has failed.
 */
	.balign	16
	.globl	interrupt_stubs
interrupt_stubs:
	.set	vector, 0
	.rept	32
	.balign	16
	.if	!(1 << vector & 0x60227d00)	/* 8, 10 to 14, 17, 21, 29 and 30 have an error code */
	push	$0
	.endif
	push	$vector
	jmp	crashed
	.set	vector, vector + 1
	.endr
crashed:
	mov	%rsp, %rdi		/* struct frame, on whatever stack there was */
	lea	crash_stack_top(%rip), %rsp
	xor	%ebp, %ebp
	call	crash
	ud2

	.section .bss
	.balign	16
	.space	16384
stack_top:
	.space	8192
crash_stack_top:

	.section .note.GNU-stack, "", @progbits
