/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A tier that answers H_PUT_TCE by the exchange path: a live entry is replaced without a clear before it. The displaced
 * page is killed, marked dirty if the old direction let the device write, and released, in this order.
 *
 *	tcevm header >tcevm.h
 *	cc -shared -fPIC -O2 -I . -o put.so put.c
 *	tcevm run --tier virtual=./put.so --stats
 */
#include "tcevm.h"

/* Kills, dirties and releases what an exchange displaced. */
static void displaced(struct iommu_table *tbl, uint64_t entry, uint64_t hpa, enum dma_data_direction direction)
{
	iommu_tce_kill(tbl, entry, 1);
	if (direction == DMA_NONE)
		return;
	if (direction == DMA_FROM_DEVICE || direction == DMA_BIDIRECTIONAL)
		mm_iommu_mark_dirty(tbl, hpa);
	mm_iommu_mapped_dec(tbl, hpa);
}

/* Clears one hardware entry. */
static int64_t unmap_entry(struct iommu_table *tbl, uint64_t entry)
{
	uint64_t hpa = 0;
	enum dma_data_direction direction = DMA_NONE;
	int64_t ret = iommu_tce_xchg_no_kill(tbl, entry, &hpa, &direction);

	if (ret != H_SUCCESS)
		return ret;
	displaced(tbl, entry, hpa, direction);
	return H_SUCCESS;
}

/* Maps one hardware entry. The new page is pinned first, so that no entry ever maps a page that is not. */
static int64_t map_entry(struct iommu_table *tbl, uint64_t entry, uint64_t hpa, enum dma_data_direction direction)
{
	uint64_t new_hpa = hpa;
	int64_t ret = mm_iommu_mapped_inc(tbl, new_hpa);

	if (ret != H_SUCCESS)
		return ret;
	ret = iommu_tce_xchg_no_kill(tbl, entry, &hpa, &direction);
	if (ret != H_SUCCESS) {
		mm_iommu_mapped_dec(tbl, new_hpa);
		return ret;
	}
	displaced(tbl, entry, hpa, direction);
	return H_SUCCESS;
}

/* Brings one hardware table into agreement with the guest's value. A page of the guest may be several of the table. */
static int64_t update_table(struct kvmppc_spapr_tce_table *stt, struct iommu_table *tbl, uint64_t entry, uint64_t tce)
{
	enum dma_data_direction direction = iommu_tce_direction(tce);
	uint32_t shift = stt->page_shift - tbl->it_page_shift;
	uint64_t first = entry << shift, count = UINT64_C(1) << shift;
	uint64_t hpa = 0;
	int64_t ret = H_SUCCESS;

	if (direction != DMA_NONE)
		ret = kvmppc_tce_to_hpa(stt, tce, &hpa);
	for (uint64_t i = 0; ret == H_SUCCESS && i < count; i++) {
		if (direction == DMA_NONE)
			ret = unmap_entry(tbl, first + i);
		else
			ret = map_entry(tbl, first + i, hpa + (i << tbl->it_page_shift), direction);
	}
	return ret;
}

static int64_t put_h_put_tce(struct kvm_vcpu *vcpu, uint64_t liobn, uint64_t ioba, uint64_t tce)
{
	struct kvmppc_spapr_tce_table *stt = kvmppc_find_table(vcpu->kvm, liobn);
	struct iommu_table *tbl;
	uint64_t entry;
	int64_t ret;

	if (!stt) /* the tier further out has the status for it, and no tier is further out than user */
		return vcpu->tier == 2 ? H_PARAMETER : H_TOO_HARD;

	ret = kvmppc_ioba_validate(stt, ioba, 1);
	if (ret != H_SUCCESS)
		return ret;
	ret = kvmppc_tce_validate(stt, tce);
	if (ret != H_SUCCESS)
		return ret;

	entry = ioba >> stt->page_shift;
	/* The guest's value comes first: a call that finds it afterwards finds the level of the table, too. */
	ret = kvmppc_tce_put(stt, entry, tce);
	for (uint32_t n = 0; ret == H_SUCCESS && (tbl = tcevm_table(stt, n)); n++)
		ret = update_table(stt, tbl, entry, tce);
	return ret;
}

TCEVM_TIER("put", .h_put_tce = put_h_put_tce);
