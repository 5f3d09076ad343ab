// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! tcevm in QEMU's place: the command lines, probes and exit codes that the runner of kvm-unit-tests uses.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::process::{Command, Output, Stdio};

use crate::support::asm::{self, power_off, print};
use crate::support::{Files, arg, code, stderr, stdout, tcevm};
use vio::llan::NetSpec;
use vio::llan::backend::To;
use vio::vscsi::DiskSpec;
use vmm::options::bus::{Bus, OnBus};
use vmm::options::devices::DeviceArgs;
use vmm::qemu::options;
use vmm::qemu::wish::Ask;

fn qemu(args: &[&str]) -> Output {
    tcevm().arg("qemu").args(args).output().expect("tcevm starts")
}

/// 256 zero bytes, then a branch from 0x100 to 0x400000, as kvm-unit-tests builds it.
fn boot_rom(files: &Files) -> String {
    let mut rom = vec![0; 256];
    rom.extend(0x483f_ff00_u32.to_be_bytes());
    arg(&files.write("boot_rom.bin", rom)).to_owned()
}

/// The command line of a test, as `powerpc/run` makes it.
fn run_test(files: &Files, kernel: &str, more: &[&str]) -> Output {
    let bios = boot_rom(files);
    let fixed = [
        "-nodefaults",
        "-accel",
        "tcg",
        "-machine",
        "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off",
        "-bios",
        &bios,
        "-display",
        "none",
        "-serial",
        "stdio",
        "-kernel",
        kernel,
    ];
    qemu(&[&fixed, more].concat())
}

