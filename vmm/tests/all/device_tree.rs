// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The device tree that the guest gets.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{Files, arg, asm, code, run, stdout};
use dtoolkit::fdt::Fdt;
use dtoolkit::model::{DeviceTree, DeviceTreeNode};
use dtoolkit::{Node, Property};
use machine::DmaConfig;
use machine::boot::{Config, Ready};
use tests::skip;
use vm_memory::{Bytes, GuestAddress};

fn ready(ram: &str, append: &str, initrd: Option<&std::path::Path>) -> Ready {
    let image = asm::hello("x");
    let ram = ram.parse().unwrap();
    Config {
        ram,
        append,
        initrd: initrd.map(machine::image::initrd::Initrd::File),
        ..Config::new(&image)
    }
    .ready()
    .unwrap()
}

/// Names of LoPAR that are longer than the 31 characters of the Devicetree Specification. Strict readers (ours here) get
/// the first 31.
const LONG: [&str; 2] = ["ibm,processor-radix-AP-encodings", "ibm,query-interrupt-source-number"];
const LONGEST: usize = 31;

fn tree(ready: &Ready) -> DeviceTree {
    let mut dtb = ready.dtb.clone();
    for name in LONG.map(|name| format!("{name}\0")) {
        let at = dtb.windows(name.len()).position(|bytes| bytes == name.as_bytes()).unwrap();
        dtb[at + LONGEST] = 0;
    }
    DeviceTree::from_fdt(&Fdt::new(&dtb).unwrap())
}

fn value(node: &DeviceTreeNode, name: &str) -> Vec<u8> {
    let property = node.property(name.get(..LONGEST).unwrap_or(name));
    property.unwrap_or_else(|| panic!("{} has no {name}", node.name())).value().to_vec()
}

