/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The tests (Power ISA 3.0B, Book II, 1.7.1 Storage Access Ordering, and 4.6.3 Memory Barrier Instructions). Their names are those
 * of the literature: MP message passing, SB store buffering, LB load buffering, WRC write to read causality,
 * IRIW independent reads of independent writes; S, R and 2+2W have stores to one location on both sides.
 */
#include "litmus.h"

#define LWSYNC	__asm__ volatile("lwsync" : : : "memory")
#define EIEIO	__asm__ volatile("eieio" : : : "memory")
#define SYNC	sync()
/* A branch that depends on a value, and isync. */
#define CONTROL_ISYNC(value)	__asm__ volatile("cmpd 7,%0,%0; bne- 7,1f; 1: isync" : : "r"(value) : "cr7", "memory")

/* 0, computed from a value: an address or a datum that uses it depends on the value. */
static inline uint64_t zero(uint64_t value)
{
	uint64_t zero;

	__asm__ volatile("xor %0,%1,%1" : "=r"(zero) : "r"(value));
	return zero;
}

/* The storage that is `at`, by an address that depends on a value. */
#define BY(at, value)	(*(volatile uint64_t *)((uint64_t)&(at) + zero(value)))

#define CPU(name)	static void name(struct cell *c, struct seen *s)
#define OUTCOME(name)	static bool name(const struct cell *c, const struct seen *s)
#define UNUSED		((void)c, (void)s)

/* Message passing: writers with each barrier that orders stores, readers with each that orders loads. */
CPU(mp_sync) { UNUSED; c->x = 1; SYNC; c->y = 1; }
CPU(mp_lwsync) { UNUSED; c->x = 1; LWSYNC; c->y = 1; }
CPU(mp_eieio) { UNUSED; c->x = 1; EIEIO; c->y = 1; }
CPU(mp_reads_sync) { s->r[1] = c->y; SYNC; s->r[2] = c->x; }
CPU(mp_reads_lwsync) { s->r[1] = c->y; LWSYNC; s->r[2] = c->x; }
CPU(mp_reads_address) { uint64_t flag = c->y; s->r[1] = flag; s->r[2] = BY(c->x, flag); }
CPU(mp_reads_isync) { uint64_t flag = c->y; CONTROL_ISYNC(flag); s->r[2] = c->x; s->r[1] = flag; }
OUTCOME(mp_late) { UNUSED; return s->r[1] == 1 && s->r[2] == 0; }

CPU(sb_left) { c->x = 1; SYNC; s->r[0] = c->y; }
CPU(sb_right) { c->y = 1; SYNC; s->r[1] = c->x; }
CPU(sb_left_free) { c->x = 1; s->r[0] = c->y; }
CPU(sb_right_free) { c->y = 1; s->r[1] = c->x; }
OUTCOME(sb_neither) { UNUSED; return s->r[0] == 0 && s->r[1] == 0; }

CPU(lb_left) { uint64_t r = c->x; c->y = 1 + zero(r); s->r[0] = r; }
CPU(lb_right) { uint64_t r = c->y; c->x = 1 + zero(r); s->r[1] = r; }
CPU(lb_left_lwsync) { uint64_t r = c->x; LWSYNC; c->y = 1; s->r[0] = r; }
CPU(lb_right_lwsync) { uint64_t r = c->y; LWSYNC; c->x = 1; s->r[1] = r; }
OUTCOME(lb_both) { UNUSED; return s->r[0] == 1 && s->r[1] == 1; }

CPU(s_left) { UNUSED; c->x = 2; LWSYNC; c->y = 1; }
CPU(s_right) { uint64_t r = c->y; c->x = 1 + zero(r); s->r[1] = r; }
OUTCOME(s_overwritten) { return s->r[1] == 1 && c->x == 2; }

