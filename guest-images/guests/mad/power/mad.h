/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Shared by the hostile drivers. */
#ifndef MAD_H
#define MAD_H

#include "guest.h"
#include "power.h"

/* RAM behind the image. The arena's pages are mapped somewhere; locked ones for reading alone; canaries never. */
#define ARENA		0x800000ul
#define ARENA_PAGES	64
#define LOCKED		(ARENA + ARENA_PAGES * TCE_PAGE)
#define LOCKED_PAGES	16
#define CANARIES	(LOCKED + LOCKED_PAGES * TCE_PAGE)
#define CANARY_PAGES	64
#define NEEDED_MEMORY	0x1000000ul

/* The bus address of the arena's first page; locked pages follow as they do in memory, then nothing is mapped. */
#define AT		0x100000ul
#define NOWHERE		(AT + (ARENA_PAGES + LOCKED_PAGES) * TCE_PAGE)

#define page_at(page)	(AT + (uint64_t)(page) * TCE_PAGE)

static inline void *page(unsigned n)
{
	return (void *)(ARENA + n * TCE_PAGE);
}

static inline void put32(void *at, uint32_t value)
{
	value = be32(value);
	memcpy(at, &value, sizeof(value));
}

static inline void put64(void *at, uint64_t value)
{
	value = be64(value);
	memcpy(at, &value, sizeof(value));
}

/* Maps arena and locked pages of a device, each to its own; everything else of its window is cleared. */
void map_all(const struct vio *vio);

/* The other CPU replaces and clears entries of the arena's pages from `first` on all the time, until this is called with 0. */
void replace_meanwhile(const struct vio *vio, unsigned first);

uint64_t random_next(void);
/* A number that some field may want, or nearly. */
uint64_t random_value(const struct vio *vio);

void scsi_claims(const struct vio *vio);
void lan_claims(const struct vio *vio);

/* One random call each. */
int64_t scsi_random(const struct vio *vio);
int64_t lan_random(const struct vio *vio);

#endif