fn cells(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[test]
fn the_guest_finds_it_where_r3_points() {
    for (ram, address) in [("512M", 0x1fe0_0000), ("3G", 0x7fe0_0000)] {
        let ready = ready(ram, "", None);
        assert_eq!(ready.described.start, address); // pseries-boot A.2: min(RAM, 2G) - 2 MiB
        let mut bytes = vec![0; ready.dtb.len()];
        ready.memory.read_slice(&mut bytes, GuestAddress(address)).unwrap();
        assert_eq!(bytes, ready.dtb);
    }
}

#[test]
fn the_machine_says_what_it_is() {
    let tree = tree(&ready("1G", "", None));
    assert_eq!(value(&tree.root, "compatible"), b"qemu,pseries\0");
    assert_eq!(value(&tree.root, "model"), b"tcevm\0");
    assert_eq!(value(&tree.root, "device_type"), b"chrp\0");
    let memory = tree.find_node("/memory@0").unwrap();
    assert_eq!(value(memory, "reg"), cells(&[0, 0, 0, 1 << 30]));
    let cpu = tree.find_node("/cpus/PowerPC,POWER9@0").unwrap();
    assert_eq!(value(cpu, "timebase-frequency"), cells(&[512_000_000]));
    assert_eq!(value(cpu, "ibm,dec-bits"), cells(&[56]));
    // Power ISA 3.0B, Book III, the AP field: 4K, 64K, 2M, 1G.
    let radix = [0x0000_000c, 0xa000_0010, 0x2000_0015, 0x4000_001e];
    assert_eq!(value(cpu, "ibm,processor-radix-AP-encoding"), cells(&radix));
    let vty = tree.find_node("/vdevice/vty@71000000").unwrap();
    assert_eq!(value(vty, "compatible"), b"hvterm1\0");
    assert_eq!(value(vty, "reg"), cells(&[0x7100_0000]));
}

#[test]
fn each_cpu_has_a_node_and_a_place_at_the_interrupt_controller() {
    let image = asm::hello("x");
    let (ram, dma) = ("512M".parse().unwrap(), DmaConfig::default());
    let ready = Config { ram, cpus: 8, dma, ..Config::new(&image) }.ready();
    let tree = tree(&ready.unwrap());
    for cpu in 0..8 {
        let node = tree.find_node(&format!("/cpus/PowerPC,POWER9@{cpu}")).unwrap();
        assert_eq!(value(node, "ibm,ppc-interrupt-server#s"), cells(&[cpu]));
    }
    // LoPAR 2.9: they "shall be present if a PURR is present". Linux: `ibm_pa_features` wants at least 1.
    let cpu = tree.find_node("/cpus/PowerPC,POWER9@0").unwrap();
    assert_eq!((value(cpu, "ibm,purr"), value(cpu, "ibm,spurr")), (cells(&[1]), cells(&[1])));
    assert!(tree.find_node("/cpus/PowerPC,POWER9@8").is_none());
    let xics = tree.find_node("/interrupt-controller").unwrap();
    assert_eq!(value(xics, "ibm,interrupt-server-ranges"), cells(&[0, 8]));
}

// LoPAR 2.9, "RTAS Call Mechanism": the guest calls linux,rtas-entry. The code there makes the call H_RTAS
// (0xf000) with the argument block in r4.
#[test]
fn rtas_has_code_in_reserved_memory() {
    let ready = ready("512M", "", None);
    let tree = tree(&ready);
    let rtas = tree.find_node("/rtas").unwrap();
    let cell = |name| u32::from_be_bytes(value(rtas, name).try_into().unwrap());
    let (entry, base, size) =
        (cell("linux,rtas-entry"), cell("linux,rtas-base"), cell("rtas-size"));
    let reserved: Vec<_> =
        tree.memory_reservations.iter().map(|r| (r.address(), r.size())).collect();
    assert_eq!(reserved, [(base.into(), size.into())]);
    assert!(ready.described.end <= base.into(), "not over the device tree");
    let mut code = [0; 20];
    ready.memory.read_slice(&mut code, GuestAddress(entry.into())).unwrap();
    // mr r4,r3; lis r3,0; ori r3,r3,0xf000; sc 1; blr
    let expected = [0x7c64_1b78, 0x3c60_0000, 0x6063_f000, 0x4400_0022, 0x4e80_0020];
    assert_eq!(code.to_vec(), cells(&expected));
}

#[test]
fn the_host_bridge_has_the_default_dma_window() {
    let tree = tree(&ready("512M", "", None));
    let pci = tree.find_node("/pci@800000020000000").unwrap();
    assert_eq!(value(pci, "device_type"), b"pci\0");
    assert_eq!(value(pci, "compatible"), b"IBM,Logical_PHB\0");
    // LIOBN, bus address, size: 1 GiB.
    assert_eq!(value(pci, "ibm,dma-window"), cells(&[0x8000_0000, 0, 0, 0, 1 << 30]));
    // LoPAR 2.9: ibm,ddw-applicable has the tokens of query, create and remove; ibm,ddw-extensions has the
    // number of extensions, the token of reset, and the form of a query. All tokens are properties of /rtas.
    let token = |name: &str| value(tree.root.child("rtas").unwrap(), name);
    let [query, create, remove] =
        ["query", "create", "remove"].map(|call| token(&format!("ibm,{call}-pe-dma-window")));
    assert_eq!(value(pci, "ibm,ddw-applicable"), [query, create, remove].concat());
    let reset = token("ibm,reset-pe-dma-windows");
    assert_eq!(value(pci, "ibm,ddw-extensions"), [cells(&[2]), reset, cells(&[1])].concat());
    assert_eq!(value(pci, "ibm,#dma-address-cells"), cells(&[2]));
    assert_eq!(value(pci, "ibm,#dma-size-cells"), cells(&[2]));
    assert_eq!(value(pci, "reg"), cells(&[0x0800_0000, 0x2000_0000, 0, 0]));
}

#[test]
fn rtas_and_function_sets_are_those_of_the_hypercalls() {
    let tree = tree(&ready("512M", "", None));
    let rtas = tree.find_node("/rtas").unwrap();
    for (name, token) in hcall::rtas_tokens() {
        assert_eq!(value(rtas, name), cells(&[token]), "{name}");
    }
    let sets = String::from_utf8(value(rtas, "ibm,hypertas-functions")).unwrap();
    let sets: Vec<_> = sets.split_terminator('\0').collect();
    assert_eq!(sets, hcall::function_sets(hcall::Capability::ALL));
    assert!(sets.contains(&"hcall-multi-tce"));
}

#[test]
fn chosen_has_the_command_line_and_the_initrd() {
    let files = Files::new();
    let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let initrd = files.write("initrd", &content);
    let ready = ready("512M", "console=hvc0 a=\"b c\"", Some(&initrd));
    let tree = tree(&ready);
    let chosen = tree.find_node("/chosen").unwrap();
    assert_eq!(value(chosen, "bootargs"), b"console=hvc0 a=\"b c\"\0");
    assert_eq!(value(chosen, "stdout-path"), b"/vdevice/vty@71000000\0");
    let address = |name| u64::from_be_bytes(value(chosen, name).try_into().unwrap());
    let (start, end) = (address("linux,initrd-start"), address("linux,initrd-end"));
    assert_eq!(end - start, 100_000);
    assert!(start.is_multiple_of(0x1_0000));
    let mut bytes = vec![0; content.len()];
    ready.memory.read_slice(&mut bytes, GuestAddress(start)).unwrap();
    assert_eq!(bytes, content);
}

// Linux: `pSeries_nvram_init` searches for the type and reads one cell; powerpc-utils reads the path.
#[test]
fn nvram_is_found_by_its_type_and_by_its_path() {
    let tree = tree(&ready("512M", "", None));
    let nvram = tree.find_node("/nvram").unwrap();
    assert_eq!(value(nvram, "device_type"), b"nvram\0");
    assert_eq!(value(nvram, "#bytes"), cells(&[64 << 10])); // LoPAR 2.9: at least 8 KB
    let rtas = tree.find_node("/rtas").unwrap();
    assert_ne!(value(rtas, "nvram-fetch"), value(rtas, "nvram-store"));
}

#[test]
fn without_an_initrd_chosen_has_none() {
    let tree = tree(&ready("512M", "", None));
    let chosen = tree.find_node("/chosen").unwrap();
    assert!(chosen.property("linux,initrd-start").is_none());
    assert_eq!(value(chosen, "bootargs"), b"\0");
}

#[test]
fn a_command_line_that_does_not_fit_is_refused() {
    let image = asm::hello("x");
    let append = "x".repeat(3 << 20);
    let ram = "512M".parse().unwrap();
    let refused = Config { ram, append: &append, ..Config::new(&image) }.ready();
    let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.starts_with("the device tree has 31"), "its bytes: {message}");
    assert!(message.ends_with(" fit"), "how many fit: {message}");
}

#[test]
fn dump_dtb_writes_it_instead_of_running() {
    let files = Files::new();
    let dtb = files.path("dtb");
    let output = run(["--dump-dtb", arg(&dtb), "--append", "hi"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""));
    assert_eq!(std::fs::read(&dtb).unwrap(), ready("512M", "hi", None).dtb);
    let output = run(["--dump-dtb", "-", "--append", "hi"]);
    assert_eq!(output.stdout, ready("512M", "hi", None).dtb);
}

#[test]
fn dtc_reads_it_without_a_warning() {
    if !skip::tool("dtc_reads_it_without_a_warning", "dtc") {
        return;
    }
    let mut dtc = Command::new("dtc")
        .args(["-I", "dtb", "-O", "dts"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    dtc.stdin.take().unwrap().write_all(&ready("512M", "hi", None).dtb).unwrap();
    let output = dtc.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(stdout(&output).contains("PowerPC,POWER9@0"));
}
