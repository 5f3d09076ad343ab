/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One hypercall, one line: made, compared with what must come, and printed. */
#ifndef TELL_H
#define TELL_H

#include "guest.h"

void chapter(const char *title);

/* Calls that must succeed; `meaning` says what just happened. */
void put_tce(uint64_t ioba, uint64_t tce, const char *meaning);
void get_tce(uint64_t ioba, uint64_t tce, const char *meaning);
void put_list(uint64_t ioba, const uint64_t *list, size_t count, const char *meaning);
void stuff_tce(uint64_t ioba, size_t count, const char *meaning);
/* H_GET_TCE on `count` entries, printed as one line. */
void read_back(uint64_t ioba, size_t count, uint64_t (*tce)(size_t), const char *meaning);

/* Calls that every machine must refuse; `why` says what is wrong with them. */
void refused_put(const char *why, uint64_t liobn, uint64_t ioba, uint64_t tce);
void refused_get(const char *why, uint64_t liobn, uint64_t ioba);
void refused_list(const char *why, uint64_t ioba, const uint64_t *list, size_t count);
void unknown_call(uint64_t token, const char *why);

/* Calls that tcevm must refuse and that others may accept; `other` says who, or how. */
void varied_put(const char *why, uint64_t ioba, uint64_t tce, const char *other);
void varied_list(const char *why, uint64_t ioba, const uint64_t *list, size_t count, const char *other);
void varied_stuff(const char *why, uint64_t ioba, size_t count, int64_t status, const char *other);

/*
 * The entry after refused calls: as before. If a machine accepted some of them since the last
 * chapter(), its entry may differ; it is then put back, so that the story goes on.
 */
void unchanged(uint64_t ioba, uint64_t tce, const char *meaning);

/* Says how it went; main()'s return value. */
int verdict(void);

#endif
