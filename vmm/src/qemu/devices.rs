// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Disks and networks in QEMU's syntax. Back ends (`-drive`, `-netdev`) and the devices that use them (`-device`)
//! may come in any order, so they are matched once the whole command line is read.

use std::ffi::OsString;

use pci::virtio::blk::MOST_QUEUES;
use vio::commas;
use vio::llan::NetSpec;
use vio::llan::backend::{To, parse_mac};
use vio::vscsi::DiskSpec;

use super::parts::Parts;
use super::refusal::{Refusal, Why, text};
use crate::options::bus::{Bus, OnBus};
use crate::options::devices::DeviceArgs;

/// The devices that the options ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    drives: Vec<Drive>,
    nets: Vec<Net>,
    disks: Vec<Asked>,
    adapters: Vec<Asked>,
    controllers: Vec<Asked>,
    rng: bool,
}

/// A `-drive`.
#[derive(Debug, PartialEq, Eq)]
struct Drive {
    written: String,
    id: Option<String>,
    spec: OnBus<DiskSpec>,
    /// Its place among the disks; none when a `-device` determines it.
    place: Option<usize>,
}

/// A `-netdev`.
#[derive(Debug, PartialEq, Eq)]
struct Net {
    written: String,
    id: String,
    to: To,
}

/// A `-device`.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    written: String,
    id: Option<String>,
    /// The name of the back end; empty for a controller.
    uses: String,
    bus: Option<String>,
    mac: Option<hcall::vio::Mac>,
    on: Bus,
    queues: Option<u16>,
}

const DEVICES: &str = "a device that this machine does not have; it has spapr-vlan, spapr-vscsi and scsi-hd, \
    virtio-net-pci, virtio-blk-pci and virtio-rng-pci";
const IN_ORDER: &str = "disks have numbers in the order in which they are given; leave it away";

/// Reads a `-drive`.
pub(super) fn drive(wanted: &mut Wanted, value: &OsString) -> Result<(), Why> {
    let written = text(value)?;
    let mut parts = Parts::read(written, "file");
    let mut spec = commas::escape(&parts.need("file")?);
    if parts.switch("readonly")? {
        spec += ",readonly";
    }
    match parts.take("format").as_deref() {
        None => {}
        Some("raw") => spec += ",format=raw",
        Some("qcow2") => spec += ",format=qcow2",
        Some(_) => return Err("a format is raw or qcow2".into()),
    }
    let mut spec = OnBus::vio(disk(&spec)?);
    let id = parts.take("id");
    let place = match parts.take("if").as_deref() {
        None | Some("scsi") => Some(place(wanted, &mut parts)?),
        Some("virtio") => {
            spec.bus = Bus::Virtio;
            Some(place(wanted, &mut parts)?)
        }
        Some("none") => None,
        Some(_) => {
            return Err(
                "a disk is if=scsi or if=virtio, or if=none and -device scsi-hd or virtio-blk-pci"
                    .into(),
            );
        }
    };
    if parts.switch("snapshot")? {
        return Err(
            "a disk that forgets is not here; make an image over it (qemu-img create -b)".into()
        );
    }
    if parts.take("index").is_some() || parts.take("unit").is_some() || parts.take("bus").is_some()
    {
        return Err(IN_ORDER.into());
    }
    parts.only("media", &["disk"])?;
    parts.only("cache", &["writeback"])?;
    parts.only("aio", &["threads"])?;
    parts.only("discard", &["unmap", "on"])?;
    parts.only("detect-zeroes", &["off"])?;
    parts.only("rerror", &["report"])?;
    parts.only("werror", &["report"])?;
    parts.only("copy-on-read", &["off"])?;
    parts.end()?;
    wanted.drives.push(Drive { written: written.into(), id, spec, place });
    Ok(())
}

/// Reads a disk in the syntax of `tcevm run`.
fn disk(spec: &str) -> Result<DiskSpec, Why> {
    spec.parse().map_err(|error| format!("{error}").into())
}

/// The place that an index names, or the next free one.
fn place(wanted: &Wanted, parts: &mut Parts) -> Result<usize, Why> {
    let taken = |place| wanted.drives.iter().any(|drive| drive.place == Some(place));
    match parts.take("index") {
        None => Ok((0..).find(|place| !taken(*place)).unwrap_or_default()),
        Some(index) => match index.parse() {
            Ok(place) if !taken(place) => Ok(place),
            Ok(_) => Err(format!("index={index} is taken by another disk").into()),
            Err(_) => Err("index= wants a number".into()),
        },
    }
}

/// Reads `-hda` and its like: the nth disk, whose name is not split at commas.
pub(super) fn hard_disk(wanted: &mut Wanted, number: usize, value: &OsString) -> Result<(), Why> {
    if wanted.drives.iter().any(|drive| drive.place == Some(number)) {
        return Err("another disk has this place".into());
    }
    let written = text(value)?.to_owned();
    let spec = OnBus::vio(disk(&commas::escape(&written))?);
    wanted.drives.push(Drive { written, id: None, spec, place: Some(number) });
    Ok(())
}

