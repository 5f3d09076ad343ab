/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * From the machine's entry state to C. The machine enters at the image's first byte in big-endian,
 * 32-bit real mode with r3 = the flattened device tree. See "Boot protocol" in README.md.
 */

/* One big-endian instruction word, in an image of either byte order. */
#ifdef __LITTLE_ENDIAN__
#define BE(word) .long (((word) & 0xff) << 24 | ((word) & 0xff00) << 8 | ((word) >> 8 & 0xff00) | (word) >> 24)
#define MSR_LE 1
#else
#define BE(word) .long word
#define MSR_LE 0
#endif

/* reg = address of a symbol, relative to the TOC pointer in r2: needs no relocation. */
#define ADDRESS(reg, symbol) addis reg, 2, symbol@toc@ha; addi reg, reg, symbol@toc@l

/*
 * The first words are big-endian code whatever the image is. They set 64-bit mode, and little-endian
 * mode in a little-endian image, in one rfid: an instruction cannot be fetched in the wrong order
 * between two steps.
 */
	.macro	native_mode
	BE(0x429f0005)			/* bcl    20,31,1f                          */
1:	BE(0x7d8802a6)			/* mflr   r12                               */
	BE(0x398c0000 + 2f - 1b)	/* addi   r12,r12,2f-1b                     */
	BE(0x7d6000a6)			/* mfmsr  r11                               */
	BE(0x39400001)			/* li     r10,1                             */
	BE(0x794af806)			/* sldi   r10,r10,63      MSR[SF]           */
	BE(0x7d6b5378)			/* or     r11,r11,r10                       */
	BE(0x616b0000 + MSR_LE)		/* ori    r11,r11,MSR_LE                    */
	BE(0x7d9a03a6)			/* mtsrr0 r12                               */
	BE(0x7d7b03a6)			/* mtsrr1 r11                               */
	BE(0x4c000024)			/* rfid                                     */
2:
	.endm

	.section .head, "ax"
	.globl	start
start:
	native_mode
	b	begin

	.text
begin:
	bcl	20, 31, 1f
1:	mflr	12
	addis	2, 12, (.TOC. - 1b)@ha
	addi	2, 2, (.TOC. - 1b)@l
	ADDRESS(1, stack_top)
	li	0, 0
	stdu	0, -32(1)		/* the outermost frame: no back chain */
	mr	31, 3			/* the device tree */

	ADDRESS(3, start)		/* linked at 0, so its address is the load base */
	ADDRESS(4, rela_start)
	ADDRESS(5, rela_end)
	ADDRESS(6, bss_start)
	ADDRESS(7, bss_end)
	bl	prepare_image
	mr	3, 31
	bl	run_guest		/* does not return */
	trap

/* Where RTAS lets another CPU begin, in the same state, with a struct start (cpus.c) at r3. */
	.section .text.start_other, "ax"
	.globl	start_other
start_other:
	native_mode
	bcl	20, 31, 1f
1:	mflr	12
	addis	2, 12, (.TOC. - 1b)@ha
	addi	2, 2, (.TOC. - 1b)@l
	ld	1, 0(3)
	ld	12, 8(3)
	li	0, 0
	stdu	0, -32(1)
	mtctr	12
	bctrl				/* does not return */
	trap
	.text

/* void hcall_regs(uint64_t r[10]) */
	.globl	hcall_regs
hcall_regs:
	std	31, -8(1)		/* r31 survives a hypercall; below r1 is ours to use */
	mr	31, 3
	ld	3, 0(31)
	ld	4, 8(31)
	ld	5, 16(31)
	ld	6, 24(31)
	ld	7, 32(31)
	ld	8, 40(31)
	ld	9, 48(31)
	ld	10, 56(31)
	ld	11, 64(31)
	ld	12, 72(31)
	sc	1
	std	3, 0(31)
	std	4, 8(31)
	std	5, 16(31)
	std	6, 24(31)
	std	7, 32(31)
	std	8, 40(31)
	std	9, 48(31)
	std	10, 56(31)
	std	11, 64(31)
	std	12, 72(31)
	ld	31, -8(1)
	blr

/*
 * The code at each interrupt vector, copied there by install_vectors(), which writes the vector's
 * own number into the third word. The address of crash_entry lies at real address VECTOR_ENTRY.
 */
	.globl	vector_code, crash_entry
vector_code:
	ld	3, 0xf0(0)		/* VECTOR_ENTRY in vectors.c */
	mtctr	3
	li	3, 0
	bctr

/* r3 = vector. Nothing of the interrupted program is kept: a guest that comes here has failed. */
crash_entry:
	mflr	8
	bcl	20, 31, 1f
1:	mflr	12
	addis	2, 12, (.TOC. - 1b)@ha
	addi	2, 2, (.TOC. - 1b)@l
	ADDRESS(1, stack_top)
	li	0, 0
	stdu	0, -32(1)
	mfsrr0	4
	mfsrr1	5
	mfdar	6
	mfdsisr	7
	bl	crash
	trap

/* Not cleared at start: prepare_image() runs on it. */
	.section .noinit, "aw", @nobits
	.balign	16
	.space	16384
stack_top:
