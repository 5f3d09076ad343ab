/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Runs the scripts behind the image and reports how they went, in TAP. */
#include "comply.h"

#define TOUCHED		2048	/* entries at the beginning of the window that scripts use */
#define TOUCHED_LAST	1024	/* and at its end */

extern const char start[];	/* the first byte of the image */

/* Clears entries, with whatever calls there are. */
static void clear(uint64_t ioba, uint64_t entries)
{
	uint64_t liobn = machine.window.liobn;

	for (; entries > 0; entries -= TCE_LIST_MAX, ioba += TCE_LIST_MAX * TCE_PAGE) {
		if (hcall(H_STUFF_TCE, liobn, ioba, 0, TCE_LIST_MAX).status == H_SUCCESS)
			continue;
		for (uint64_t i = 0; i < TCE_LIST_MAX; i++)
			hcall(H_PUT_TCE, liobn, ioba + i * TCE_PAGE, 0);
	}
}

/* Every script starts with the windows as the machine made them. */
static void reset(bool windows_too)
{
	const struct dma_window *w = &machine.window;
	uint32_t token = windows_too ? rtas_token("ibm,reset-pe-dma-window") : 0;

	if (token)
		rtas(token, 3, (uint32_t[]){ 0, (uint32_t)(machine.bridge >> 32), (uint32_t)machine.bridge });
	clear(w->ioba, TOUCHED);
	clear(w->ioba + w->size - TOUCHED_LAST * TCE_PAGE, TOUCHED_LAST);
}

static void learn(struct run *run)
{
	const struct dma_window *w = &machine.window;
	const uint64_t facts[FIRST_KEPT] = {
		[LIOBN] = w->liobn,
		[START] = w->ioba,
		[END] = w->ioba + w->size,
		[ENTRIES] = w->size / TCE_PAGE,
		[RAM] = machine.memory_size,
		[BUID_HIGH] = machine.bridge >> 32,
		[BUID_LOW] = (uint32_t)machine.bridge,
	};

	for (unsigned i = 0; i < FIRST_KEPT; i++) {
		run->symbols[i] = facts[i];
		run->known[i] = true;
	}
	run->known[BUID_HIGH] = run->known[BUID_LOW] = machine.bridge != 0;
}

static enum verdict run_steps(struct run *run, struct reader *from)
{
	uint64_t steps = read_number(from);

	run->chunk_digest = DIGEST_START;
	for (uint64_t i = 0; i < steps; i++) {
		enum verdict verdict = do_step(run, from);

		if (verdict != GOES_ON)
			return verdict;
		run->steps++;
		if (run->chunk && (run->steps % run->chunk == 0 || i + 1 == steps)) {
			printf("#%% %lu %016lx\n", run->steps, run->chunk_digest);
			run->chunk_digest = DIGEST_START;
		}
	}
	return GOES_ON;
}

/* A line about a failure, unless its text is empty. */
static void tell(const char *what, const char *text, uint64_t length)
{
	if (length == 0)
		return;
	printf("  %s: \"", what);
	console_write(text, length);
	printf("\"\n");
}

/* One script; true unless it failed. */
static bool run_script(uint64_t number, struct reader from, uint64_t tell_from, uint64_t chunk)
{
	struct run run = { .tell_from = tell_from, .chunk = chunk };
	uint64_t length, says_length, spec_length;
	const char *id = read_text(&from, &length);
	const char *says = read_text(&from, &says_length);
	const char *spec = read_text(&from, &spec_length);
	enum verdict verdict;

	learn(&run);
	verdict = run_steps(&run, &from);
	printf("%s %lu - ", verdict == FAILED ? "not ok" : "ok", number);
	console_write(id, length);
	if (verdict == SKIPPED)
		printf(" # SKIP %s", run.why);
	printf("\n");
	if (verdict == FAILED) {
		printf("  ---\n");
		tell("says", says, says_length);
		tell("spec", spec, spec_length);
		tell("step", run.line, run.line_length);
		tell("want", run.want, run.want_length);
		printf("  got: \"%s\"\n  ...\n", run.why);
	}
	reset(run.used_rtas);
	return verdict != FAILED;
}

int main(void)
{
	struct reader all = { (const uint64_t *)(start + BLOB_AT) };
	uint64_t length, scripts, tell_from, chunk, failures = 0;
	const char *title;

	if (read_number(&all) != BLOB_MAGIC || read_number(&all) != BLOB_VERSION)
		fail("there are no clauses behind this image; make one by: tcevm comply --emit-image FILE");
	if (read_number(&all) > machine.memory_size)
		fail("there are only %#lx bytes of memory", machine.memory_size);
	if (machine.window.size == 0)
		fail("the device tree has no ibm,dma-window, so there is nothing to test");
	tell_from = read_number(&all);
	chunk = read_number(&all);
	title = read_text(&all, &length);
	scripts = read_number(&all);

	printf("TAP version 13\n1..%lu\n# ", scripts);
	console_write(title, length);
	printf("\n# %s, LIOBN %#x, window %#lx to %#lx, %#lx bytes of memory\n", GUEST_KIND, machine.window.liobn,
	       machine.window.ioba, machine.window.ioba + machine.window.size, machine.memory_size);
	reset(false);
	for (uint64_t i = 1; i <= scripts; i++) {
		uint64_t words = read_number(&all);

		failures += !run_script(i, all, tell_from, chunk);
		all.at += words;
	}
	printf("# %lu of %lu failed\n", failures, scripts);
	return failures != 0;
}
