/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The C interface of tcevm's plug-ins: tiers of TCE hypercalls, and platforms of host bridges.
 *
 *	cc -shared -fPIC -O2 -I DIR -o mytier.so mytier.c
 *	tcevm run guest.elf --tier virtual=./mytier.so
 *
 * A plug-in defines one tier by TCEVM_TIER or one platform by TCEVM_PLATFORM, once, in one of its
 * files. Functions have the names of Linux' kernel where it has them, with the arguments that they need
 * here. Every function may be called only while one of the plug-in's own functions runs, on that thread,
 * and only with pointers that it got during this call.
 *
 * Entries are numbered from bus address 0, as in struct iommu_table: entry = ioba >> page shift.
 */
#ifndef TCEVM_H
#define TCEVM_H

#include <stddef.h>
#include <stdint.h>

/* The version of this interface. A plug-in of another version is refused. */
#define TCEVM_ABI 1

/* Statuses (LoPAR 2.9, "Hypervisor Call Return Code Table"). */
#define H_SUCCESS 0
#define H_HARDWARE (-1)
#define H_FUNCTION (-2)
#define H_PRIVILEGE (-3)
#define H_PARAMETER (-4)
#define H_PERMISSION (-11)
#define H_RESOURCE (-16)
#define H_NOT_ENOUGH_RESOURCES (-44)
#define H_P2 (-55)
#define H_P3 (-56)
#define H_P4 (-57)
/* The next tier further out makes the whole call. A guest never reads it. */
#define H_TOO_HARD 9999

/* Permissions of a TCE: bits of its value. */
#define TCE_PCI_READ UINT64_C(1)
#define TCE_PCI_WRITE UINT64_C(2)

/* The most entries of one list. */
#define TCEVM_LIST_ENTRIES 512

/* The direction of an entry. */
enum dma_data_direction {
	DMA_BIDIRECTIONAL = 0,
	DMA_TO_DEVICE = 1,
	DMA_FROM_DEVICE = 2,
	DMA_NONE = 3,
};

/* The guest. */
struct kvm;

/* The vCPU that makes the call. */
struct kvm_vcpu {
	struct kvm *kvm;
	uint32_t vcpu_id;
	/* The tier of this try: 0 real, 1 virtual, 2 user. */
	uint32_t tier;
};

/* A window of the guest, with the values that it wrote. */
struct kvmppc_spapr_tce_table {
	uint64_t liobn;
	/* The first entry, and the number of entries. */
	uint64_t offset;
	uint64_t size;
	uint32_t page_shift;
	/* The number of hardware tables. */
	uint32_t tables;
};

/* A hardware table of a window. Its page may be smaller than the guest's. */
struct iommu_table {
	uint64_t it_offset;
	uint64_t it_size;
	uint32_t it_page_shift;
	uint32_t it_index;
};

/* The bridge behind a table, for a platform. */
struct tcevm_bridge;

/* The functions that tcevm offers. The functions below call these. */
struct tcevm_kernel {
	struct kvmppc_spapr_tce_table *(*find_table)(struct kvm *kvm, uint64_t liobn);
	struct iommu_table *(*table)(struct kvmppc_spapr_tce_table *stt, uint32_t n);
	int64_t (*ioba_validate)(struct kvmppc_spapr_tce_table *stt, uint64_t ioba, uint64_t npages);
	int64_t (*tce_validate)(struct kvmppc_spapr_tce_table *stt, uint64_t tce);
	int64_t (*tce_to_hpa)(struct kvmppc_spapr_tce_table *stt, uint64_t tce, uint64_t *hpa);
	int64_t (*tce_put)(struct kvmppc_spapr_tce_table *stt, uint64_t entry, uint64_t tce);
	int64_t (*tce_get)(struct kvmppc_spapr_tce_table *stt, uint64_t entry, uint64_t *tce);
	int64_t (*mapped_inc)(struct iommu_table *tbl, uint64_t hpa);
	int64_t (*mapped_dec)(struct iommu_table *tbl, uint64_t hpa);
	int64_t (*mark_dirty)(struct iommu_table *tbl, uint64_t hpa);
	int64_t (*xchg_no_kill)(struct iommu_table *tbl, uint64_t entry, uint64_t *hpa, uint32_t *direction);
	int64_t (*tce_kill)(struct iommu_table *tbl, uint64_t entry, uint64_t pages);
	int64_t (*read_guest)(struct kvm *kvm, uint64_t gpa, void *data, uint64_t len);
	void (*set_gpr)(struct kvm_vcpu *vcpu, uint32_t number, uint64_t value);
	void (*log)(const char *text);
	void (*bridge_kill)(struct tcevm_bridge *bridge, uint64_t entry, uint64_t pages);
};

