/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between the POWER files of the runtime only. */
#ifndef POWER_H
#define POWER_H

#include "runtime.h"

void install_vectors(void);

/* Copies this code to every vector, with the vector's number in its word `li_word`, and lets it find `entry`. */
void write_vectors(const uint32_t *from, size_t words, size_t li_word, const char *entry);

/* Reports an interrupt that no handler expected, and ends the run. */
_Noreturn void crash(uint64_t vector, uint64_t srr0, uint64_t srr1, uint64_t dar, uint64_t dsisr, uint64_t lr);

void read_device_tree(const void *blob);

#endif
