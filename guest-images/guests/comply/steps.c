/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The steps of a script: read, done, judged. */
#include "comply.h"

#define CELLS		8
#define BLOCK_AT	0x40f0000ul	/* where RTAS blocks are written (value.rs: BLOCK) */
#define PATTERN		0x5555555555555555ul

uint64_t read_number(struct reader *from)
{
	return be64(*from->at++);
}

const char *read_text(struct reader *from, uint64_t *length)
{
	const char *text;

	*length = read_number(from);
	text = (const char *)from->at;
	from->at += (*length + 7) / 8;
	return text;
}

uint64_t digest(uint64_t before, uint64_t number)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		before = (before ^ (uint8_t)(number >> shift)) * 0x100000001b3ul;
	return before;
}

/* A value: symbol << 56 | stride, then what is added. */
static bool read_value(struct run *run, struct reader *from, uint64_t i, uint64_t *value)
{
	uint64_t head = read_number(from), add = read_number(from);
	uint64_t symbol = head >> 56, stride = head << 8 >> 8;

	if (symbol >= SYMBOLS || !run->known[symbol]) {
		snprintf(run->why, sizeof(run->why), "the machine does not tell what symbol %lu is", symbol);
		return false;
	}
	*value = run->symbols[symbol] + add + stride * i;
	return true;
}

/* The head of a step. */
struct step {
	uint64_t kind, how, args, statuses, outs;
	uint64_t number;		/* in the script as it was written */
	uint64_t repeat;
};

/* The outcome of a step. */
struct answer {
	int64_t status;
	uint64_t outs[CELLS];
};

static enum verdict judge(struct run *run, const struct step *step, const struct answer *answer, struct reader *from,
			  uint64_t i, uint64_t *mixed)
{
	bool allowed = step->statuses == 0;

	for (uint64_t n = 0; n < step->statuses; n++)
		allowed |= (int64_t)read_number(from) == answer->status;
	*mixed = digest(*mixed, (uint64_t)answer->status);
	for (uint64_t n = 0; n < step->outs; n++) {
		uint64_t what = read_number(from), got = answer->outs[n], want = got, symbol = what >> 8 & 0xff;

		if ((what & 0xff) == IS && !read_value(run, from, i, &want))
			return SKIPPED;
		if (answer->status != H_SUCCESS)
			continue;	/* what a call that failed leaves there means nothing */
		if ((what & 0xff) != KEEP) {
			*mixed = digest(*mixed, got);
			allowed &= got == want;
			continue;
		}
		switch (what >> 16) {
		case WHOLE: run->symbols[symbol] = got; break;
		case HIGH: run->symbols[symbol] = got << 32; break;
		case LOW: run->symbols[symbol] |= (uint32_t)got; break;
		}
		run->known[symbol] = true;
	}
	if (allowed)
		return GOES_ON;
	snprintf(run->why, sizeof(run->why), "%s (%ld) %#lx", status_name(answer->status), answer->status,
		 answer->outs[0]);
	return FAILED;
}

static enum verdict call(struct run *run, const struct step *step, struct reader *from, uint64_t i,
			 struct answer *answer)
{
	uint64_t regs[10], changed = 0;

	for (int n = 0; n < 10; n++)
		regs[n] = PATTERN;
	regs[0] = read_number(from);
	for (uint64_t n = 0; n < step->args && n < 9; n++)
		if (!read_value(run, from, i, &regs[1 + n]))
			return SKIPPED;
	if (step->how == USER) {
		snprintf(run->why, sizeof(run->why), "a guest without page tables cannot be in problem state");
		return SKIPPED;
	}
	__asm__ volatile("" : : : "memory");
	if (step->how == CHECKED)
		changed = hcall_checked(regs);
	else
		hcall_regs(regs);
	__asm__ volatile("" : : : "memory");
	answer->status = (int64_t)regs[0];
	for (int n = 0; n < CELLS; n++)
		answer->outs[n] = regs[1 + n];
	if (!changed)
		return GOES_ON;
	snprintf(run->why, sizeof(run->why), "registers changed that must not, by their numbers: %#lx", changed);
	return FAILED;
}

static enum verdict rtas_call(struct run *run, const struct step *step, struct reader *from, uint64_t i,
			      struct answer *answer)
{
	volatile uint32_t *block = (volatile uint32_t *)BLOCK_AT;
	uint64_t length, value;
	const char *text = read_text(from, &length);
	char name[64] = { 0 };
	uint32_t token;

