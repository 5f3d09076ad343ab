/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The special-purpose registers of a POWER9 that a guest has: which exist, how wide they are, which hold what is
 * written (Power ISA 3.0B, Book III, 4.4.4; POWER9 User's Manual for those the book leaves open).
 */
#include "interrupts.h"

enum kind {
	HOLDS,		/* reads as it was written */
	SAME,		/* a second name of a register before it in the table */
	READ_ONLY,	/* a write changes nothing */
	MOVES,		/* changes by itself: only its width is known */
	WRITE_ONLY,	/* may be written */
};

static const struct spr {
	uint16_t number;
	uint8_t width, kind;
	char name[12];
} sprs[] = {
	{ 1, 64, MOVES, "XER" }, { 8, 64, MOVES, "LR" }, { 9, 64, MOVES, "CTR" },
	{ 17, 64, HOLDS, "DSCR" }, { 3, 64, SAME, "UDSCR" },
	{ 18, 32, HOLDS, "DSISR" }, { 19, 64, HOLDS, "DAR" }, { 22, 64, MOVES, "DEC" },
	{ 26, 64, HOLDS, "SRR0" }, { 27, 64, HOLDS, "SRR1" }, { 28, 64, MOVES, "CFAR" },
	{ 29, 64, HOLDS, "AMR" }, { 13, 64, SAME, "UAMR" }, { 48, 32, HOLDS, "PIDR" }, { 61, 64, HOLDS, "IAMR" },
	{ 136, 32, READ_ONLY, "CTRL" }, { 144, 64, HOLDS, "TIDR" }, { 153, 64, HOLDS, "FSCR" },
	{ 157, 64, HOLDS, "UAMOR" }, { 159, 32, HOLDS, "PSPB" }, { 176, 64, READ_ONLY, "DPDES" },
	{ 256, 32, HOLDS, "VRSAVE" },
	{ 268, 64, READ_ONLY | 0x80, "TB" }, { 269, 32, MOVES, "TBU" },
	{ 272, 64, HOLDS, "SPRG0" }, { 273, 64, HOLDS, "SPRG1" }, { 274, 64, HOLDS, "SPRG2" },
	{ 275, 64, HOLDS, "SPRG3" }, { 259, 64, SAME, "USPRG3" },
	{ 283, 32, READ_ONLY, "CIR" }, { 287, 32, READ_ONLY, "PVR" }, { 308, 64, MOVES, "SPURR" }, { 309, 64, MOVES, "PURR" },
	{ 446, 64, READ_ONLY, "TIR" },
	{ 784, 64, HOLDS, "SIER" }, { 768, 64, SAME, "USIER" }, { 785, 64, HOLDS, "MMCR2" }, { 769, 64, SAME, "UMMCR2" },
	{ 786, 64, HOLDS, "MMCRA" }, { 770, 64, SAME, "UMMCRA" },
	{ 787, 32, HOLDS, "PMC1" }, { 771, 32, SAME, "UPMC1" }, { 788, 32, HOLDS, "PMC2" }, { 772, 32, SAME, "UPMC2" },
	{ 789, 32, HOLDS, "PMC3" }, { 773, 32, SAME, "UPMC3" }, { 790, 32, HOLDS, "PMC4" }, { 774, 32, SAME, "UPMC4" },
	{ 791, 32, HOLDS, "PMC5" }, { 775, 32, SAME, "UPMC5" }, { 792, 32, HOLDS, "PMC6" }, { 776, 32, SAME, "UPMC6" },
	{ 795, 64, HOLDS, "MMCR0" }, { 779, 64, SAME, "UMMCR0" }, { 796, 64, HOLDS, "SIAR" }, { 780, 64, SAME, "USIAR" },
	{ 797, 64, HOLDS, "SDAR" }, { 781, 64, SAME, "USDAR" }, { 798, 64, HOLDS, "MMCR1" }, { 782, 64, SAME, "UMMCR1" },
	{ 806, 64, HOLDS, "BESCR" }, { 800, 64, SAME, "BESCRS" }, { 802, 64, SAME, "BESCRR" },
	{ 804, 64, HOLDS, "EBBHR" }, { 805, 64, HOLDS, "EBBRR" }, { 815, 64, HOLDS, "TAR" }, { 823, 64, HOLDS, "PSSCR" },
	{ 848, 64, MOVES, "IC" }, { 849, 64, MOVES, "VTB" },
	{ 881, 64, WRITE_ONLY, "TRIG1" }, { 882, 64, WRITE_ONLY, "TRIG2" }, { 895, 64, HOLDS, "WORT" },
	{ 896, 64, MOVES, "PPR" }, { 898, 32, MOVES, "PPR32" }, { 1023, 32, READ_ONLY, "PIR" },
};
#define SPRS (sizeof(sprs) / sizeof(sprs[0]))

static volatile unsigned refused;

static bool refuse(struct interrupted *program)
{
	refused++;
	program->nip += 4;
	return program->vector == 0x700;
}

/* The instruction is made at run time: the number of the register is in it. */
static uint32_t code[4] __attribute__((aligned(128)));

static uint64_t run(uint32_t word, unsigned number, uint64_t r3)
{
	register uint64_t value __asm__("r3") = r3;

	code[0] = word | (number & 31) << 16 | (number >> 5) << 11;
	code[1] = 0x4e800020;		/* blr */
	__asm__ volatile("dcbst 0,%1; sync; icbi 0,%1; sync; isync; mflr 31; mtctr %1; bctrl; mtlr 31"
			 : "+r"(value) : "r"(code) : "r31", "lr", "ctr", "memory");
	return value;
}

static uint64_t get(unsigned number)
{
	return run(0x7c6002a6, number, 0x5a5a5a5a5a5a5a5a);
}

static void set(unsigned number, uint64_t value)
{
	run(0x7c6003a6, number, value);
}

static const uint64_t patterns[] = { 0xcafefacec0debabe, 0x35010531 ^ 0xa5a5ull << 40, 0 };

static bool fits(uint64_t value, unsigned width)
{
	return width == 64 || value >> width == 0;
}

/* True if it reads as it was written, but for bits that are reserved. Its value before comes back. */
static bool holds(const struct spr *spr)
{
	uint64_t mask = spr->width == 64 ? ~0ull : (1ull << spr->width) - 1, before = get(spr->number);
	bool same = true;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		set(spr->number, patterns[i]);
		same &= get(spr->number) == (patterns[i] & mask);
	}
	set(spr->number, before);
	return same;
}

