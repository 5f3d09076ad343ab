/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between the files of this guest: its address space, and what it does there. */
#ifndef RADIX_H
#define RADIX_H

#include "interrupts.h"

/* Bits of a page table entry (Power ISA 3.0B, Book III, 5.7.10.2). */
#define PTE_VALID	BIT(0)
#define PTE_LEAF	BIT(1)
#define PTE_R		BIT(55)
#define PTE_C		BIT(56)
#define PTE_PRIVILEGED	8ull
#define PTE_READ	4ull
#define PTE_WRITE	2ull
#define PTE_EXECUTE	1ull
#define PTE_ALL		(PTE_READ | PTE_WRITE | PTE_EXECUTE)

#define KIB	1024ull
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)

/* RAM is mapped to where it is. Behind this address is what the claims are about: 512 pages of 4 KiB, then others. */
#define SPACE	(4 * GIB)
#define SPACE_64K	(SPACE + 2 * MIB)
#define SPACE_2M	(SPACE + 4 * MIB)
#define SPACE_1G	(5 * GIB)

/* Makes the tables, registers them, and turns translation on. */
void enter_space(void);
void translate(void);

/* Entry `n` of the 4 KiB pages; changes it and forgets the old one, on every CPU or this one. */
uint64_t pte(unsigned n);
void set_pte(unsigned n, uint64_t entry);
void set_pte_here(unsigned n, uint64_t entry);

enum access { LOAD, STORE, FETCH };

/* The interrupt that an access took; vector 0: none. */
struct interrupted try_access(enum access access, uint64_t ea, bool problem_state);

/* Executes an instruction in problem state, and returns the interrupt that it took. */
struct interrupted in_problem_state(uint32_t instruction);

#endif