#[test]
fn a_test_of_the_suite_runs_by_its_command_line_and_its_verdict_is_left_to_the_runner() {
    for (says, status) in [("EXIT: STATUS=1\n", 0), ("EXIT: STATUS=3\n", 0), ("", 0)] {
        let files = Files::new();
        let image = files.write("guest", asm::guest([print(says), power_off()].concat()).bytes());
        let initrd = files.write("environment", "TARGET=qemu\n");
        let more = ["-smp", "1", "-append", "setup smp=1", "-m", "1g", "-initrd", arg(&initrd)];
        let output = run_test(&files, arg(&image), &more);
        assert_eq!((code(&output), stdout(&output).as_str()), (status, says), "{output:?}");
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn options_of_single_tests_are_taken() {
    let files = Files::new();
    let image = files.write("guest", asm::guest([print("here\n"), power_off()].concat()).bytes());
    for (more, warns) in [
        (vec!["-rtc", "base=2006-06-17"], false),
        (vec!["-icount", "shift=5"], true),
        (vec!["-accel", "tcg,thread=single"], false),
    ] {
        let output = run_test(&files, arg(&image), &[&["-smp", "1"], more.as_slice()].concat());
        assert_eq!((code(&output), stdout(&output).as_str()), (0, "here\n"), "{output:?}");
        let warned = stderr(&output).lines().all(|line| line.contains("warning")) && warns;
        assert!(warned || stderr(&output).is_empty(), "{}", stderr(&output));
    }
}

#[test]
fn the_probes_of_the_runner_are_answered() {
    for help in ["-h", "--help"] {
        let output = qemu(&[help]);
        // `read -r _ _ _ MAJOR MINOR MICRO rest` with `[`, space and dot between the words.
        let first = stdout(&output).lines().next().expect("a line").to_owned();
        let words: Vec<_> = first.split(['[', ' ', '.']).collect();
        assert_eq!((code(&output), &words[..4]), (0, &["QEMU", "emulator", "version", "10"][..]));
        assert!(stdout(&output).contains("-kernel FILE"), "{}", stdout(&output));
    }
    let machines = qemu(&["-machine", "?"]);
    assert!(code(&machines) == 0 && stdout(&machines).contains("\npseries "), "{machines:?}");
}

#[test]
fn a_kernel_that_is_not_there_is_told_in_the_words_the_runner_looks_for() {
    let files = Files::new();
    let output = run_test(&files, "_NO_FILE_4Uhere_", &["-smp", "1"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
    let message = stderr(&output);
    assert!(message.starts_with("tcevm: could not load kernel '_NO_FILE_4Uhere_': "), "{message}");
}

#[test]
fn the_name_it_is_called_by_makes_it_qemu() {
    let files = Files::new();
    let name = files.path("qemu-system-ppc64");
    symlink(env!("CARGO_BIN_EXE_tcevm"), &name).expect("a link");
    let image = files.write("guest", asm::guest([print("here\n"), power_off()].concat()).bytes());
    let mut command = Command::new(name);
    let output = command.args(["-kernel", arg(&image)]).stdin(Stdio::null()).output();
    let output = output.expect("it starts");
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "here\n"), "{output:?}");
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    let files = Files::new();
    let image = files.write("guest", asm::guest(power_off()).bytes());
    let image = arg(&image);
    let rom = files.write("slof.bin", vec![0x60; 1024]);
    let large = files.write("large.bin", vec![0; (4 << 20) + 1]);
    for (args, says) in [
        (vec!["-vnc", ":0"], "-vnc: invalid option"),
        (vec![image], "invalid option"),
        (vec!["-smp"], "-smp: requires an argument"),
        (vec![], "no kernel"),
        (vec!["-kernel", image, "-accel", "kvm"], "-accel kvm: invalid accelerator"),
        (vec!["-kernel", image, "-machine", "powernv"], "unsupported machine type"),
        (vec!["-kernel", image, "-machine", "pseries,cap-htm=on"], "-machine pseries,cap-htm=on: "),
        (vec!["-kernel", image, "-cpu", "power10"], "-cpu power10: unable to find CPU model"),
        (vec!["-kernel", image, "-smp", "1,maxcpus=4"], "-smp 1,maxcpus=4: "),
        (vec!["-kernel", image, "-smp", "0"], "tcevm: invalid value '0' for '--smp <N>': "),
        (vec!["-kernel", image, "-m", "1x"], "not a size"),
        (vec!["-kernel", image, "-bios", arg(&rom)], "without firmware"),
        (vec!["-kernel", image, "-bios", "/nowhere"], "cannot read"),
        (vec!["-kernel", image, "-bios", "/dev/zero"], "neither a regular file nor a pipe"),
        (vec!["-kernel", image, "-bios", arg(&large)], "more than 4 MiB"),
        (vec!["-kernel", image, "-serial", "null"], "stdio"),
        (vec!["-kernel", image, "-rtc", "base=tomorrow"], "2006-06-17"),
        (vec!["-kernel", arg(&rom)], "not an ELF file"),
    ] {
        let output = qemu(&args);
        assert_eq!((code(&output), stdout(&output).as_str()), (1, ""), "{args:?}");
        assert!(stderr(&output).contains(says), "{args:?}: {}", stderr(&output));
    }
}

/// The devices for these options of QEMU.
fn devices(args: &[&str]) -> Result<DeviceArgs, String> {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    match options::read(&args).map_err(|refusal| refusal.to_string())? {
        Ask::Run(wish) => wish.devices().map_err(|refusal| refusal.to_string()),
        other => panic!("{other:?}"),
    }
}

/// The disk of a `--disk` option of tcevm.
fn disk(spec: &str) -> DiskSpec {
    spec.parse().expect("a disk")
}

#[test]
fn disks_are_taken_in_qemus_words() {
    let disks = |args: &[&str]| {
        let devices = devices(args).unwrap_or_else(|why| panic!("{args:?}: {why}"));
        let specs = devices.disk.into_iter().inspect(|disk| assert_eq!(disk.bus, Bus::Vio));
        specs.map(|disk| disk.spec).collect::<Vec<_>>()
    };
    assert_eq!(disks(&["-hda", "a.img"]), [disk("a.img")]);
    assert_eq!(disks(&["-hda", "a,b.img"]), [disk("a,b.img")], "not split");
    let two = [disk("a"), disk("b")];
    assert_eq!(disks(&["-hdb", "b", "-hda", "a"]), two, "in the order of their names");
    assert_eq!(disks(&["-drive", "file=b", "-hdb", "a"]), [two[1].clone(), two[0].clone()]);
    assert_eq!(disks(&["-drive", "b,index=1", "-drive", "file=a,index=0"]), two);
    let raw = [disk("x,,readonly,format=raw,readonly")];
    assert_eq!(disks(&["-drive", "file=x,,readonly,format=raw,readonly=on,if=scsi"]), raw);
    let qcow2 = [disk("d.qcow2,format=qcow2")];
    for device in
        ["scsi-hd,drive=d0", "driver=scsi-hd,drive=d0,id=hd0", "scsi-hd,bus=scsi.0,drive=d0"]
    {
        let drive = "file=d.qcow2,format=qcow2,if=none,id=d0,cache=writeback,media=disk";
        assert_eq!(disks(&["-device", device, "-drive", drive]), qcow2, "{device}");
    }
    // The order is that of the devices; drives without a device come first.
    let args = [
        "-device",
        "spapr-vscsi,id=s",
        "-device",
        "scsi-hd,drive=b,bus=s.0",
        "-device",
        "scsi-hd,drive=a,bus=s.0",
        "-drive",
        "file=1,if=none,id=a",
        "-drive",
        "file=2,if=none,id=b",
        "-drive",
        "file=3",
    ];
    let expected = ["3", "2", "1"].map(disk);
    assert_eq!(disks(&args), expected);
}

#[test]
fn networks_are_taken_in_qemus_words() {
    let nets = |args: &[&str]| {
        let devices = devices(args).unwrap_or_else(|why| panic!("{args:?}: {why}"));
        let specs = devices.net.into_iter().inspect(|net| assert_eq!(net.bus, Bus::Vio));
        specs.map(|net| net.spec).collect::<Vec<_>>()
    };
    let mac = Some([0x52, 0x54, 0, 0x12, 0x34, 0x56]);
    let socket = NetSpec { to: To::Socket("/tmp/a,b".into()), mac: None };
    let stream = "stream,id=n0,server=off,addr.type=unix,addr.path=/tmp/a,,b";
    assert_eq!(nets(&["-netdev", stream, "-device", "spapr-vlan,netdev=n0"]), vec![socket.clone()]);
    let tap = NetSpec { to: To::Tap("tap0".into()), mac };
    let netdev = "tap,id=n1,ifname=tap0,script=no,downscript=no";
    let device = "spapr-vlan,netdev=n1,mac=52:54:00:12:34:56";
    assert_eq!(nets(&["-device", device, "-netdev", netdev]), vec![tap.clone()]);
    let nic = "tap,ifname=tap0,script=no,model=spapr-vlan,mac=52:54:00:12:34:56";
    assert_eq!(nets(&["-nic", nic]), vec![tap.clone()]);
    let both = ["-netdev", stream, "-nic", nic, "-device", "spapr-vlan,netdev=n0"];
    assert_eq!(nets(&both), [tap, socket]);
    assert_eq!(nets(&["-nic", "none"]), []);
    assert_eq!(nets(&["-net", "none"]), []);
}

#[test]
fn virtio_devices_are_taken_in_qemus_words() {
    let args = [
        "-device",
        "virtio-blk-pci,drive=d,num-queues=4,iommu_platform=on,disable-legacy=on,bus=pci.0",
        "-drive",
        "file=a,format=raw,if=none,id=d",
        "-drive",
        "file=b,if=virtio",
        "-hdb",
        "c",
        "-netdev",
        "tap,id=n,ifname=t",
        "-device",
        "virtio-net-pci,netdev=n,mac=52:54:00:00:00:01",
        "-nic",
        "tap,ifname=u,model=virtio-net-pci",
        "-device",
        "virtio-rng-pci",
    ];
    let devices = devices(&args).expect("devices");
    let a = OnBus { queues: Some(4), ..OnBus::virtio(disk("a,format=raw")) };
    assert_eq!(devices.disk, [OnBus::virtio(disk("b")), OnBus::vio(disk("c")), a]);
    let nets = ["tap=t,bus=virtio,mac=52:54:00:00:00:01", "tap=u,bus=virtio"];
    assert_eq!(devices.net, nets.map(|net| net.parse().expect("a network")));
    assert!(devices.rng);
}

#[test]
fn devices_that_cannot_be_are_refused_with_what_to_give_instead() {
    let net = ["-netdev", "tap,id=n,ifname=t"];
    for (args, says) in [
        (&["-netdev", "user,id=n"][..], "passt -f -s"),
        (&["-nic", "user"], "passt -f -s"),
        (&["-netdev", "socket,id=n,listen=:1"], "stream (addr.type=unix) or tap"),
        (&["-netdev", "stream,id=n,server=on,addr.type=unix,addr.path=/s"], "--net hub=PATH"),
        (&["-netdev", "stream,id=n,addr.type=inet,addr.host=h,addr.port=1"], "addr.type=unix"),
        (&["-netdev", "stream,addr.type=unix,addr.path=/s"], "give id="),
        (
            &["-netdev", "tap,id=n,ifname=t,script=/etc/qemu-ifup"],
            "script=/etc/qemu-ifup cannot be done",
        ),
        (&["-netdev", "tap,id=n"], "give ifname="),
        (&net, "add -device spapr-vlan"),
        (&[&net[..], &["-netdev", "tap,id=n,ifname=u"]].concat(), "another -netdev has id=n"),
        (&[&net[..], &["-device", "spapr-vlan,netdev=m"]].concat(), "no -netdev has id=m"),
        (
            &[&net[..], &["-device", "spapr-vlan,netdev=n,mac=01:00:00:00:00:01"]].concat(),
            "of one station",
        ),
        (
            &["-device", "e1000e,netdev=n"],
            "it has spapr-vlan, spapr-vscsi and scsi-hd, virtio-net-pci",
        ),
        (&["-device", "virtio-scsi-pci"], "virtio-blk-pci and virtio-rng-pci"),
        (&["-device", "virtio-net-pci,netdev=n"], "no -netdev has id=n"),
        (
            &["-device", "virtio-net-pci,netdev=n,disable-legacy=off"],
            "disable-legacy=off cannot be done",
        ),
        (
            &["-device", "virtio-blk-pci,drive=d,iommu_platform=off"],
            "iommu_platform=off cannot be done",
        ),
        (&["-device", "virtio-blk-pci,drive=d,addr=2"], "leave addr= away"),
        (&["-device", "virtio-blk-pci,drive=d,num-queues=9"], "num-queues is 1 to 8"),
        (&["-device", "virtio-blk-pci,drive=d,serial=x"], "serial= is not understood"),
        (
            &["-drive", "file=a,if=none,id=d", "-device", "virtio-blk-pci,drive=d,bus=scsi.0"],
            "no bus of this name",
        ),
        (&["-drive", "file=a,if=virtio", "-device", "spapr-vscsi"], "it has no disk"),
        (&["-device", "spapr-vscsi"], "it has no disk"),
        (&["-hda", "a", "-device", "spapr-vscsi", "-device", "spapr-vscsi"], "one controller"),
        (&["-hda", "a", "-device", "spapr-vscsi,reg=0x71000003"], "leave reg= away"),
        (&["-device", "scsi-hd,drive=d"], "no -drive with if=none has id=d"),
        (&["-device", "scsi-hd"], "give drive="),
        (&["-drive", "file=a,id=d", "-device", "scsi-hd,drive=d"], "no -drive with if=none"),
        (&["-drive", "file=a,if=none,id=d"], "add -device scsi-hd,drive=ID"),
        (
            &["-drive", "file=a,if=none,id=d", "-device", "scsi-hd,drive=d,bus=x.0"],
            "no bus of this name",
        ),
        (
            &["-drive", "file=a,if=none,id=d", "-device", "scsi-hd,drive=d,lun=3"],
            "have numbers in the order",
        ),
        (&["-drive", "format=raw"], "give file="),
        (&["-drive", "file=a,format=vmdk"], "raw or qcow2"),
        (&["-drive", "file=a,if=ide"], "if=scsi or if=virtio, or if=none"),
        (&["-drive", "file=a,snapshot=on"], "qemu-img create -b"),
        (&["-drive", "file=a,cache=unsafe"], "cache=unsafe cannot be done"),
        (&["-drive", "file=a,media=cdrom"], "media=cdrom cannot be done"),
        (&["-drive", "file=a,readonly=maybe"], "readonly is on or off"),
        (&["-drive", "file=a,bps=1"], "bps= is not understood"),
        (&["-drive", "file=a,index=0", "-hda", "b"], "another disk has this place"),
        (&["-blockdev", "driver=file,filename=a,node-name=n"], "-drive file=FILE"),
        (&["-hda"], "requires an argument"),
    ] {
        let refused = devices(args).expect_err("a refusal");
        assert!(refused.contains(says), "{args:?}: {says:?} is not in {refused}");
    }
}

#[test]
fn a_disk_in_qemus_words_is_opened() {
    let files = Files::new();
    let image = files.write("guest", asm::guest([print("here\n"), power_off()].concat()).bytes());
    let disk = files.write("disk,readonly", vec![0; 1 << 20]);
    let run = |options: &[&str]| qemu(&[&["-kernel", arg(&image)], options].concat());
    let drive = format!("file={},format=raw", arg(&disk).replace(',', ",,"));
    for options in [&["-drive", drive.as_str()][..], &["-hda", arg(&disk)]] {
        let output = run(options);
        assert_eq!((code(&output), stdout(&output).as_str()), (0, "here\n"), "{output:?}");
    }
    let output = run(&["-hda", "/nowhere/disk"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
    assert!(stderr(&output).contains("/nowhere/disk"), "{output:?}");
}

// QEMU: -no-reboot, "exit instead of rebooting".
#[test]
fn a_reboot_ends_the_run_if_that_is_wanted() {
    let (_, token) = ::hcall::rtas_tokens().find(|(name, _)| *name == "system-reboot").unwrap();
    let reboot = asm::hcall(0xf000, &[0x18_0000]);
    let mut guest = asm::guest([print("up\n"), reboot].concat());
    guest.segments[1].data = [token, 0, 1, u32::MAX].map(u32::to_be_bytes).concat();
    let files = Files::new();
    let image = files.write("guest", guest.bytes());
    let output = qemu(&["-no-reboot", "-kernel", arg(&image)]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "up\n"), "{output:?}");
    let output = tcevm().args(["run", "--no-reboot", arg(&image)]).output().expect("tcevm starts");
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "up\n"), "{output:?}");
}

// The defaults of QEMU 10.0 (`-machine pseries,help`), and the recommendations in the manual of pseries.
#[test]
fn properties_of_the_machine_are_taken_with_their_defaults_and_refused_otherwise() {
    let read = |machine: &str| options::read(&["-M".into(), machine.into()]);
    for machine in [
        "pseries,usb=off,graphics=on,mem-merge=on,dump-guest-core=on,kernel-irqchip=off",
        "pseries-10.0,cap-cfpc=workaround,cap-sbbc=workaround,cap-ibs=workaround",
        "pseries,cap-htm=off,cap-vsx=on,cap-dfp=on,cap-large-decr=on,cap-fwnmi=on,cap-ccf-assist=on",
        "pseries,cap-hpt-max-page-size=64k,cap-nested-hv=off,cap-rpt-invalidate=off",
        "type=pseries,accel=tcg,ic-mode=dual,resize-hpt=disabled,nvdimm=yes,vsmt=1",
        "pseries,ic-mode=xics,max-cpu-compat=power9,kernel-addr=0x400000",
    ] {
        assert!(matches!(read(machine), Ok(Ask::Run(_))), "{machine}: {:?}", read(machine));
    }
    for (machine, says) in [
        ("pseries,cap-htm=on", "cap-htm is off"),
        ("pseries,cap-vsx=off", "cap-vsx is on"),
        ("pseries,cap-nested-hv=on", "cap-nested-hv is off"),
        ("pseries,ic-mode=xive", "ic-mode is dual or xics"),
        ("pseries,accel=kvm", "accel is tcg"),
        ("pseries,usb=on", "usb is off"),
        ("pseries,secure=off", "no property secure"),
    ] {
        let refused = read(machine).expect_err("a refusal").to_string();
        assert!(refused.contains(says), "{machine}: {refused}");
    }
}
