// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating-point results that are not compared: the differences between QEMU 7.2 and the book, with the
//! trials concerned, and results that the book leaves undefined. (Sections are of Book I.)

use super::float::{DOUBLE, EXCEPTIONS, Operands, SINGLE, operands};
use super::program::{SIGFPE, SIGNAL};
use super::trials::Trial;
use super::vector::{self, Erratum};
use power::row::Row;

const FX: u64 = 1 << 31;
const FEX: u64 = 1 << 30;
const VX: u64 = 1 << 29;
const OX: u64 = 1 << 28;
const UX: u64 = 1 << 27;
const FR: u64 = 1 << 18;
const FI: u64 = 1 << 17;
const C: u64 = 1 << 16;
const FL: u64 = 1 << 15;
const FG: u64 = 1 << 14;
const FPRF: u64 = 0x1_f000;
const VE: u64 = 1 << 7;
const NI: u64 = 1 << 2;
const UE: u64 = 1 << 5;

/// A reason, the trials and values of our FPSCR for which it holds, and the bits of FPSCR concerned.
type Bits = (&'static str, fn(&Trial, u64) -> bool, u64);

/// Bits that are not compared, because the book leaves them undefined or QEMU 7.2 differs from it. (QEMU also
/// sets FX for an exception that had occurred before; so FX is set wherever one has.)
const NOT_COMPARED: &[Bits] = &[
    (
        "4.2.2: FR says that rounding incremented the fraction; QEMU never changes it",
        |t, _| computes(t),
        FR,
    ),
    (
        "4.6.7, 7.6: FPRF is undefined after a conversion to an integer",
        |t, _| is_integer(t.row.name),
        FPRF,
    ),
    (
        "4.2.2: FPRF is of the target's precision; QEMU takes a result that is denormal in single \
         precision for a normal number",
        |t, ours| is_single(t.row) && ours & (FL | FG) != 0,
        C,
    ),
    (
        "4.6.7: FPRF is that of the result; QEMU leaves it alone",
        |t, _| t.row.name.starts_with("fcf") && t.row.name != "fcfid",
        FPRF,
    ),
    (
        "4.4.1.2, 4.6.8: comparisons do not change FI and C; QEMU does",
        |t, _| matches!(t.row.name, "fcmpu" | "fcmpo"),
        FI | C,
    ),
    ("7.4: vectors do not change FI; QEMU clears or sets it", |t, _| is_vector(t), FI),
    (
        "7.4: an underflow is told beside another element's overflow; QEMU forgets it",
        |t, ours| is_vector(t) && ours & OX != 0,
        UX,
    ),
    (
        "7.6: minima and maxima are exact; QEMU has underflows",
        |t, _| is_vector(t) && (t.row.name.contains("max") || t.row.name.contains("min")),
        UX | FX,
    ),
    (
        "7.6: exceptions of this conversion; QEMU adds those of an earlier instruction",
        |t, _| matches!(t.row.name, "xvcvsxdsp" | "xvcvuxdsp"),
        EXCEPTIONS | FX | FEX | VX,
    ),
];

fn computes(trial: &Trial) -> bool {
    ["f", "xs", "xv"].iter().any(|start| trial.row.name.starts_with(start))
}

fn is_vector(trial: &Trial) -> bool {
    trial.row.name.starts_with("xv")
}

/// True if the result is an integer.
fn is_integer(name: &str) -> bool {
    let to = ["xscvdp", "xscvsp", "xscvqp"].iter().find_map(|from| name.strip_prefix(from));
    name.starts_with("fct") || to.is_some_and(|to| to.starts_with(['s', 'u']) && to.len() > 2)
}

/// True if the result of a scalar operation is rounded to single precision.
fn is_single(row: &Row) -> bool {
    let (name, opcode) = (row.name, row.form.value >> 26);
    opcode == 59 || name == "frsp" || name.starts_with("xs") && name.ends_with("sp")
}

/// The bits of FPSCR that are not compared.
pub(crate) fn not_compared(trial: &Trial, ours: u64) -> u64 {
    let holds = NOT_COMPARED.iter().filter(|(_, about, _)| about(trial, ours));
    holds.fold(0, |bits, (_, _, more)| bits | more)
}

/// Doubleword 0 of the last operand.
fn last_operand(t: &Trial) -> u64 {
    vector::operands(t).last().map_or(0, |n| (t.state.vsr[*n] >> 64) as u64)
}

/// Doubleword 0 of the operands that are not the target.
fn sources(t: &Trial) -> Vec<u64> {
    vector::operands(t).iter().skip(1).map(|n| (t.state.vsr[*n] >> 64) as u64).collect()
}

/// True if a multiply-add of zero and infinity, in any element, has a signalling NaN as the third operand.
fn doubled(t: &Trial) -> bool {
    let format = match operands(t.row) {
        Some(Operands::Elements(format)) => format,
        _ => DOUBLE,
    };
    let (bits, quiet) = (8 * format.bytes(), 1u128 << (format.1 - 1));
    let element = |n: &usize, i: u32| t.state.vsr[*n] >> (bits * i) & (u128::MAX >> (128 - bits));
    let infinity = format.of(u128::MAX, 0);
    let magnitude = |v: u128| v & ((1 << (bits - 1)) - 1);
    (0..128 / bits).any(|i| {
        let all: Vec<u128> = vector::operands(t).iter().map(|n| magnitude(element(n, i))).collect();
        let signalling = |v: &u128| *v > infinity && v & quiet == 0;
        all.contains(&0) && all.contains(&infinity) && all.iter().any(signalling)
    })
}

/// The elements of the last operand as numbers.
fn elements(t: &Trial) -> Vec<f64> {
    let v = vector::operands(t).last().map_or(0, |n| t.state.vsr[*n]);
    match operands(t.row) {
        Some(Operands::Elements(SINGLE)) => {
            (0..4).map(|i| f64::from(f32::from_bits((v >> (32 * i)) as u32))).collect()
        }
        _ => (0..2).map(|i| f64::from_bits((v >> (64 * i)) as u64)).collect(),
    }
}

/// True if an element has no integer value of the type that the conversion's name ends in.
fn has_no_integer(t: &Trial) -> bool {
    let to = |end: &str| t.row.name.ends_with(end);
    let range = match () {
        () if to("sxws") => -2f64.powi(31)..2f64.powi(31),
        () if to("uxws") => -1.0..2f64.powi(32),
        () if to("sxds") => -2f64.powi(63)..2f64.powi(63),
        () => -1.0..2f64.powi(64),
    };
    elements(t).iter().any(|v| !range.contains(v))
}

/// Differences between QEMU 7.2 and the book, with the trials concerned.
pub(crate) const QEMU_ERRATA: &[Erratum] = &[
    (
        "4.6.6.2, 7.6: negative multiply-adds negate what is rounded; QEMU rounds what is negated",
        |t| {
            let negative = ["fnm", "xsnm", "xvnm"].iter().any(|n| t.row.name.starts_with(n));
            negative && t.state.fpscr & 2 != 0
        },
    ),
    ("4.6.6.1: fre and fres of 0 are infinite; QEMU has 1/2", |t| {
        matches!(t.row.name, "fre" | "fres") && last_operand(t) << 1 == 0
    }),
    ("7.6: an estimate of the reciprocal of 0 is a zero divide; QEMU has no exception", |t| {
        matches!(t.row.name, "xsredp" | "xsresp" | "xsrsqrtedp" | "xsrsqrtesp")
            && last_operand(t) << 1 == 0
    }),
    ("an estimate; QEMU rounds twice, once more than we", |t| {
        t.row.name.contains("rsqrte")
            && f64::from_bits(last_operand(t)) > 0.0
            && f64::from_bits(last_operand(t)) < f64::INFINITY
    }),
    ("7.6: xsmaxcdp is (x>y)?x:y; of two zeros QEMU has x", |t| {
        t.row.name == "xsmaxcdp" && sources(t).iter().all(|v| v << 1 == 0)
    }),
    (
        "4.2.2: mtfsb1 of an exception bit sets FX, and NI is a bit as others; QEMU does neither",
        |t| {
            let bit = 1 << 31 >> t.word().bt();
            let new = bit & EXCEPTIONS != 0 && t.state.fpscr & FX == 0;
            t.row.name == "mtfsb1" && (bit == NI || new)
        },
    ),
    ("7.6: xsmaxdp and xsmindp round nothing; QEMU has underflows", |t| {
        matches!(t.row.name, "xsmaxdp" | "xsmindp") && t.state.fpscr & UE != 0
    }),
    ("7.6: xststdcsp: exponents below 0x381 are of denormal numbers; QEMU takes them for 0", |t| {
        t.row.name == "xststdcsp" && (1..0x381).contains(&(last_operand(t) >> 52 & 0x7ff))
    }),
    (
        "7.4: any enabled exception interrupts; an element's overflow hides another's underflow \
      from QEMU, and what is exact underflows there",
        |t| is_vector(t) && t.state.fpscr & UE != 0,
    ),
    ("7.4: as above; QEMU has exceptions of an earlier instruction", |t| {
        matches!(t.row.name, "xvcvsxdsp" | "xvcvuxdsp") && t.state.fpscr & 0xf8 != 0
    }),
    ("7.6: an element that is no integer leaves the others alone; in QEMU it does not", |t| {
        let converts =
            t.row.name.starts_with("xvcv") && is_integer(&t.row.name.replacen("xv", "xs", 1));
        converts && has_no_integer(t)
    }),
    ("7.6: an enabled VXVC leaves the target alone and interrupts; in QEMU it does not", |t| {
        t.row.name.starts_with("xvcmpg") && t.state.fpscr & VE != 0
    }),
    ("7.6: estimates, as above", |t| {
        let all = elements(t);
        let zero = all.contains(&0.0);
        match t.row.name {
            "xvredp" | "xvresp" => zero,
            "xvrsqrtedp" | "xvrsqrtesp" => zero || all.iter().any(|v| *v > 0.0 && v.is_finite()),
            _ => false,
        }
    }),
    ("7.6: xsmaxjdp and xsminjdp of any signalling NaN are invalid; QEMU looks at one", |t| {
        let nan = |v: &u64| f64::from_bits(*v).is_nan();
        matches!(t.row.name, "xsmaxjdp" | "xsminjdp")
            && sources(t).iter().all(nan)
            && sources(t).iter().any(|v| v & 1 << 51 == 0)
    }),
    ("7.6: xsnmsubqpo rounds to odd; QEMU rounds as FPSCR says", |t| {
        t.row.name == "xsnmsubqp" && t.word().rc()
    }),
    ("7.6: R=0 and RMC=3 are the current mode; QEMU confuses its number with another one's", |t| {
        let current = t.word().r() == 0 && t.word().rmc() == 3;
        t.row.name.starts_with("xsrqp") && current && t.state.fpscr & 3 != 0
    }),
    ("7.6: xsrqpxp only makes a NaN quiet, and nothing underflows; QEMU goes by way of x87", |t| {
        let exponent = last_operand(t) >> 48 & 0x7fff;
        t.row.name == "xsrqpxp" && matches!(exponent, 0 | 0x7fff)
    }),
    ("4.4.1: infinity times zero plus a signalling NaN is invalid twice; QEMU tells one", |t| {
        let adds = ["madd", "msub"].iter().any(|op| t.row.name.contains(op));
        adds && doubled(t)
    }),
];

/// True if QEMU signals an exception of an earlier instruction, which it remembers.
pub(crate) fn is_stale_signal(t: &Trial, ours: u64, theirs: u64) -> bool {
    const SIGNALLED: u64 = SIGNAL + SIGFPE;
    let minimum = ["xvmax", "xvmin"].iter().any(|start| t.row.name.starts_with(start));
    minimum && theirs == SIGNALLED && ours != SIGNALLED
}
