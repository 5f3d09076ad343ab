// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The properties of `-machine` that are accepted: with the defaults of QEMU 10.0's pseries machine, and with
//! the values that describe this machine.

use super::parts::Parts;
use super::refusal::Why;
use super::wish::Ask;

/// A property and its accepted values. The first one is the default.
struct Property(&'static str, &'static [&'static str]);

const ON: &[&str] = &["on"];
const OFF: &[&str] = &["off"];
/// The values of a property that makes no difference here.
const EITHER: &[&str] = &["on", "off"];
/// The values of a mitigation. A CPU that does not speculate needs none.
const MITIGATION: &[&str] = &["workaround", "broken", "fixed", "fixed-ibs", "fixed-ccd"];
/// The page sizes of the hash table, which this machine does not have.
const PAGES: &[&str] = &["65536", "64k", "64K", "4096", "4k", "4K", "16777216", "16m", "16M"];

const PROPERTIES: &[Property] = &[
    Property("accel", &["tcg"]),
    Property("cap-ail-mode-3", ON),
    Property("cap-ccf-assist", EITHER),
    Property("cap-cfpc", MITIGATION),
    Property("cap-dfp", EITHER), // never here; programs that need it are rare
    Property("cap-fwnmi", ON),
    Property("cap-hpt-max-page-size", PAGES),
    Property("cap-htm", OFF),
    Property("cap-ibs", MITIGATION),
    Property("cap-large-decr", EITHER),
    Property("cap-nested-hv", OFF),
    Property("cap-nested-papr", OFF),
    Property("cap-rpt-invalidate", OFF),
    Property("cap-sbbc", MITIGATION),
    Property("cap-vsx", ON),
    Property("dump-guest-core", EITHER),
    Property("graphics", EITHER),
    Property("ic-mode", &["dual", "xics"]), // the guest chooses; here it finds only XICS
    Property("kernel-addr", &["4194304", "0x400000"]),
    Property("kernel-irqchip", OFF),
    Property("kvm-type", &["auto"]),
    Property("max-cpu-compat", &["power9"]),
    Property("mem-merge", EITHER),
    Property("nvdimm", EITHER),
    Property("resize-hpt", &["default", "disabled"]),
    Property("suppress-vmdesc", EITHER),
    Property("usb", OFF),
    Property("vsmt", &["1"]),
    Property("x-vof", OFF),
];

/// Reads a `-machine`.
pub(super) fn read(value: &str) -> Result<Option<Ask>, Why> {
    let mut parts = Parts::read(value, "type");
    match parts.take("type").as_deref() {
        Some("?" | "help") => return Ok(Some(Ask::Machines)),
        None | Some("pseries") => {}
        Some(name) if name.starts_with("pseries-") => {}
        Some(_) => return Err("unsupported machine type; it is pseries".into()),
    }
    for (name, value) in parts.all() {
        let property = PROPERTIES.iter().find(|property| property.0 == name);
        let Some(Property(_, values)) = property else {
            return Err(format!("the machine has no property {name}; leave it away").into());
        };
        let value = match value {
            "yes" | "true" | "y" => "on",
            "no" | "false" | "n" => "off",
            other => other,
        };
        if !values.contains(&value) {
            return Err(format!("{name} is {}; leave it away", values.join(" or ")).into());
        }
    }
    Ok(None)
}
