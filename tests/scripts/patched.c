/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Code that changes under Linux in ways that need no icbi of its own page on POWER9: memory that is given back and mapped
 * again, a debugger's breakpoint, filters that the kernel compiles. A line for each says how often old code ran.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS	1000
#define TRAP	0x7fe00008ul

/* The work of flush_icache_range on POWER9: one icbi, of any address. */
static void synchronize(void)
{
	static uint32_t anywhere;

	__asm__ volatile("sync; icbi 0,%0; sync; isync" : : "r"(&anywhere) : "memory");
}

static void mappings(void)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < TURNS; i++) {
		volatile uint32_t *code = mmap(0, 65536, PROT_READ | PROT_WRITE | PROT_EXEC,
					       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		code[0] = 0x38600000 | i;	/* li r3,i */
		code[1] = 0x4e800020;		/* blr */
		synchronize();
		wrong += ((unsigned (*)(void))code)() != i;
		munmap((void *)code, 65536);
	}
	printf("mappings: %u of %u wrong\n", wrong, TURNS);
}

__attribute__((noinline)) static long work(long n)
{
	__asm__ volatile("" : : : "memory");
	return n + 1;
}

static _Noreturn void debugged(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	for (int i = 0; i < TURNS; i++)
		work(i);
	raise(SIGSTOP);
	work(0);
	_exit(9);
}

static int resume(pid_t child)
{
	int status = 0;

	ptrace(PTRACE_CONT, child, 0, 0);
	waitpid(child, &status, 0);
	return status;
}

static void breakpoint(void)
{
	pid_t child = fork();
	long old;
	int status;

	if (child == 0)
		debugged();
	waitpid(child, &status, 0);
	old = ptrace(PTRACE_PEEKTEXT, child, (void *)work, 0);
	ptrace(PTRACE_POKETEXT, child, (void *)work, (void *)((old & ~0xfffffffful) | TRAP));
	status = resume(child);
	printf("breakpoint: %s", WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP ? "hit" : "missed");
	ptrace(PTRACE_POKETEXT, child, (void *)work, (void *)old);
	status = resume(child);
	printf(", %s\n", WIFEXITED(status) && WEXITSTATUS(status) == 9 ? "removed" : "still there");
	kill(child, SIGKILL);
}

static void filters(void)
{
	unsigned wrong = 0;
	char message[300] = "";
	int ends[2];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
	for (unsigned i = 0; i < TURNS; i++) {
		struct sock_filter steps[32];
		unsigned short length = 0;
		unsigned keep = 1 + i * 7 % 250;

		for (unsigned j = 0; j < i % 30; j++)
			steps[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, i * 31 + j);
		steps[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, keep);
		setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &(struct sock_fprog){ length, steps },
			   sizeof(struct sock_fprog));
		send(ends[0], message, sizeof(message), 0);
		wrong += recv(ends[1], message, sizeof(message), MSG_DONTWAIT) != (ssize_t)keep;
	}
	printf("filters: %u of %u wrong\n", wrong, TURNS);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	mappings();
	breakpoint();
	filters();
	return 0;
}
