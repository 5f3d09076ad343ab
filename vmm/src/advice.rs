// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Advice after an error of a library: the option that mends it. A library states the fact and knows no option; each
//! function here returns the rest of the sentence, which is empty where the error itself says what to do.

use machine::boot::BootError;
use machine::image::ImageError;
use machine::image::elf::ElfError;
use machine::image::initrd::InitrdError;
use machine::image::place::PlaceError;
use machine::image::unpack::UnpackError;
use machine::image::what::What;
#[cfg(target_arch = "x86_64")]
use machine::kvm::{boot_area::AreaError, host::KvmError, machine::SetupError};
use machine::map::ClaimError;
use machine::nvram::NvramError;
use vio::BusError;
use vio::vscsi::backend::DiskError;

const LESS_MEMORY: &str = "; give less memory with -m";
const SHORTER: &str = "; shorten --append";

/// Advice on an image that was not read.
pub(crate) fn on_image(error: &ImageError) -> &'static str {
    match error {
        ImageError::Unpack { source: UnpackError::TooLarge { .. }, .. } => {
            "; give more memory with -m, or strip it first (objcopy -g)"
        }
        ImageError::Inside { inside, .. } => on_kind(inside),
        _ => "",
    }
}

/// Advice on a machine that was not made.
pub(crate) fn on_machine(error: &BootError) -> &'static str {
    match error {
        BootError::Memory(_) | BootError::Window(_) => LESS_MEMORY,
        BootError::DeviceTree { .. } => SHORTER,
        BootError::Elf(ElfError::NotElf(kind)) => on_kind(kind),
        BootError::Place(PlaceError::Claim(ClaimError::Outside { .. }))
        | BootError::Initrd(InitrdError::Claim(ClaimError::Outside { .. })) => {
            "; give more memory with -m, or link the image elsewhere"
        }
        BootError::Device(BusError::Device(error)) => match error.downcast_ref() {
            Some(DiskError::TooMany) => "; leave some --disk away",
            _ => "",
        },
        _ => "",
    }
}

fn on_kind(kind: &What) -> &'static str {
    match () {
        () if kind.is_initrd() => "; give it with --initrd",
        () if kind.is_disk() => "; give it with --disk",
        () => "",
    }
}

/// Advice on NVRAM that was not opened.
pub(crate) fn on_nvram(error: &NvramError) -> &'static str {
    match error {
        NvramError::Foreign { .. } => "; give --nvram another name",
        _ => "",
    }
}

/// Advice on vCPUs that KVM did not make.
#[cfg(target_arch = "x86_64")]
pub(crate) fn on_kvm(error: &SetupError) -> &'static str {
    match error {
        SetupError::Kvm(KvmError::Cpus { .. }) => "; give fewer with --smp",
        SetupError::Kvm(KvmError::Memory(_)) => LESS_MEMORY,
        SetupError::Area(AreaError::Room { .. }) => SHORTER,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A command line of megabytes cannot be given to a command, and the host lacks memory only now and then.
    #[test]
    fn an_error_of_the_machine_is_followed_by_its_option() {
        let tree = BootError::DeviceTree { size: 2, room: 1 };
        assert_eq!(on_machine(&tree), "; shorten --append");
        let window = BootError::Window(iommu::Error::NoMemory);
        assert_eq!(on_machine(&window), "; give less memory with -m");
        let disks = BootError::Device(BusError::Device(DiskError::TooMany.into()));
        assert_eq!(on_machine(&disks), "; leave some --disk away");
        assert_eq!(on_machine(&BootError::Vcpu), "");
    }
}