/// Reads a `-netdev`.
pub(super) fn netdev(wanted: &mut Wanted, value: &OsString) -> Result<(), Why> {
    let written = text(value)?;
    let mut parts = Parts::read(written, "type");
    let to = back_end(&mut parts)?;
    let id = parts.need("id")?;
    parts.end()?;
    if wanted.nets.iter().any(|net| net.id == id) {
        return Err(format!("another -netdev has id={id}").into());
    }
    wanted.nets.push(Net { written: written.into(), id, to });
    Ok(())
}

/// Reads a `-nic`: a back end and its adapter in one.
pub(super) fn nic(wanted: &mut Wanted, value: &OsString) -> Result<(), Why> {
    let written = text(value)?;
    if written == "none" {
        return Ok(());
    }
    let mut parts = Parts::read(written, "type");
    let to = back_end(&mut parts)?;
    let mac = mac(&mut parts)?;
    let on = match parts.take("model").as_deref() {
        None | Some("spapr-vlan" | "ibmveth") => Bus::Vio,
        Some("virtio" | "virtio-net-pci") => Bus::Virtio,
        Some(_) => return Err("a model is spapr-vlan or virtio-net-pci".into()),
    };
    // No -netdev can have this name, so only this adapter uses the back end.
    let number = wanted.nets.len();
    let id = parts.take("id").unwrap_or_else(|| format!("#nic{number}"));
    parts.end()?;
    wanted.nets.push(Net { written: written.into(), id: id.clone(), to });
    let asked =
        Asked { id: None, uses: id, bus: None, mac, on, queues: None, written: written.into() };
    wanted.adapters.push(asked);
    Ok(())
}

fn back_end(parts: &mut Parts) -> Result<To, Why> {
    match parts.take("type").as_deref() {
        Some("stream") => stream(parts),
        Some("tap") => tap(parts),
        Some("user") => {
            Err("for networking without root start `passt -f -s /tmp/net.sock`, then give \
            -netdev stream,id=ID,addr.type=unix,addr.path=/tmp/net.sock"
                .into())
        }
        _ => Err("a network is stream (addr.type=unix) or tap".into()),
    }
}

fn stream(parts: &mut Parts) -> Result<To, Why> {
    if parts.switch("server")? {
        return Err(
            "another program has to listen (server=off); between machines: tcevm run --net hub=PATH"
                .into(),
        );
    }
    match parts.take("addr.type").as_deref() {
        Some("unix") => {}
        _ => {
            return Err(
                "the address is that of a UNIX socket: addr.type=unix,addr.path=PATH".into()
            );
        }
    }
    parts.only("reconnect", &["0"])?;
    parts.only("reconnect-ms", &["0"])?;
    Ok(To::Socket(parts.need("addr.path")?.into()))
}

/// Reads a tap back end. QEMU would run scripts that set the device up; here it has to exist already.
fn tap(parts: &mut Parts) -> Result<To, Why> {
    parts.only("script", &["no"])?;
    parts.only("downscript", &["no"])?;
    parts.only("vhost", &["off", "no"])?;
    parts.only("queues", &["1"])?;
    Ok(To::Tap(parts.need("ifname")?))
}

fn mac(parts: &mut Parts) -> Result<Option<hcall::vio::Mac>, Why> {
    let wrong = "mac= wants six hexadecimal bytes of one station, for example 52:54:00:12:34:56";
    parts.take("mac").map(|mac| parse_mac(&mac).ok_or_else(|| Why::from(wrong))).transpose()
}

/// Reads a `-device`.
pub(super) fn device(wanted: &mut Wanted, value: &OsString) -> Result<(), Why> {
    let written = text(value)?;
    let mut parts = Parts::read(written, "driver");
    let driver = parts.take("driver").unwrap_or_default();
    let mut asked = Asked {
        written: written.into(),
        id: parts.take("id"),
        uses: String::new(),
        bus: parts.take("bus"),
        mac: None,
        on: if driver.starts_with("virtio-") { Bus::Virtio } else { Bus::Vio },
        queues: None,
    };
    if asked.on == Bus::Virtio {
        modern(&mut parts)?;
    }
    let list = match driver.as_str() {
        "scsi-hd" => {
            asked.uses = parts.need("drive")?;
            if ["channel", "scsi-id", "lun"].iter().any(|name| parts.take(name).is_some()) {
                return Err(IN_ORDER.into());
            }
            &mut wanted.disks
        }
        "virtio-blk-pci" | "virtio-blk-pci-non-transitional" | "virtio-blk" => {
            asked.uses = parts.need("drive")?;
            asked.queues = parts.take("num-queues").map(|count| queues(&count)).transpose()?;
            &mut wanted.disks
        }
        "virtio-rng-pci" | "virtio-rng-pci-non-transitional" | "virtio-rng" => {
            wanted.rng = true;
            return parts.end();
        }
        "spapr-vlan" | "virtio-net-pci" | "virtio-net-pci-non-transitional" | "virtio-net" => {
            asked.uses = parts.need("netdev")?;
            asked.mac = mac(&mut parts)?;
            &mut wanted.adapters
        }
        "spapr-vscsi" => &mut wanted.controllers,
        _ => return Err(DEVICES.into()),
    };
    if parts.take("reg").is_some() {
        return Err("unit addresses are given in order; leave reg= away".into());
    }
    parts.end()?;
    list.push(asked);
    Ok(())
}

