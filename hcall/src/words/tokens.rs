// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tokens of all hypercalls, by name, for rows and traces.
//!
//! LoPAR 2.9, "Hypervisor Call Function Table", and what Linux and QEMU add: 0xEF00 on are the
//! ultravisor's, 0xF000 on are private to KVM and QEMU, 0xF800 on are for nested guests. A number
//! is here once; that it is listed says nothing about whether the call is implemented.

macro_rules! tokens {
    ($($token:literal $name:ident;)*) => {
        $(#[doc = concat!("Token of ", stringify!($name), ".")] pub const $name: u64 = $token;)*

        /// The names of all hypercalls, whether implemented or not.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// The name of a hypercall by its token (r3), whether implemented or not.
        pub fn token_name(token: u64) -> Option<&'static str> {
            match token {
                $($token => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

tokens! {
    0x4 H_REMOVE;
    0x8 H_ENTER;
    0xC H_READ;
    0x10 H_CLEAR_MOD;
    0x14 H_CLEAR_REF;
    0x18 H_PROTECT;
    0x1C H_GET_TCE;
    0x20 H_PUT_TCE;
    0x24 H_SET_SPRG0;
    0x28 H_SET_DABR;
    0x2C H_PAGE_INIT;
    0x30 H_SET_ASR;
    0x34 H_ASR_ON;
    0x38 H_ASR_OFF;
    0x3C H_LOGICAL_CI_LOAD;
    0x40 H_LOGICAL_CI_STORE;
    0x44 H_LOGICAL_CACHE_LOAD;
    0x48 H_LOGICAL_CACHE_STORE;
    0x4C H_LOGICAL_ICBI;
    0x50 H_LOGICAL_DCBF;
    0x54 H_GET_TERM_CHAR;
    0x58 H_PUT_TERM_CHAR;
    0x5C H_REAL_TO_LOGICAL;
    0x60 H_HYPERVISOR_DATA;
    0x64 H_EOI;
    0x68 H_CPPR;
    0x6C H_IPI;
    0x70 H_IPOLL;
    0x74 H_XIRR;
    0x78 H_MIGRATE_DMA;
    0x7C H_PERFMON;
    0xDC H_REGISTER_VPA;
    0xE0 H_CEDE;
    0xE4 H_CONFER;
    0xE8 H_PROD;
    0xEC H_GET_PPP;
    0xF0 H_SET_PPP;
    0xF4 H_PURR;
    0xF8 H_PIC;
    0xFC H_REG_CRQ;
    0x100 H_FREE_CRQ;
    0x104 H_VIO_SIGNAL;
    0x108 H_SEND_CRQ;
    0x10C H_PUT_RTCE;
    0x110 H_COPY_RDMA;
    0x114 H_REGISTER_LOGICAL_LAN;
    0x118 H_FREE_LOGICAL_LAN;
    0x11C H_ADD_LOGICAL_LAN_BUFFER;
    0x120 H_SEND_LOGICAL_LAN;
    0x124 H_BULK_REMOVE;
    0x128 H_WRITE_RDMA;
    0x12C H_READ_RDMA;
    0x130 H_MULTICAST_CTRL;
    0x134 H_SET_XDABR;
    0x138 H_STUFF_TCE;
    0x13C H_PUT_TCE_INDIRECT;
    0x140 H_PUT_RTCE_INDIRECT;
    0x14C H_CHANGE_LOGICAL_LAN_MAC;
    0x150 H_VTERM_PARTNER_INFO;
    0x154 H_REGISTER_VTERM;
    0x158 H_FREE_VTERM;
    0x15C H_RESET_EVENTS;
    0x160 H_ALLOC_RESOURCE;
    0x164 H_FREE_RESOURCE;
    0x168 H_MODIFY_QP;
    0x16C H_QUERY_QP;
    0x170 H_REREGISTER_PMR;
    0x174 H_REGISTER_SMR;
    0x178 H_QUERY_MR;
    0x17C H_QUERY_MW;
    0x180 H_QUERY_HCA;
    0x184 H_QUERY_PORT;
    0x188 H_MODIFY_PORT;
    0x18C H_DEFINE_AQP1;
    0x190 H_GET_TRACE_BUFFER;
    0x194 H_DEFINE_AQP0;
    0x198 H_RESIZE_MR;
    0x19C H_ATTACH_MCQP;
    0x1A0 H_DETACH_MCQP;
    0x1A4 H_CREATE_RPT;
    0x1A8 H_REMOVE_RPT;
    0x1AC H_REGISTER_RPAGES;
    0x1B0 H_DISABLE_AND_GET;
    0x1B4 H_ERROR_DATA;
    0x1B8 H_GET_HCA_INFO;
    0x1BC H_GET_PERF_COUNT;
    0x1C0 H_MANAGE_TRACE;
    0x1C4 H_GRANT_LOGICAL;
    0x1C8 H_GET_CPU_CHARACTERISTICS;
    0x1CC H_ACCEPT_LOGICAL;
    0x1D0 H_RETURN_LOGICAL;
    0x1D4 H_FREE_LOGICAL_LAN_BUFFER;
    0x1D8 H_POLL_PENDING;
    0x1E4 H_QUERY_INT_STATE;
    0x240 H_LIOBN_ATTRIBUTES;
    0x244 H_ILLAN_ATTRIBUTES;
    0x24C H_REMOVE_RTCE;
    0x250 H_MODIFY_HEA_QP;
    0x254 H_QUERY_HEA_QP;
    0x258 H_QUERY_HEA;
    0x25C H_QUERY_HEA_PORT;
    0x260 H_MODIFY_HEA_PORT;
    0x264 H_REG_BCMC;
    0x268 H_DEREG_BCMC;
    0x26C H_REGISTER_HEA_RPAGES;
    0x270 H_DISABLE_AND_GET_HEA;
    0x274 H_GET_HEA_INFO;
    0x278 H_ALLOC_HEA_RESOURCE;
    0x284 H_ADD_CONN;
    0x288 H_DEL_CONN;
    0x298 H_JOIN;
    0x29C H_DONOR_OPERATION;
    0x2A0 H_VASI_SIGNAL;
    0x2A4 H_VASI_STATE;
    0x2A8 H_VIOCTL;
    0x2AC H_VRMASD;
    0x2B0 H_ENABLE_CRQ;
    0x2B8 H_GET_EM_PARMS;
    0x2BC H_VPM_PSTAT;
    0x2D0 H_SET_MPP;
    0x2D4 H_GET_MPP;
    0x2D8 H_MO_PERF;
    0x2DC H_REG_SUB_CRQ;
    0x2E0 H_FREE_SUB_CRQ;
    0x2E4 H_SEND_SUB_CRQ;
    0x2E8 H_SEND_SUB_CRQ_INDIRECT;
    0x2EC H_HOME_NODE_ASSOCIATIVITY;
    0x2F4 H_BEST_ENERGY;
    0x2F8 H_REG_SNS;
    0x2FC H_XIRR_X;
    0x300 H_RANDOM;
    0x304 H_COP;
    0x308 H_STOP_COP_OP;
    0x314 H_GET_MPP_X;
    0x31C H_SET_MODE;
    0x324 H_GET_DMA_XLATES_LIMITED;
    0x328 H_BLOCK_REMOVE;
    0x358 H_CLEAR_HPT;
    0x360 H_REQUEST_VMC;
    0x36C H_RESIZE_HPT_PREPARE;
    0x370 H_RESIZE_HPT_COMMIT;
    0x374 H_CLEAN_SLB;
    0x378 H_INVALIDATE_PID;
    0x37C H_REGISTER_PROC_TBL;
    0x380 H_SIGNAL_SYS_RESET;
    0x388 H_ALLOCATE_VAS_WINDOW;
    0x38C H_MODIFY_VAS_WINDOW;
    0x390 H_DEALLOCATE_VAS_WINDOW;
    0x394 H_QUERY_VAS_WINDOW;
    0x398 H_QUERY_VAS_CAPABILITIES;
    0x39C H_QUERY_NX_CAPABILITIES;
    0x3A0 H_GET_NX_FAULT;
    0x3A8 H_INT_GET_SOURCE_INFO;
    0x3AC H_INT_SET_SOURCE_CONFIG;
    0x3B0 H_INT_GET_SOURCE_CONFIG;
    0x3B4 H_INT_GET_QUEUE_INFO;
    0x3B8 H_INT_SET_QUEUE_CONFIG;
    0x3BC H_INT_GET_QUEUE_CONFIG;
    0x3C0 H_INT_SET_OS_REPORTING_LINE;
    0x3C4 H_INT_GET_OS_REPORTING_LINE;
    0x3C8 H_INT_ESB;
    0x3CC H_INT_SYNC;
    0x3D0 H_INT_RESET;
    0x3E4 H_SCM_READ_METADATA;
    0x3E8 H_SCM_WRITE_METADATA;
    0x3EC H_SCM_BIND_MEM;
    0x3F0 H_SCM_UNBIND_MEM;
    0x3F4 H_SCM_QUERY_BLOCK_MEM_BINDING;
    0x3F8 H_SCM_QUERY_LOGICAL_MEM_BINDING;
    0x3FC H_SCM_UNBIND_ALL;
    0x400 H_SCM_HEALTH;
    0x418 H_SCM_PERFORMANCE_STATS;
    0x41C H_PKS_GET_CONFIG;
    0x420 H_PKS_SET_PASSWORD;
    0x424 H_PKS_GEN_PASSWORD;
    0x42C H_PKS_WRITE_OBJECT;
    0x430 H_PKS_GEN_KEY;
    0x434 H_PKS_READ_OBJECT;
    0x438 H_PKS_REMOVE_OBJECT;
    0x43C H_PKS_CONFIRM_OBJECT_FLUSHED;
    0x448 H_RPT_INVALIDATE;
    0x44C H_SCM_FLUSH;
    0x450 H_GET_ENERGY_SCALE_INFO;
    0x45C H_WATCHDOG;
    0xEF00 H_SVM_PAGE_IN;
    0xEF04 H_SVM_PAGE_OUT;
    0xEF08 H_SVM_INIT_START;
    0xEF0C H_SVM_INIT_DONE;
    0xEF14 H_SVM_INIT_ABORT;
    0xF000 H_RTAS;
    0xF001 H_LOGICAL_MEMOP;
    0xF002 H_CAS;
    0xF003 H_UPDATE_DT;
    0xF078 H_GET_24X7_CATALOG_PAGE;
    0xF07C H_GET_24X7_DATA;
    0xF080 H_GET_PERF_COUNTER_INFO;
    0xF800 H_SET_PARTITION_TABLE;
    0xF804 H_ENTER_NESTED;
    0xF808 H_TLB_INVALIDATE;
    0xF80C H_COPY_TOFROM_GUEST;
}

#[cfg(test)]
mod tests {
    use super::*;

    // papr-tce 1.4; LoPAR 2.9.
    #[test]
    fn tokens_have_their_names() {
        assert_eq!(token_name(0x20), Some("H_PUT_TCE"));
        assert_eq!(token_name(0x13C), Some("H_PUT_TCE_INDIRECT"));
        assert_eq!(token_name(0xF000), Some("H_RTAS"));
        assert_eq!(token_name(0xF080), Some("H_GET_PERF_COUNTER_INFO"));
        assert_eq!(token_name(0x4FC), None);
        assert_eq!(token_name(0x21), None);
    }
}