CPU(r_left) { UNUSED; c->x = 1; SYNC; c->y = 1; }
CPU(r_right) { c->y = 2; SYNC; s->r[1] = c->x; }
OUTCOME(r_unseen) { return c->y == 2 && s->r[1] == 0; }

CPU(w_left) { UNUSED; c->x = 1; LWSYNC; c->y = 2; }
CPU(w_right) { UNUSED; c->y = 1; LWSYNC; c->x = 2; }
OUTCOME(w_first) { UNUSED; return c->x == 1 && c->y == 1; }

/* Coherence of one location (Book II, 1.6.3). */
CPU(co_write) { UNUSED; c->x = 1; }
CPU(co_write_2) { UNUSED; c->x = 2; }
CPU(co_reads) { s->r[1] = c->x; s->r[2] = c->x; }
CPU(co_write_read) { c->x = 1; s->r[1] = c->x; }
CPU(co_read_write) { s->r[1] = c->x; c->x = 2; }
OUTCOME(co_back) { UNUSED; return s->r[1] == 1 && s->r[2] == 0; }
OUTCOME(co_lost) { return s->r[1] == 0 || (s->r[1] == 2 && c->x != 2); }
OUTCOME(co_future) { return s->r[1] == 2 || (s->r[1] == 1 && c->x != 2); }

CPU(x_1) { UNUSED; c->x = 1; }
CPU(y_1) { UNUSED; c->y = 1; }
CPU(wrc_middle) { uint64_t r = c->x; LWSYNC; c->y = r; s->r[1] = r; }
CPU(wrc_last) { uint64_t r = c->y; s->r[2] = r; s->r[3] = BY(c->x, r); }
OUTCOME(wrc_unseen) { UNUSED; return s->r[2] == 1 && s->r[3] == 0; }

CPU(iriw_x_y) { s->r[0] = c->x; SYNC; s->r[1] = c->y; }
CPU(iriw_y_x) { s->r[2] = c->y; SYNC; s->r[3] = c->x; }
OUTCOME(iriw_differ) { UNUSED; return s->r[0] == 1 && s->r[1] == 0 && s->r[2] == 1 && s->r[3] == 0; }

const struct litmus litmus[] = {
	{ "MP, sync and sync", 2, { mp_sync, mp_reads_sync }, mp_late },
	{ "MP, lwsync and lwsync", 2, { mp_lwsync, mp_reads_lwsync }, mp_late },
	{ "MP, eieio and lwsync", 2, { mp_eieio, mp_reads_lwsync }, mp_late },
	{ "MP, lwsync and an address that depends", 2, { mp_lwsync, mp_reads_address }, mp_late },
	{ "MP, lwsync and a branch with isync", 2, { mp_lwsync, mp_reads_isync }, mp_late },
	{ "SB, sync and sync", 2, { sb_left, sb_right }, sb_neither },
	{ "LB, data that depend", 2, { lb_left, lb_right }, lb_both },
	{ "LB, lwsync and lwsync", 2, { lb_left_lwsync, lb_right_lwsync }, lb_both },
	{ "S, lwsync and data that depend", 2, { s_left, s_right }, s_overwritten },
	{ "R, sync and sync", 2, { r_left, r_right }, r_unseen },
	{ "2+2W, lwsync and lwsync", 2, { w_left, w_right }, w_first },
	{ "one location, two loads", 2, { co_write, co_reads }, co_back },
	{ "one location, a store and a load", 2, { co_write_2, co_write_read }, co_lost },
	{ "one location, a load and a store", 2, { co_write, co_read_write }, co_future },
	{ "WRC, lwsync and an address that depends", 3, { x_1, wrc_middle, wrc_last }, wrc_unseen },
	{ "IRIW, sync and sync", 4, { x_1, y_1, iriw_x_y, iriw_y_x }, iriw_differ },
};
const size_t litmus_tests = sizeof(litmus) / sizeof(litmus[0]);

const struct litmus unordered = { "SB", 2, { sb_left_free, sb_right_free }, sb_neither };
