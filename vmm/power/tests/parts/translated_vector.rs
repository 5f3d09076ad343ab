// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vectors as the translator has them, compared with the interpreter: single instructions, and sequences in which registers
//! of the host keep them. The rows that the host does itself are listed, and call no helper.

use crate::{
    recorder::Rng,
    translated_float::{compare, words},
};
use power::{Cpu, GuestMemory, isa, row::Row, testing, word::Word};
use std::sync::Arc;
use vm_memory::GuestAddress;

/// Rows whose code is the host's on any x86-64 of version 3 (AVX2).
const INLINE: &str = "
    vaddubm vadduhm vadduwm vaddudm vsububm vsubuhm vsubuwm vsubudm
    vand vandc veqv vnand vor vorc vnor vxor vsel
    xxland xxlandc xxleqv xxlnand xxlor xxlorc xxlnor xxlxor xxsel
    vcmpequb vcmpequh vcmpequw vcmpequd vcmpneb vcmpneh vcmpnew vcmpnezb vcmpnezh vcmpnezw
    vcmpgtub vcmpgtuh vcmpgtuw vcmpgtud vcmpgtsb vcmpgtsh vcmpgtsw vcmpgtsd
    vmaxub vmaxuh vmaxuw vmaxud vmaxsb vmaxsh vmaxsw vmaxsd
    vminub vminuh vminuw vminud vminsb vminsh vminsw vminsd
    vavgub vavguh vavguw vavgsb vavgsh vavgsw vabsdub vabsduh vabsduw
    vnegw vnegd vextsb2w vextsh2w vextsb2d vextsh2d vextsw2d
    vmuleub vmuloub vmulesb vmulosb vmuleuh vmulouh vmulesh vmulosh
    vmuleuw vmulouw vmulesw vmulosw vmuluwm vmladduhm
    vslw vsld vsrw vsrd vsraw vsrad vrlw vrld
    vperm vpermr xxperm xxpermr vsldoi xxsldwi xxpermdi
    vmrghb vmrghh vmrghw vmrglb vmrglh vmrglw vmrgew vmrgow xxmrghw xxmrglw
    vspltb vsplth vspltw vspltisb vspltish vspltisw xxspltw xxspltib
    vpkuhum vpkuwum vpkudum vupkhsb vupklsb vupkhsh vupklsh vupkhsw vupklsw
    xxbrh xxbrw xxbrd xxbrq
    lvx lvxl stvx stvxl lvsl lvsr lxv lxvx lxvd2x lxvw4x lxvh8x lxvb16x lxvdsx lxvwsx
    stxv stxvx stxvd2x stxvw4x stxvh8x stxvb16x
    vcipher vcipherlast vncipher vncipherlast vpmsumd vshasigmaw vshasigmad
    xvcmpeqdp xvcmpgtdp xvcmpgedp xvmaxdp xvmindp xvcmpeqsp xvcmpgtsp xvcmpgesp xvmaxsp xvminsp
    xscmpeqdp xscmpgtdp xscmpgedp xsmaxdp xsmindp xsmaxcdp xsmincdp xsmaxjdp xsminjdp
    mfvsrd mfvsrld mfvsrwz mtvsrd mtvsrwa mtvsrwz mtvsrdd mtvsrws
";

fn inline_rows() -> Vec<&'static Row> {
    let row = |name| isa::rows().find(|row| row.name == name);
    INLINE.split_whitespace().map(|name| row(name).unwrap_or_else(|| panic!("{name}"))).collect()
}

/// A doubleword whose elements are often equal to others, or at an end of their range.
fn operand(rng: &mut Rng) -> u64 {
    const CORNERS: [u64; 8] = [
        0,
        u64::MAX,
        0x8080_8080_8080_8080,
        0x7f80_7f80_7f80_7f80,
        0x8000_7fff_8000_7fff,
        0x8000_0000_7fff_ffff,
        0x8000_0000_0000_0000,
        0x7fff_ffff_ffff_ffff,
    ];
    let any = rng.next();
    let corner = CORNERS[rng.next() as usize % CORNERS.len()];
    match rng.next() % 4 {
        0 => corner,
        1 => corner ^ any & rng.next() & rng.next(),
        2 => any & 0x1f1f_1f1f_1f1f_1f1f,
        _ => any,
    }
}

#[test]
fn an_instruction_does_in_the_translator_what_it_does_in_the_interpreter() {
    let mut rng = Rng(0x7d0);
    let leaves_storage = |row: &&Row| !row.asm.contains("RB") && !row.asm.contains("(RA");
    let words = |row| (0..3).flat_map(|_| words(row, &mut rng)).collect::<Vec<_>>();
    let rows = inline_rows().into_iter().filter(leaves_storage);
    let programs: Vec<_> = rows.flat_map(words).map(|word| vec![word]).collect();
    assert!(programs.len() > 1500, "only {}", programs.len());
    compare(&programs, 100, operand);
}

/// Vectors are passed on in registers of the host, beside instructions that call helpers, change a half or use storage.
#[test]
fn sequences_end_in_the_same_state() {
    let mut rng = Rng(0x7d1);
    let others = [
        "vsum4ubs",
        "vsl",
        "vmsumuhm",
        "vaddubs",
        "xsadddp",
        "fadd",
        "xvadddp",
        "xvmaddadp",
        "fsel",
        "vslb",
        "xscvdpsp",
    ];
    let storage = [
        "lvx", "stvx", "lxvd2x", "stxvd2x", "lxvx", "stxvx", "lfdx", "stfdx", "lxvw4x", "stxvb16x",
    ];
    let named = |name: &&str| isa::rows().find(|row| row.name == *name).expect("a row");
    let inline = inline_rows();
    let others: Vec<_> = others.iter().map(named).collect();
    let storage: Vec<_> = storage.iter().map(named).collect();
    let programs: Vec<_> = (0..500)
        .map(|_| {
            let word = |_| loop {
                let rows = match rng.next() % 8 {
                    0 => &others,
                    1 => &storage,
                    _ => &inline,
                };
                let row = rows[rng.next() as usize % rows.len()];
                let words = words(row, &mut rng);
                let word = words[rng.next() as usize % words.len()];
                let is_apart = |of: &[&Row]| of.iter().any(|of| of.name == row.name);
                if is_apart(&storage) {
                    // At an address in RAM.
                    break word & !0x001f_f800 | 2 << 11;
                }
                if !row.asm.contains("RA0") && !row.asm.contains("(RA") && !row.asm.contains("RA,")
                {
                    break word;
                }
            };
            (0..16).map(word).collect()
        })
        .collect();
    compare(&programs, 40, operand);
}

fn has_avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

#[test]
fn the_host_does_vectors_itself() {
    if !has_avx2() {
        eprintln!("SKIP: no AVX2");
        return;
    }
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0), 0x1_0000)]).expect("RAM");
    let cpu = Cpu::new(Arc::new(ram));
    let mut rng = Rng(0x7d2);
    for row in inline_rows() {
        let words = words(row, &mut rng);
        let calls = testing::helper_calls(&cpu, words.iter().map(|word| Word::new(*word)));
        assert!(calls.iter().all(|calls| *calls == Some(0)), "{}: {calls:?}", row.name);
    }
    // And the count is one of calls.
    let calls = testing::helper_calls(&cpu, [Word::new(0x1064_2e08)].into_iter()); // vsum4ubs
    assert_eq!(calls, [Some(1)]);
}
