// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Shared objects become prototypes and platforms.
//!
//! A shared object stays in the process to its end, because a thread may be in it at any time.
#![allow(unsafe_code)]

use std::error::Error as _;
use std::ffi::{CStr, OsStr, OsString, c_void};
use std::mem;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;

use hcall::tokens::{H_GET_TCE, H_PUT_TCE, H_PUT_TCE_INDIRECT, H_STUFF_TCE};
use hcall::{Answer, Caller, Prototype, Regs, Status, Tier};
use iommu::{Exchange, HwEntry, Kill, Platform, PlatformOf, Window};
use libloading::Library;
use thiserror::Error;

use crate::abi::{self, ABI, Head, PlatformPlugin, Table, TierPlugin, Vcpu};
use crate::kernel::{self, Behind, KERNEL};
use crate::place::Place;

/// The reason for which a shared object is no plug-in.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum LoadError {
    #[error("cannot load the plug-in: {why}")]
    Open { why: String },
    #[error("{} defines no {symbol}; tcevm.h has the macro for it", file.display())]
    Symbol { file: PathBuf, symbol: &'static str },
    #[error(
        "{} is a plug-in of version {found} of the interface, and this tcevm has version {ABI}: compile it with `tcevm header`",
        file.display()
    )]
    Version { file: PathBuf, found: u32 },
    #[error("{} has a structure of {found} bytes in place of {size}: compile it with `tcevm header`", file.display())]
    Size { file: PathBuf, found: u32, size: usize },
    #[error("{} has no pointer to the functions of tcevm; the macros of tcevm.h define one", file.display())]
    Kernel { file: PathBuf },
    #[error("{} has no function, so it stands in for nothing", file.display())]
    Empty { file: PathBuf },
}

/// Loads a shared object and finds the structure of a plug-in in it.
fn load<T>(file: &Path, symbol: &'static str) -> Result<(&'static T, String), LoadError> {
    let own = || file.to_owned();
    // SAFETY: the user asks for this code to run in the process; its start-up code runs here.
    let library = unsafe { Library::new(as_path(file)) };
    let library = library.map_err(|why| LoadError::Open { why: reason(file, &why) })?;
    // SAFETY: the pointer is not followed before the head has shown that the structure is this one.
    let found = unsafe { library.get::<*const T>(symbol) };
    let Ok(found) = found else { return Err(LoadError::Symbol { file: own(), symbol }) };
    // SAFETY: the symbol is a datum, whose address is the value that is meant.
    let found = unsafe { found.try_as_raw_ptr().unwrap_or(ptr::null_mut()) };
    let found: *const T = found.cast_const().cast();
    if found.is_null() {
        return Err(LoadError::Symbol { file: own(), symbol });
    }
    // SAFETY: both structures begin with a head, and the object is never unloaded (below).
    let head = unsafe { &*found.cast::<Head>() };
    if head.abi != ABI {
        return Err(LoadError::Version { file: own(), found: head.abi });
    }
    if head.size as usize != size_of::<T>() {
        return Err(LoadError::Size { file: own(), found: head.size, size: size_of::<T>() });
    }
    if head.kernel.is_null() {
        return Err(LoadError::Kernel { file: own() });
    }
    // SAFETY: version and size are ours, so the plug-in was compiled with the header, whose macro stores the address of a pointer.
    unsafe { head.kernel.write(&raw const KERNEL) };
    let name = match head.name.is_null() {
        true => String::new(),
        // SAFETY: a string of C, likewise.
        false => unsafe { CStr::from_ptr(head.name) }.to_string_lossy().into_owned(),
    };
    mem::forget(library);
    log::info!("plug-in {:?} of {}", name, file.display());
    // SAFETY: as above; the plug-in defines the structure as a constant.
    Ok((unsafe { &*found }, file.display().to_string()))
}

/// The loader's own words, which name the file.
fn reason(file: &Path, error: &libloading::Error) -> String {
    match error.source() {
        Some(source) => source.to_string(),
        None => format!("{}: {error}", file.display()),
    }
}

/// A name without a slash is a file here, and not one on the loader's search path.
fn as_path(file: &Path) -> OsString {
    match file.as_os_str().as_encoded_bytes().contains(&b'/') {
        true => file.into(),
        false => [OsStr::new("./"), file.as_os_str()].into_iter().collect(),
    }
}