/// The properties of a virtio device: a modern one, whose DMA goes through the windows of its PE.
fn modern(parts: &mut Parts) -> Result<(), Why> {
    parts.only("disable-legacy", &["on"])?;
    parts.only("disable-modern", &["off", "false"])?;
    parts.only("iommu_platform", &["on", "true"])?;
    match parts.take("addr") {
        None => Ok(()),
        Some(_) => Err("PCI addresses are given in order; leave addr= away".into()),
    }
}

fn queues(count: &str) -> Result<u16, Why> {
    let count = count.parse().ok().filter(|count| (1..=MOST_QUEUES).contains(count));
    count.ok_or_else(|| format!("num-queues is 1 to {MOST_QUEUES}").into())
}

impl Wanted {
    /// Matches back ends and devices. Returns the devices for `tcevm run`.
    pub(super) fn put_together(self) -> Result<DeviceArgs, Refusal> {
        self.check_controllers()?;
        let Wanted { drives, nets, disks, adapters, rng, .. } = self;
        let (mut placed, mut named): (Vec<_>, Vec<_>) =
            drives.into_iter().partition(|drive| drive.place.is_some());
        placed.sort_by_key(|drive| drive.place);
        let mut disk: Vec<_> = placed.into_iter().map(|drive| drive.spec).collect();
        for asked in disks {
            let found = named.iter().position(|drive| drive.id.as_ref() == Some(&asked.uses));
            let why = format!("no -drive with if=none has id={} for it", asked.uses);
            let found = found.ok_or_else(|| refused("device", asked.written, why))?;
            disk.push(OnBus { bus: asked.on, queues: asked.queues, ..named.remove(found).spec });
        }
        if let Some(drive) = named.into_iter().next() {
            let why =
                "no device uses it; add -device scsi-hd,drive=ID or virtio-blk-pci with its id"
                    .into();
            return Err(refused("drive", drive.written, why));
        }
        Ok(DeviceArgs { net: networks(nets, adapters)?, disk, rng, exerciser: false })
    }

    /// Checks controllers and buses. There is one controller if there are disks, whether or not an option names it.
    fn check_controllers(&self) -> Result<(), Refusal> {
        let mut buses = vec!["scsi.0".to_owned()];
        if let [first, rest @ ..] = &self.controllers[..] {
            if let Some(second) = rest.first() {
                let why = "one controller has all disks; leave the second away".into();
                return Err(refused("device", second.written.clone(), why));
            }
            let placed = |drive: &Drive| drive.place.is_some() && drive.spec.bus == Bus::Vio;
            let no_disk = !self.disks.iter().any(|asked| asked.on == Bus::Vio)
                && !self.drives.iter().any(placed);
            if no_disk {
                let why = "it has no disk; add -device scsi-hd,drive=ID, or leave it away".into();
                return Err(refused("device", first.written.clone(), why));
            }
            buses.extend(first.id.iter().map(|id| format!("{id}.0")));
        }
        let pci = "pci.0".to_owned();
        let elsewhere = |asked: &&Asked| {
            let known = |bus: &String| {
                if asked.on == Bus::Virtio { *bus == pci } else { buses.contains(bus) }
            };
            asked.bus.as_ref().is_some_and(|bus| !known(bus))
        };
        let on_a_bus = |asked: &&Asked| match asked.on {
            Bus::Vio => asked.bus.is_some(),
            Bus::Virtio => elsewhere(asked),
        };
        let wrong = self.disks.iter().find(elsewhere);
        let wrong = wrong.or_else(|| self.adapters.iter().find(on_a_bus));
        let wrong = wrong.or_else(|| self.controllers.iter().find(on_a_bus));
        wrong.map_or(Ok(()), |asked| {
            let why = "there is no bus of this name; leave bus= away".into();
            Err(refused("device", asked.written.clone(), why))
        })
    }
}

fn networks(mut nets: Vec<Net>, adapters: Vec<Asked>) -> Result<Vec<OnBus<NetSpec>>, Refusal> {
    let mut specs = Vec::new();
    for asked in adapters {
        let found = nets.iter().position(|net| net.id == asked.uses);
        let why = format!("no -netdev has id={} for it", asked.uses);
        let found = found.ok_or_else(|| refused("device", asked.written, why))?;
        let spec = NetSpec { to: nets.remove(found).to, mac: asked.mac };
        specs.push(OnBus { bus: asked.on, queues: None, spec });
    }
    match nets.into_iter().next() {
        None => Ok(specs),
        Some(net) => {
            let why =
                "no device uses it; add -device spapr-vlan,netdev=ID or virtio-net-pci with its id"
                    .into();
            Err(refused("netdev", net.written, why))
        }
    }
}

fn refused(option: &'static str, value: String, why: String) -> Refusal {
    Refusal::Value { option, value, why: why.into() }
}
