// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The bus of a disk or a network adapter: `bus=vio` or `bus=virtio` among its options.

use std::fmt;
use std::str::FromStr;

use pci::virtio::blk::MOST_QUEUES;
use vio::commas;
use vio::llan::NetSpec;
use vio::vscsi::DiskSpec;

/// A bus of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bus {
    /// The virtual I/O bus: v-scsi, l-lan.
    #[default]
    Vio,
    /// The PCI bus, as a modern virtio device.
    Virtio,
}

/// A device's back end, and the bus that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnBus<T> {
    /// The bus.
    pub bus: Bus,
    /// The number of queues of a virtio disk.
    pub queues: Option<u16>,
    /// The back end.
    pub spec: T,
}

/// A back end that is on a bus.
pub trait Spec: FromStr {
    /// The names of its own options, with the equals sign of those that have one.
    const OPTIONS: &'static [&'static str];
    /// True when a virtio device of it can have several queues.
    const QUEUES: bool;
}

impl Spec for DiskSpec {
    const OPTIONS: &'static [&'static str] = &["readonly", "format=", "backing="];
    const QUEUES: bool = true;
}

impl Spec for NetSpec {
    const OPTIONS: &'static [&'static str] = &["mac="];
    const QUEUES: bool = false;
}

/// The error of a device that does not parse.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum OnBusError<E: fmt::Display> {
    #[error("{0:?} is not a bus; write bus=vio or bus=virtio")]
    Bus(String),
    #[error("queues= wants a number from 1 to {MOST_QUEUES}")]
    Queues,
    #[error("only a disk with bus=virtio has several queues; leave queues= away")]
    NoQueues,
    #[error("{0} is given twice; leave one away")]
    Twice(&'static str),
    #[error("{0}")]
    Spec(E),
}

impl<T: Spec> FromStr for OnBus<T>
where
    T::Err: fmt::Display,
{
    type Err = OnBusError<T::Err>;

    /// Takes bus= and queues= from the options at the end, and leaves the others to the back end.
    fn from_str(text: &str) -> Result<OnBus<T>, OnBusError<T::Err>> {
        let (mut parts, mut own) = (commas::split(text), Vec::new());
        let (mut bus, mut queues) = (None, None);
        while parts.len() > 1 {
            let Some(part) = parts.pop() else { break };
            match part.split_once('=') {
                Some(("bus", name)) => once("bus=", &mut bus, parse_bus(name)?)?,
                Some(("queues", count)) => once("queues=", &mut queues, parse_queues(count)?)?,
                _ => {
                    let is_option = T::OPTIONS.iter().any(|option| match option.ends_with('=') {
                        true => part.starts_with(option),
                        false => part == *option,
                    });
                    own.push(part);
                    if !is_option {
                        break;
                    }
                }
            }
        }
        parts.extend(own.into_iter().rev());
        let escaped: Vec<String> = parts.iter().map(|part| commas::escape(part)).collect();
        let spec = escaped.join(",").parse().map_err(OnBusError::Spec)?;
        let bus = bus.unwrap_or_default();
        match queues {
            Some(_) if bus == Bus::Vio || !T::QUEUES => Err(OnBusError::NoQueues),
            queues => Ok(OnBus { bus, queues, spec }),
        }
    }
}

fn once<T, E: fmt::Display>(
    name: &'static str,
    slot: &mut Option<T>,
    value: T,
) -> Result<(), OnBusError<E>> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(OnBusError::Twice(name)),
    }
}

fn parse_bus<E: fmt::Display>(name: &str) -> Result<Bus, OnBusError<E>> {
    match name {
        "vio" => Ok(Bus::Vio),
        "virtio" => Ok(Bus::Virtio),
        _ => Err(OnBusError::Bus(name.into())),
    }
}

fn parse_queues<E: fmt::Display>(count: &str) -> Result<u16, OnBusError<E>> {
    let count = count.parse().ok().filter(|count| (1..=MOST_QUEUES).contains(count));
    count.ok_or(OnBusError::Queues)
}

impl<T> OnBus<T> {
    /// On the virtual I/O bus.
    pub fn vio(spec: T) -> OnBus<T> {
        OnBus { bus: Bus::Vio, queues: None, spec }
    }

    /// On the PCI bus.
    pub fn virtio(spec: T) -> OnBus<T> {
        OnBus { bus: Bus::Virtio, queues: None, spec }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bus_is_one_of_the_options_in_any_order() {
        let disk = |text: &str| text.parse::<OnBus<DiskSpec>>().unwrap();
        let spec = |text: &str| text.parse::<DiskSpec>().unwrap();
        assert_eq!(disk("a,readonly"), OnBus::vio(spec("a,readonly")));
        assert_eq!(disk("a,bus=vio"), OnBus::vio(spec("a")));
        for text in ["a,b,readonly,bus=virtio,format=raw", "a,b,bus=virtio,readonly,format=raw"] {
            assert_eq!(disk(text), OnBus::virtio(spec("a,b,readonly,format=raw")), "{text}");
        }
        let queues = OnBus { queues: Some(4), ..OnBus::virtio(spec("a")) };
        assert_eq!(disk("a,queues=4,bus=virtio"), queues);
        // A part of the name is none of the options.
        assert_eq!(disk("a,bus=virtio,b"), OnBus::vio(spec("a,bus=virtio,b")));
        assert_eq!(disk("a,,bus=virtio"), OnBus::vio(spec("a,,bus=virtio")));
        let net = "hub=/h,bus=virtio,mac=52:54:00:00:00:01".parse::<OnBus<NetSpec>>().unwrap();
        assert_eq!(net, OnBus::virtio("hub=/h,mac=52:54:00:00:00:01".parse().unwrap()));
    }

    #[test]
    fn buses_and_queues_that_cannot_be_are_refused() {
        let refused = |text: &str| text.parse::<OnBus<DiskSpec>>().unwrap_err().to_string();
        for (text, says) in [
            ("a,bus=pci", "bus=vio or bus=virtio"),
            ("a,bus=virtio,queues=0", "from 1 to 8"),
            ("a,bus=virtio,queues=9", "from 1 to 8"),
            ("a,queues=2", "leave queues= away"),
            ("a,bus=vio,bus=virtio", "bus= is given twice"),
            ("", "write FILE"),
        ] {
            assert!(refused(text).contains(says), "{text}: {}", refused(text));
        }
        let net = "tap=t,bus=virtio,queues=2".parse::<OnBus<NetSpec>>().unwrap_err();
        assert_eq!(net, OnBusError::NoQueues);
    }
}
