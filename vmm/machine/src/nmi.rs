// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The work of firmware between a non-maskable interrupt and the routine that the guest has registered
//! for it (LoPAR 2.9, "Firmware Assisted Non-Maskable Interrupts Option"). SRR0, SRR1, DAR and DSISR are
//! as the interrupt left them.

use hcall::MachineCheck;
use vm_memory::{Bytes, GuestAddress};

use crate::ending::Ending;
use crate::fdt::{ERROR_AREA, RESET_AREA};
use crate::shared::Shared;
use crate::vcpu::Vcpu;

/// Reports a machine check: r3 becomes the address of the area with the old r3 and the error log. Waits while
/// another vCPU has the area, until it has read its log there.
///
/// Errors: the ending of the run. A second machine check is one, if ibm,nmi-interlock was not called after
/// the first.
pub(crate) fn machine_check<V: Vcpu>(
    shared: &Shared,
    server: u32,
    vcpu: &mut V,
    check: &MachineCheck,
) -> Result<(), Ending> {
    let Some(handlers) = shared.board.control.modes().nmi else { return Ok(()) };
    if !shared.board.control.hold_error_log(server)? {
        let ea = check.effective;
        return Err(Ending::Crashed(format!(
            "CPU {server}: a machine check at {ea:#x} before it had called ibm,nmi-interlock for the last"
        )));
    }
    let area = GuestAddress(shared.rtas.start + ERROR_AREA);
    let written = shared.memory.write_slice(&check.area(server, r3(vcpu)), area);
    written.map_err(|error| Ending::Crashed(format!("its RTAS is no memory: {error}")))?;
    go_to(vcpu, handlers.machine_check, area);
    Ok(())
}

/// Reports a system reset: r3 becomes the address of the old r3. LoPAR keeps r3, but all firmware does it
/// in this way, and Linux relies on it (Linux: `pSeries_system_reset_exception`). No interlock is needed.
pub(crate) fn system_reset<V: Vcpu>(shared: &Shared, server: u32, vcpu: &mut V) {
    let Some(handlers) = shared.board.control.modes().nmi else { return };
    let area = GuestAddress(shared.rtas.start + RESET_AREA + 8 * u64::from(server));
    // RTAS is always in RAM. If the write failed, the vCPU would stay at the guest's own vector.
    if shared.memory.write_slice(&r3(vcpu).to_be_bytes(), area).is_ok() {
        go_to(vcpu, handlers.system_reset, area);
    }
}

fn r3<V: Vcpu>(vcpu: &V) -> u64 {
    vcpu.hcall_registers()[0]
}

fn go_to<V: Vcpu>(vcpu: &mut V, routine: u64, area: GuestAddress) {
    let mut registers = vcpu.hcall_registers();
    registers[0] = area.0;
    vcpu.set_hcall_registers(&registers);
    if let Some(nmi) = vcpu.nmi() {
        nmi.set_nip(routine);
    }
}
