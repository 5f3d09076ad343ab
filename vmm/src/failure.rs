// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The reasons for which there is no run.

use std::io;
use std::path::PathBuf;

use machine::boot::BootError;
use machine::image::ImageError;
#[cfg(target_arch = "x86_64")]
use machine::kvm::machine::SetupError;
use machine::nvram::NvramError;
use paths::output::OutputError;
use paths::socket::SocketError;
use thiserror::Error;

use crate::advice;
use crate::options::run::{MOST_NETS, MOST_POWER_CPUS};
use crate::snapshot::SnapshotError;

/// The reason for which there was no run.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum Failure {
    #[error("{0}{advice}", advice = advice::on_image(.0))]
    Load(#[from] ImageError),
    #[error("{image}: {source}{}", advice::on_machine(source))]
    Boot { image: String, source: BootError },
    #[error("cannot write the device tree to {}: {source}", path.display())]
    DumpDtb { path: PathBuf, source: io::Error },
    #[error(
        "the image is for x86-64, which the POWER CPU cannot run; leave --vcpu away, or build \
         it with a powerpc64 or powerpc64le compiler"
    )]
    NotPower,
    #[error(
        "the image is for POWER, which KVM cannot run on this host; leave --vcpu away, or build \
         it with an x86_64 compiler"
    )]
    NotX86,
    #[error("a POWER guest has 1 to {MOST_POWER_CPUS} CPUs; give fewer with --smp")]
    TooManyCpus,
    #[error("{image}: at most {MOST_NETS} --net; leave some away")]
    TooManyNets { image: String },
    #[error("an x86-64 guest has no device tree to find devices in; leave --net and --disk away")]
    NoDevices,
    #[error(
        "--record knows no windows of PCI functions, so its file could not be played; leave --record away, or bus=virtio and --rng"
    )]
    NoRecord,
    #[error("an x86-64 guest is given no list of function sets; leave --no-multi-tce away")]
    NoHypertas,
    #[error("an x86-64 guest has no device tree to find NVRAM in; leave --nvram away")]
    NoNvram,
    #[error(
        "an x86-64 guest runs on the host's CPU, and has no translated code; leave --perf-map away"
    )]
    NoPerfMap,
    #[error("an x86-64 guest runs on the host's CPU; leave --engine away")]
    NoEngine,
    #[error("{0}")]
    Engine(String),
    #[error(
        "--perf-map names translated code, and the interpreter has none; give another --engine"
    )]
    NoTranslation,
    #[error(transparent)]
    Plugin(#[from] plugin::LoadError),
    #[error("{0}{advice}", advice = advice::on_nvram(.0))]
    Nvram(#[from] NvramError),
    #[error("--rtc: more than 292 years from now; give a nearer time")]
    Rtc,
    #[error("an x86-64 guest has no device tree but a boot block; leave --dump-dtb away")]
    NoDeviceTree,
    #[cfg(target_arch = "x86_64")]
    #[error("{0}{advice}", advice = advice::on_kvm(.0))]
    Kvm(#[from] SetupError),
    #[cfg(not(target_arch = "x86_64"))]
    #[error("an x86-64 guest needs an x86-64 host with /dev/kvm; POWER guests run on every host")]
    NoKvm,
    #[error("cannot write the {what} {}: {source}", path.display())]
    Create { what: &'static str, path: PathBuf, source: OutputError },
    #[error("cannot write the {what} {}: {source}", path.display())]
    Output { what: &'static str, path: PathBuf, source: io::Error },
    #[error("only one file can be standard output (-); give the others names")]
    TwoOnStdout,
    #[error(transparent)]
    Comply(#[from] crate::comply::Failure),
    #[error("the snapshot {}: {source}", path.display())]
    Snapshot { path: PathBuf, source: Box<SnapshotError> },
    #[error("the monitor {}: {source}", path.display())]
    Socket { path: PathBuf, source: SocketError },
    #[error("the monitor {}: {source}; give the socket of tcevm run --monitor unix:PATH", path.display())]
    Monitor { path: PathBuf, source: io::Error },
    #[error("the machine refuses: {0}")]
    Refused(String),
    #[error("cannot set up {what}: {source}")]
    Host { what: &'static str, source: io::Error },
}
