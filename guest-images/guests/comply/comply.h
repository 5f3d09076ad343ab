/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A guest without clauses of its own: it runs the scripts that lie behind the image, as hcall/comply/src/blob.rs wrote
 * them there. All numbers are big-endian doublewords; a text is its length and then its bytes, up to a multiple of 8.
 */
#ifndef COMPLY_H
#define COMPLY_H

#include "guest.h"

#define BLOB_AT		0x100000		/* from the start of the image */
#define BLOB_MAGIC	0x544345434f4d504cul	/* "TCECOMPL" */
#define BLOB_VERSION	2

/* Where a reader is. */
struct reader {
	const uint64_t *at;
};

uint64_t read_number(struct reader *from);
/* A text and its length; it does not end with a 0. */
const char *read_text(struct reader *from, uint64_t *length);

/* Numbers of the symbols (value.rs). */
#define SYMBOLS		16
enum symbol { ZERO, LIOBN, START, END, ENTRIES, RAM, BUID_HIGH, BUID_LOW, FIRST_KEPT };

/* Kinds of steps (blob.rs). */
enum kind { CALL, RTAS, POKE, FILL, PEEK };
enum how { PLAINLY, USER, CHECKED };
enum form { BIG, LITTLE, WORD };
enum out { ANY, IS, KEEP };
enum half { WHOLE, HIGH, LOW };

/* How a script goes. */
enum verdict { GOES_ON, FAILED, SKIPPED };

struct run {
	uint64_t symbols[SYMBOLS];
	bool known[SYMBOLS];
	bool used_rtas;
	uint64_t steps;			/* done so far */
	uint64_t tell_from;		/* from this step on, what each answered is printed */
	uint64_t chunk;			/* after each of this many steps a digest of their answers is printed; 0: never */
	uint64_t chunk_digest;
	char why[160];			/* of a failure, or of a skip */
	const char *line;		/* the text of the step that failed */
	uint64_t line_length;
	const char *want;		/* the answer that it expects; empty where none is given */
	uint64_t want_length;
};

/* Does the next step. */
enum verdict do_step(struct run *run, struct reader *from);

/* Mixes a number into a digest (FNV-1a over its big-endian bytes). */
uint64_t digest(uint64_t before, uint64_t number);
#define DIGEST_START	0xcbf29ce484222325ul

/*
 * A hypercall with a pattern in every register that must survive it. Bit n of the answer: register n changed (POWER:
 * r1, r2, r13 to r31; bit 32: LR, 33: CR2 to CR4, 34: FPSCR, 35: a floating-point register, 36: a vector register;
 * x86-64: rbx, rbp, r14 and r15 as bits 0 to 3).
 */
uint64_t hcall_checked(uint64_t r[10]);

#endif
