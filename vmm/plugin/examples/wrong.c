/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * H_PUT_TCE with mistakes on purpose, each of which a tool names. -DWRONG=1, 2 or 3 chooses one; without it all three are made.
 *
 *	1  a displaced page is not released       the audit: a page has more pins than entries
 *	2  the kill comes one call too late       --check dma: a device uses a stale translation
 *	3  the new direction decides on dirt      the suite: a page that a device wrote is not dirty
 *
 *	cc -shared -fPIC -O2 -I . -DWRONG=2 -o wrong.so wrong.c
 *	tcevm comply --rig direct --tier virtual=./wrong.so
 */
#include "tcevm.h"

#ifdef WRONG
#define IS_WRONG(n) (WRONG == (n))
#else
#define IS_WRONG(n) 1
#endif

/* The entry whose kill is still missing, by its window; one for each vCPU's thread. */
static __thread struct {
	uint64_t liobn, entry;
} late = { 0, 0 };

/* Kills the entry of the call before. */
static void kill_late(struct kvm *kvm)
{
	struct kvmppc_spapr_tce_table *stt = late.liobn ? kvmppc_find_table(kvm, late.liobn) : NULL;
	struct iommu_table *tbl = stt ? tcevm_table(stt, 0) : NULL;

	if (tbl)
		iommu_tce_kill(tbl, late.entry, 1);
	late.liobn = 0;
}

static int writes(enum dma_data_direction direction)
{
	return direction == DMA_FROM_DEVICE || direction == DMA_BIDIRECTIONAL;
}

static int64_t exchange(struct kvmppc_spapr_tce_table *stt, struct iommu_table *tbl, uint64_t entry, uint64_t tce)
{
	enum dma_data_direction new_way = iommu_tce_direction(tce), way = new_way;
	uint64_t hpa = 0, new_hpa;

	if (way != DMA_NONE && kvmppc_tce_to_hpa(stt, tce, &hpa) != H_SUCCESS)
		return H_PARAMETER;
	new_hpa = hpa;
	if (way != DMA_NONE && mm_iommu_mapped_inc(tbl, new_hpa) != H_SUCCESS)
		return H_TOO_HARD;
	if (iommu_tce_xchg_no_kill(tbl, entry, &hpa, &way) != H_SUCCESS) {
		if (new_way != DMA_NONE)
			mm_iommu_mapped_dec(tbl, new_hpa);
		return H_TOO_HARD;
	}
	if (IS_WRONG(2)) {
		late.liobn = stt->liobn;
		late.entry = entry;
	} else {
		iommu_tce_kill(tbl, entry, 1);
	}
	if (way == DMA_NONE)
		return H_SUCCESS;
	if (writes(IS_WRONG(3) ? new_way : way))
		mm_iommu_mark_dirty(tbl, hpa);
	if (!IS_WRONG(1))
		mm_iommu_mapped_dec(tbl, hpa);
	return H_SUCCESS;
}

static int64_t wrong_h_put_tce(struct kvm_vcpu *vcpu, uint64_t liobn, uint64_t ioba, uint64_t tce)
{
	struct kvmppc_spapr_tce_table *stt = kvmppc_find_table(vcpu->kvm, liobn);
	struct iommu_table *tbl = stt ? tcevm_table(stt, 0) : NULL;
	int64_t ret;

	kill_late(vcpu->kvm);
	if (!tbl || tbl->it_page_shift != stt->page_shift || stt->tables != 1)
		return H_TOO_HARD;
	ret = kvmppc_ioba_validate(stt, ioba, 1);
	if (ret == H_SUCCESS)
		ret = kvmppc_tce_validate(stt, tce);
	if (ret == H_SUCCESS)
		ret = kvmppc_tce_put(stt, ioba >> stt->page_shift, tce);
	if (ret == H_SUCCESS)
		ret = exchange(stt, tbl, ioba >> stt->page_shift, tce);
	return ret;
}

TCEVM_TIER("wrong", .h_put_tce = wrong_h_put_tce);