/// Loads a tier. A call for which it has a function is answered by the plug-in in this tier.
pub fn load_tier(tier: Tier, file: &Path) -> Result<Vec<Prototype>, LoadError> {
    let (plugin, name) = load::<TierPlugin>(file, "tcevm_tier")?;
    let mut prototypes = Vec::new();
    let mut add = |token, prototype: Option<Prototype>| {
        debug_assert!(prototype.as_ref().is_none_or(|p| p.token == token));
        prototypes.extend(prototype);
    };
    add(H_GET_TCE, plugin.h_get_tce.map(|f| get(tier, f, Place::new(&name, "h_get_tce"))));
    add(H_PUT_TCE, plugin.h_put_tce.map(|f| put(tier, f, Place::new(&name, "h_put_tce"))));
    let indirect = |f| many(H_PUT_TCE_INDIRECT, tier, f, Place::new(&name, "h_put_tce_indirect"));
    add(H_PUT_TCE_INDIRECT, plugin.h_put_tce_indirect.map(indirect));
    let stuff = |f| many(H_STUFF_TCE, tier, f, Place::new(&name, "h_stuff_tce"));
    add(H_STUFF_TCE, plugin.h_stuff_tce.map(stuff));
    match prototypes.is_empty() {
        true => Err(LoadError::Empty { file: file.into() }),
        false => Ok(prototypes),
    }
}

fn get(tier: Tier, function: abi::Get, place: &'static Place) -> Prototype {
    Prototype::new(H_GET_TCE, tier, move |on, regs| {
        answered(place, tier, on, regs, |vcpu, r| function(vcpu, r[1], r[2]))
    })
}

fn put(tier: Tier, function: abi::Put, place: &'static Place) -> Prototype {
    Prototype::new(H_PUT_TCE, tier, move |on, regs| {
        answered(place, tier, on, regs, |vcpu, r| function(vcpu, r[1], r[2], r[3]))
    })
}

fn many(token: u64, tier: Tier, function: abi::Many, place: &'static Place) -> Prototype {
    Prototype::new(token, tier, move |on, regs| {
        answered(place, tier, on, regs, |vcpu, r| function(vcpu, r[1], r[2], r[3], r[4]))
    })
}

/// The answer of a plug-in. A number that is no status is an error of the plug-in, which the guest reads as H_HARDWARE.
fn answered(
    place: &'static Place,
    tier: Tier,
    on: &mut Caller<'_>,
    regs: &mut Regs,
    function: impl FnOnce(*const Vcpu, &Regs) -> i64,
) -> Answer {
    let vcpu = Vcpu { kvm: ptr::null(), vcpu_id: on.server, tier: tier.index() as u32 };
    let status = kernel::answer(place, on, regs, |regs| function(&raw const vcpu, regs));
    match Status::from_code(status) {
        Some(Status::TooHard) => Answer::TooHard,
        Some(status) => Answer::Done(status),
        None => {
            log::error!("{place} answers {status}, which is no status; the guest reads H_HARDWARE");
            Answer::Done(Status::Hardware)
        }
    }
}

/// Loads a platform: its kill stands in for the bridge's, and may call that.
pub fn load_platform(file: &Path) -> Result<PlatformOf, LoadError> {
    let (plugin, name) = load::<PlatformPlugin>(file, "tcevm_platform")?;
    let kill = plugin.tce_kill.ok_or_else(|| LoadError::Empty { file: file.into() })?;
    let place = Place::new(&name, "tce_kill");
    let make = move |window: &Window, bridge| {
        Arc::new(Bridged { window: *window, bridge, kill, place }) as _
    };
    Ok(PlatformOf(Arc::new(make)))
}

type KillFunction = extern "C" fn(*const c_void, *const Table, u64, u64);

/// A bridge's platform whose kills a plug-in makes.
struct Bridged {
    window: Window,
    bridge: Arc<dyn Platform>,
    kill: KillFunction,
    place: &'static Place,
}

impl Platform for Bridged {
    fn name(&self) -> &'static str {
        "plug-in"
    }

    fn max_levels(&self) -> u32 {
        self.bridge.max_levels()
    }

    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        let exchange = self.bridge.clone().exchange()?;
        let behind = Behind { exchange, table: Table::of(0, &self.window) };
        Exchange::in_memory(Arc::new(Killer { behind, kill: self.kill, place: self.place }))
    }

    fn link(&self, pe: iommu::Pe, linked: bool) {
        self.bridge.link(pe, linked);
    }

    fn flush(&self) {
        self.bridge.flush();
    }
}

/// The second half of the exchange.
struct Killer {
    behind: Behind,
    kill: KillFunction,
    place: &'static Place,
}

impl Kill for Killer {
    fn kill(&self, first: HwEntry, entries: u64) {
        let Behind { table, .. } = &self.behind;
        kernel::killing(self.place, &self.behind, || {
            (self.kill)(ptr::null(), &raw const *table, table.it_offset + first.0, entries);
        });
    }
}