static void one(const struct spr *spr)
{
	static const struct spr *first;
	uint64_t before;

	refused = 0;
	switch (spr->kind & 0xf) {
	case HOLDS:
		first = spr;
		claim_of_tcevm(holds(spr), "%s (%u) holds %u bits", spr->name, spr->number, spr->width);
		break;
	case SAME:
		claim_of_tcevm(get(spr->number) == get(first->number), "%s (%u) is %s", spr->name, spr->number, first->name);
		break;
	case READ_ONLY:
		before = get(spr->number);
		set(spr->number, ~before & 0xffff);
		if (spr->kind & 0x80)
			claim(get(spr->number) - before < machine.timebase_hz, "%s (%u) is read-only", spr->name, spr->number);
		else
			claim(get(spr->number) == before, "%s (%u) is read-only", spr->name, spr->number);
		break;
	case WRITE_ONLY:
		set(spr->number, 1);
		break;
	default:
		set(spr->number, get(spr->number));
	}
	claim_of_tcevm(refused == 0 && (spr->kind == WRITE_ONLY || fits(get(spr->number), spr->width)),
		       "%s (%u) is there, %u bits wide", spr->name, spr->number, spr->width);
}

static void effects(void)
{
	set(806, 0);
	set(800, 0x11);
	set(800, 0x22);
	claim_of_tcevm(get(806) == 0x33, "BESCRS sets bits of BESCR");
	set(802, 0x21);
	claim_of_tcevm(get(806) == 0x12, "BESCRR resets bits of BESCR");
	set(801, 0x5);
	claim_of_tcevm(get(806) == 0x500000012, "BESCRSU sets bits of its high word");
	set(803, 0x4);
	claim_of_tcevm(get(806) == 0x100000012, "BESCRRU resets bits of its high word");
	set(806, 0);
	set(152, 0);
	claim((get(136) & 1) == 0, "CTRL[RUN] is off");
	set(152, 1);
	claim((get(136) & 1) == 1, "CTRL[RUN] is on");
	claim((get(287) >> 16) == 0x4e, "PVR says POWER9");
	refused = 0;
	claim(get(64) == 0x5a5a5a5a5a5a5a5a && refused == 0, "mfspr of a number without a register does nothing");
	get(0);
	claim(refused == 1, "mfspr 0 is illegal");
}

int main(void)
{
	catch_interrupts(refuse);
	for (size_t i = 0; i < SPRS; i++)
		one(&sprs[i]);
	effects();
	return claims_verdict();
}
