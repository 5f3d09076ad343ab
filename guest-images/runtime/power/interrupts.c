/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Interrupts that a guest takes on purpose: vectors that keep the program, and the way to its handler. */
#include "interrupts.h"
#include "power.h"

#define CODE_WORDS	7
#define LI_WORD		5	/* the word of catch_code that loads the vector's number */

extern const uint32_t catch_code[CODE_WORDS];
extern const char catch_entry[];

static bool (*handler)(struct interrupted *);

void catch_interrupts(bool (*function)(struct interrupted *))
{
	handler = function;
	write_vectors(catch_code, CODE_WORDS, LI_WORD, catch_entry);
}

/* Called by catch_entry. */
void caught(struct interrupted *program)
{
	if (!handler(program))
		crash(program->vector, program->nip, program->msr, program->dar, program->dsisr, program->lr);
}