	memcpy(name, text, length < sizeof(name) ? length : sizeof(name) - 1);
	token = rtas_token(name);
	if (token == 0) {
		snprintf(run->why, sizeof(run->why), "the machine has no RTAS %s", name);
		return SKIPPED;
	}
	run->used_rtas = true;
	block[0] = be32(token);
	block[1] = be32((uint32_t)step->args);
	block[2] = be32((uint32_t)step->outs + 1);
	for (uint64_t n = 0; n < step->args; n++) {
		if (!read_value(run, from, i, &value))
			return SKIPPED;
		block[3 + n] = be32((uint32_t)value);
	}
	answer->status = hcall(H_RTAS, BLOCK_AT).status;
	if (answer->status != H_SUCCESS)
		return GOES_ON;
	answer->status = (int32_t)be32(block[3 + step->args]);
	for (uint64_t n = 0; n < step->outs && n < CELLS; n++)
		answer->outs[n] = be32(block[4 + step->args + n]);
	return GOES_ON;
}

static void store(uint64_t *at, uint64_t form, uint64_t value)
{
	if (form == WORD) {
		*(volatile uint32_t *)*at = be32((uint32_t)value);
		*at += 4;
		return;
	}
	*(volatile uint64_t *)*at = form == LITTLE ? __builtin_bswap64(be64(value)) : be64(value);
	*at += 8;
}

static bool holds(uint64_t *at, uint64_t form, uint64_t value)
{
	uint64_t width = form == WORD ? 4 : 8;
	bool same = form == WORD ? *(volatile uint32_t *)*at == be32((uint32_t)value)
				 : *(volatile uint64_t *)*at == be64(value);

	*at += width;
	return same;
}

static enum verdict memory(struct run *run, const struct step *step, struct reader *from, uint64_t i)
{
	uint64_t at, value, count = step->args;
	struct reader again;

	if (!read_value(run, from, i, &at))
		return SKIPPED;
	if (step->kind == FILL)
		count = read_number(from);
	again = *from;
	for (uint64_t n = 0; n < count; n++) {
		if (step->kind == FILL)
			*from = again;
		if (!read_value(run, from, step->kind == FILL ? n : i, &value))
			return SKIPPED;
		if (step->kind != PEEK) {
			store(&at, step->how, value);
		} else if (!holds(&at, step->how, value)) {
			snprintf(run->why, sizeof(run->why), "other bytes are in memory below %#lx", at);
			return FAILED;
		}
	}
	return GOES_ON;
}

static enum verdict once(struct run *run, const struct step *step, struct reader *from, uint64_t i,
			 struct answer *answer, uint64_t *mixed)
{
	enum verdict verdict;

	if (step->kind >= POKE)
		return memory(run, step, from, i);
	verdict = step->kind == RTAS ? rtas_call(run, step, from, i, answer) : call(run, step, from, i, answer);
	return verdict == GOES_ON ? judge(run, step, answer, from, i, mixed) : verdict;
}

static void tell(const struct step *step, const struct answer *answer, uint64_t mixed)
{
	printf("#= %lu %lx %lx", step->number, mixed, (uint64_t)answer->status);
	for (uint64_t n = 0; n < step->outs && answer->status == H_SUCCESS; n++)
		printf(" %lx", answer->outs[n]);
	printf("\n");
}

enum verdict do_step(struct run *run, struct reader *from)
{
	uint64_t head = read_number(from), next = head >> 32, mixed = DIGEST_START;
	const uint64_t *begin = from->at;
	struct step step = {
		.kind = head & 0xf, .how = head >> 4 & 0xf, .args = head >> 8 & 0xff, .statuses = head >> 16 & 0xff,
		.outs = head >> 24 & 0xff,
	};
	struct answer answer = { 0 };
	enum verdict verdict = GOES_ON;
	struct reader body;

	step.number = read_number(from);
	step.repeat = read_number(from);
	run->line = read_text(from, &run->line_length);
	run->want = read_text(from, &run->want_length);
	body = *from;
	for (uint64_t i = 0; i < step.repeat && verdict == GOES_ON; i++) {
		*from = body;
		verdict = once(run, &step, from, i, &answer, &mixed);
	}
	from->at = begin + next;
	if (step.kind >= POKE || verdict == SKIPPED)
		return verdict;
	run->chunk_digest = digest(run->chunk_digest, mixed);
	if (run->steps >= run->tell_from)
		tell(&step, &answer, mixed);
	return verdict;
}