/* A tier. A function that is NULL leaves its call to tcevm's own tier. */
struct tcevm_tier {
	uint32_t abi;
	uint32_t size;
	const struct tcevm_kernel **kernel;
	const char *name;
	int64_t (*h_get_tce)(struct kvm_vcpu *vcpu, uint64_t liobn, uint64_t ioba);
	int64_t (*h_put_tce)(struct kvm_vcpu *vcpu, uint64_t liobn, uint64_t ioba, uint64_t tce);
	int64_t (*h_put_tce_indirect)(struct kvm_vcpu *vcpu, uint64_t liobn, uint64_t ioba, uint64_t tce_list, uint64_t npages);
	int64_t (*h_stuff_tce)(struct kvm_vcpu *vcpu, uint64_t liobn, uint64_t ioba, uint64_t tce_value, uint64_t npages);
};

/* A platform: the kill of its exchange operation. The swap is one in memory, as on IODA1 and IODA2. */
struct tcevm_platform {
	uint32_t abi;
	uint32_t size;
	const struct tcevm_kernel **kernel;
	const char *name;
	void (*tce_kill)(struct tcevm_bridge *bridge, const struct iommu_table *tbl, uint64_t entry, uint64_t pages);
};

#ifdef __cplusplus
extern "C" {
#endif

extern const struct tcevm_kernel *tcevm_kernel;

#define TCEVM_EXPORT __attribute__((visibility("default")))

/* Defines the tier of this plug-in: TCEVM_TIER("mine", .h_put_tce = my_h_put_tce); */
#define TCEVM_TIER(its_name, ...)                                                                  \
	const struct tcevm_kernel *tcevm_kernel;                                                       \
	TCEVM_EXPORT const struct tcevm_tier tcevm_tier = {                                            \
		.abi = TCEVM_ABI, .size = sizeof(struct tcevm_tier), .kernel = &tcevm_kernel,              \
		.name = its_name, __VA_ARGS__                                                              \
	}

/* Defines the platform of this plug-in: TCEVM_PLATFORM("mine", .tce_kill = my_tce_kill); */
#define TCEVM_PLATFORM(its_name, ...)                                                              \
	const struct tcevm_kernel *tcevm_kernel;                                                       \
	TCEVM_EXPORT const struct tcevm_platform tcevm_platform = {                                    \
		.abi = TCEVM_ABI, .size = sizeof(struct tcevm_platform), .kernel = &tcevm_kernel,          \
		.name = its_name, __VA_ARGS__                                                              \
	}

/* The window of this LIOBN; NULL if there is none. Valid until the call ends. */
static inline struct kvmppc_spapr_tce_table *kvmppc_find_table(struct kvm *kvm, uint64_t liobn)
{
	return tcevm_kernel->find_table(kvm, liobn);
}

/* Hardware table n of a window; NULL behind the last. */
static inline struct iommu_table *tcevm_table(struct kvmppc_spapr_tce_table *stt, uint32_t n)
{
	return tcevm_kernel->table(stt, n);
}

/* H_SUCCESS if ioba is aligned and all npages entries from there are in the window, else H_PARAMETER. */
static inline int64_t kvmppc_ioba_validate(struct kvmppc_spapr_tce_table *stt, uint64_t ioba, uint64_t npages)
{
	return tcevm_kernel->ioba_validate(stt, ioba, npages);
}

/* H_SUCCESS if the guest may write this value, else H_PARAMETER: its page is aligned and guest memory. */
static inline int64_t kvmppc_tce_validate(struct kvmppc_spapr_tce_table *stt, uint64_t tce)
{
	return tcevm_kernel->tce_validate(stt, tce);
}

/* The host page of a value that was validated (kvmppc_tce_to_ua, then mm_iommu_ua_to_hpa). */
static inline int64_t kvmppc_tce_to_hpa(struct kvmppc_spapr_tce_table *stt, uint64_t tce, uint64_t *hpa)
{
	return tcevm_kernel->tce_to_hpa(stt, tce, hpa);
}

/* Stores the guest's value, from which H_GET_TCE answers. H_TOO_HARD when this tier may not make the memory. */
static inline int64_t kvmppc_tce_put(struct kvmppc_spapr_tce_table *stt, uint64_t entry, uint64_t tce)
{
	return tcevm_kernel->tce_put(stt, entry, tce);
}

/* The guest's value. */
static inline int64_t kvmppc_tce_get(struct kvmppc_spapr_tce_table *stt, uint64_t entry, uint64_t *tce)
{
	return tcevm_kernel->tce_get(stt, entry, tce);
}

/* Pins a host page for one entry. H_TOO_HARD if it is not registered for DMA. */
static inline int64_t mm_iommu_mapped_inc(struct iommu_table *tbl, uint64_t hpa)
{
	return tcevm_kernel->mapped_inc(tbl, hpa);
}

/* Releases a host page that an entry no longer maps. */
static inline int64_t mm_iommu_mapped_dec(struct iommu_table *tbl, uint64_t hpa)
{
	return tcevm_kernel->mapped_dec(tbl, hpa);
}

/* Marks a host page dirty (SetPageDirty). */
static inline int64_t mm_iommu_mark_dirty(struct iommu_table *tbl, uint64_t hpa)
{
	return tcevm_kernel->mark_dirty(tbl, hpa);
}

/*
 * Exchanges an entry for a host page with a direction; DMA_NONE clears. Afterwards *hpa and *direction are
 * those of the displaced entry. Nothing is pinned, killed, dirtied or released.
 * H_TOO_HARD when this tier may not make the level of the table; nothing has changed then.
 */
static inline int64_t iommu_tce_xchg_no_kill(struct iommu_table *tbl, uint64_t entry, uint64_t *hpa,
					     enum dma_data_direction *direction)
{
	uint32_t bits = (uint32_t)*direction;
	int64_t ret = tcevm_kernel->xchg_no_kill(tbl, entry, hpa, &bits);

	*direction = (enum dma_data_direction)bits;
	return ret;
}

/* Invalidates what bridges cached of these entries. Afterwards no device uses their earlier values. */
static inline int64_t iommu_tce_kill(struct iommu_table *tbl, uint64_t entry, uint64_t pages)
{
	return tcevm_kernel->tce_kill(tbl, entry, pages);
}

/* Reads guest memory; 0, or a negative number when not all of it is RAM. */
static inline int64_t kvm_read_guest(struct kvm *kvm, uint64_t gpa, void *data, uint64_t len)
{
	return tcevm_kernel->read_guest(kvm, gpa, data, len);
}

/* Sets a register of the answer: r4 to r12. */
static inline void kvmppc_set_gpr(struct kvm_vcpu *vcpu, uint32_t number, uint64_t value)
{
	tcevm_kernel->set_gpr(vcpu, number, value);
}

/* Writes a line to tcevm's log. */
static inline void tcevm_log(const char *text)
{
	tcevm_kernel->log(text);
}

/* The invalidation that the bridge itself needs, for a platform that adds to it. */
static inline void tcevm_bridge_kill(struct tcevm_bridge *bridge, uint64_t entry, uint64_t pages)
{
	tcevm_kernel->bridge_kill(bridge, entry, pages);
}

/* The direction of a TCE (Linux: iommu_tce_direction). */
static inline enum dma_data_direction iommu_tce_direction(uint64_t tce)
{
	if ((tce & TCE_PCI_READ) && (tce & TCE_PCI_WRITE))
		return DMA_BIDIRECTIONAL;
	if (tce & TCE_PCI_READ)
		return DMA_TO_DEVICE;
	if (tce & TCE_PCI_WRITE)
		return DMA_FROM_DEVICE;
	return DMA_NONE;
}

#ifdef __cplusplus
}
#endif

#endif
