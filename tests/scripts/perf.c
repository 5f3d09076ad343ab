/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The performance monitor as Linux has it (perf_event_open): exact counts of a known loop, and samples of it. Prints
 * one line, in which each number is what a count grows by when the loop makes ROUNDS more rounds.
 */
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS 100000ul
/* Events of POWER9 that have no general name: PM_LD_REF_L1, PM_ST_CMPL, PM_BR_TAKEN_CMPL. */
#define LOADS 0x100fc
#define STORES 0x200f0
#define TAKEN 0x200fa
#define PERIOD 100000ul
#define PAGES 16

extern char loop_start[], loop_end[];

/* Four instructions a round: a load, a store, and a branch among them. */
static __attribute__((noinline)) void rounds(uint64_t count)
{
	static uint64_t word;

	__asm__ volatile("mtctr %0\n"
			 ".globl loop_start\nloop_start:\n\t"
			 "ld 9,0(%1)\n\t"
			 "addi 9,9,1\n\t"
			 "std 9,0(%1)\n\t"
			 "bdnz loop_start\n"
			 ".globl loop_end\nloop_end:"
			 :
			 : "r"(count), "b"(&word)
			 : "ctr", "r9", "memory");
}

static int event(uint32_t type, uint64_t config, int group, uint64_t period)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .type = type, .config = config };
	int fd;

	attr.disabled = group < 0;
	attr.exclude_kernel = attr.exclude_hv = 1;
	attr.sample_period = period;
	attr.sample_type = period ? PERF_SAMPLE_IP : 0;
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, group, 0);
	if (fd < 0) {
		printf("event %u %#lx cannot be opened: ", type, config);
		fflush(stdout);
		perror("");
		exit(1);
	}
	return fd;
}

static uint64_t value(int fd)
{
	uint64_t count = 0;

	if (read(fd, &count, sizeof(count)) != sizeof(count))
		perror("read");
	return count;
}

static void run(int leader, uint64_t count)
{
	ioctl(leader, PERF_EVENT_IOC_RESET, PERF_IOC_FLAG_GROUP);
	ioctl(leader, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
	rounds(count);
	ioctl(leader, PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP);
}

/* By how much the counts of a group of three grow, and by how much they are above that in all. */
static void counts(const char *names[3], uint32_t type[3], uint64_t config[3])
{
	int fds[3];
	uint64_t once[3], more;

	for (int i = 0; i < 3; i++)
		fds[i] = event(type[i], config[i], i ? fds[0] : -1, 0);
	run(fds[0], ROUNDS); /* pages are there then */
	run(fds[0], ROUNDS);
	for (int i = 0; i < 3; i++)
		once[i] = value(fds[i]);
	run(fds[0], 2 * ROUNDS);
	for (int i = 0; i < 3; i++) {
		more = value(fds[i]) - once[i];
		if (type[i] == PERF_TYPE_HARDWARE && config[i] == PERF_COUNT_HW_CPU_CYCLES)
			printf("%s %s, ", names[i], more > 0 && once[i] > 0 ? "go on" : "stand still");
		else
			printf("%s %lu%s, ", names[i], more, once[i] - more < 1000 ? "" : " (and too many outside)");
		close(fds[i]);
	}
}

/* Samples of the loop: how many, and whether each is in it. */
static void samples(const char *name, uint32_t type, uint64_t config, uint64_t most)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = event(type, config, -1, PERIOD);
	struct perf_event_mmap_page *ring = mmap(NULL, (1 + PAGES) * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t inside = 0, outside = 0, expected;

	if (ring == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	run(fd, 10 * ROUNDS);
	expected = value(fd) / PERIOD;
	for (uint64_t at = 0; at < ring->data_head;) {
		const char *record = (char *)ring + page + at % (PAGES * page);
		struct perf_event_header header;
		uint64_t ip;

		memcpy(&header, record, sizeof(header));
		memcpy(&ip, record + sizeof(header), sizeof(ip));
		if (header.type == PERF_RECORD_SAMPLE) {
			bool in = ip >= (uint64_t)loop_start && ip < (uint64_t)loop_end;
			inside += in;
			outside += !in;
		}
		if (header.size == 0)
			break;
		at += header.size;
	}
	/* Cycles overflow between two looks, so that their periods are longer; the first instructions are outside. */
	if (inside == 0 || outside > 2 || inside + outside > expected || inside + outside < (most ? most : 1))
		printf("%s: %lu samples in the loop, %lu outside, %lu expected", name, inside, outside, expected);
	else
		printf("%s are sampled", name);
	munmap(ring, (1 + PAGES) * page);
	close(fd);
}

int main(void)
{
	counts((const char *[]){ "instructions", "cycles", "branches" },
	       (uint32_t[]){ PERF_TYPE_HARDWARE, PERF_TYPE_HARDWARE, PERF_TYPE_HARDWARE },
	       (uint64_t[]){ PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_BRANCH_INSTRUCTIONS });
	counts((const char *[]){ "loads", "stores", "run instructions" },
	       (uint32_t[]){ PERF_TYPE_RAW, PERF_TYPE_RAW, PERF_TYPE_RAW },
	       (uint64_t[]){ LOADS, STORES, 0x500fa });
	counts((const char *[]){ "taken", "dispatched", "misses" },
	       (uint32_t[]){ PERF_TYPE_RAW, PERF_TYPE_RAW, PERF_TYPE_HARDWARE },
	       (uint64_t[]){ TAKEN, 0x300f2, PERF_COUNT_HW_BRANCH_MISSES });
	samples("instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 10 * ROUNDS * 4 / PERIOD);
	printf(", ");
	samples("branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, 10 * ROUNDS / PERIOD);
	printf(", ");
	samples("cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0);
	printf("\n");
	return 0;
}
