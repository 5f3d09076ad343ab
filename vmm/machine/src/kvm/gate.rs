// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The gate: the places of PAPR's r3 to r12 in an x86-64 guest, and the instruction that is a call.

use hcall::Regs;
use kvm_bindings::kvm_regs;

/// The port of calls. A call is `out imm8, al` (or `out dx, al`) to it.
pub const PORT: u16 = 0x5c;

/// The places of r3 to r12. The registers in which C passes arguments come first, in C's order, so that
/// the token and five arguments need no move.
macro_rules! places {
    ($use:ident) => {
        $use!(rdi, rsi, rdx, rcx, r8, r9, r10, r11, r12, r13)
    };
}

/// The values of r3 to r12.
pub fn registers(regs: &kvm_regs) -> Regs {
    macro_rules! read { ($($name:ident),*) => { [$(regs.$name),*] } }
    places!(read)
}

/// Sets r3 and the registers after it, one for each value. All other registers stay.
pub fn set_registers(regs: &mut kvm_regs, values: &[u64]) {
    macro_rules! write { ($($name:ident),*) => { [$(&mut regs.$name),*] } }
    for (place, value) in places!(write).into_iter().zip(values) {
        *place = *value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_register_has_its_own_place_and_no_other_changes() {
        let before = kvm_regs {
            rax: 1,
            rbx: 2,
            rbp: 3,
            rsp: 4,
            r14: 5,
            r15: 6,
            rip: 7,
            rflags: 2,
            ..kvm_regs::default()
        };
        let mut regs = before;
        let values = std::array::from_fn(|i| 100 + i as u64);
        set_registers(&mut regs, &values);
        assert_eq!(registers(&regs), values);
        assert_eq!((regs.rdi, regs.rsi, regs.rdx, regs.r13), (100, 101, 102, 109));
        set_registers(&mut regs, &Regs::default());
        assert_eq!(regs, before);
    }
}
