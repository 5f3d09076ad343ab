// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Operands of floating-point instructions: numbers that arithmetic goes wrong at, alone and
//! beside each other, in the format that an instruction reads; and FPSCR.

use super::program::{SIGFPE, SIGNAL};
use super::trials::Trial;
use super::vector::{self, Erratum};
use crate::tool::Rng;
use power::row::Row;

/// A binary format: bits of the exponent and of the fraction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Format(u32, u32);

const HALF: Format = Format(5, 10);
const SINGLE: Format = Format(8, 23);
const DOUBLE: Format = Format(11, 52);
const QUAD: Format = Format(15, 112);

/// How registers hold the operands of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operands {
    /// Elements of a format.
    Elements(Format),
    /// Single precision in the format of double precision: the book leaves undefined what
    /// single-precision instructions make of other operands (4.3.5.2).
    Singles,
}

/// The operands of a row that does floating-point arithmetic, comparisons or conversions.
pub(crate) fn operands(row: &Row) -> Option<Operands> {
    let (name, opcode) = (row.name, row.form.value >> 26);
    let float = match name.get(..2)? {
        "xs" | "xv" => true,
        _ => name.starts_with('f') && matches!(opcode, 59 | 63),
    };
    if !float || name.starts_with("fcf") {
        return None;
    }
    let from = name.split_once("cv").map_or(name, |(_, formats)| &formats[..2]);
    Some(match from {
        "hp" => Operands::Elements(HALF),
        "sx" | "ux" | "sd" | "ud" => return None,
        _ if from.contains("qp") => Operands::Elements(QUAD),
        _ if from.contains("sp") && name.starts_with("xs") && from != "sp" && name != "xsrsp" => {
            Operands::Singles
        }
        _ if from.contains("sp") && name != "xsrsp" && name != "frsp" => Operands::Elements(SINGLE),
        _ if opcode == 59 => Operands::Singles,
        _ => Operands::Elements(DOUBLE),
    })
}

impl Format {
    fn bias(self) -> u128 {
        (1 << (self.0 - 1)) - 1
    }
    fn bytes(self) -> u32 {
        (1 + self.0 + self.1) / 8
    }
    fn of(self, biased: u128, fraction: u128) -> u128 {
        let biased = biased & ((1 << self.0) - 1);
        biased << self.1 | fraction & ((1 << self.1) - 1)
    }

    /// A number, its sign included.
    fn number(self, rng: &mut Rng) -> u128 {
        let any = u128::from(rng.next()) << 64 | u128::from(rng.next());
        let most = (1 << self.0) - 1;
        let near = u128::from(rng.below(5));
        let bits = match rng.below(12) {
            0 => self.of(0, u128::from(rng.below(2))),
            1 => self.of(0, u128::MAX - near),
            2 => self.of(most, 0),
            3 => self.of(most, any >> rng.below(100) | u128::from(rng.one_in(2)) << (self.1 - 1)),
            4 => self.of(most - 1 - near / 2, any | if rng.one_in(2) { u128::MAX } else { 0 }),
            5 => self.of(near, any),
            // Small integers and halves.
            6 | 7 => self.of(self.bias() + near, any << (self.1 - 4)),
            // Just below and above powers of 2, and few bits: exact and halfway results.
            8 => self.of(self.bias() + near - 2, near.wrapping_sub(2)),
            9 => self.of(self.bias() + near - 2, any << (self.1 / 2)),
            10 => self.of(self.bias() + near - 2, any),
            _ => self.of(any >> 64, any),
        };
        bits | u128::from(rng.below(2)) << (self.0 + self.1)
    }

    /// A number, sometimes not far from another one.
    fn beside(self, other: u128, rng: &mut Rng) -> u128 {
        let one = self.number(rng);
        match rng.below(6) {
            0 => other,
            1 => other ^ 1 << (self.0 + self.1),
            2 => other.wrapping_add(u128::from(rng.below(3))).wrapping_sub(1),
            // An exponent at most a few precisions away.
            3 | 4 => {
                let exponent = other >> self.1 & ((1 << self.0) - 1);
                let far = u128::from(rng.below(2 * u64::from(self.1) + 6));
                let fraction = one & ((1 << self.1) - 1);
                let sign = one >> (self.0 + self.1) << (self.0 + self.1);
                sign | self.of(exponent + far - u128::from(self.1).min(exponent + far), fraction)
            }
            _ => one,
        }
    }
}

/// The double-precision encoding of a single-precision one; signalling NaNs stay.
fn widened(single: u128) -> u128 {
    let single = single as u32;
    let value = f32::from_bits(single);
    if value.is_nan() {
        let sign = u64::from(single >> 31) << 63;
        return u128::from(sign | 0x7ff << 52 | u64::from(single & 0x7f_ffff) << 29);
    }
    f64::from(value).to_bits().into()
}

impl Operands {
    /// Fills the registers of an instruction, elements of which stand beside each other.
    pub(crate) fn fill(self, vsrs: &mut [u128; 64], of: &[usize], rng: &mut Rng) {
        let (format, bytes) = match self {
            Operands::Elements(format) => (format, format.bytes()),
            Operands::Singles => (SINGLE, 8),
        };
        for at in 0..16 / bytes {
            let shift = 8 * bytes * at;
            let mut last = format.number(rng);
            for n in of {
                last = format.beside(last, rng);
                let held = if self == Operands::Singles { widened(last) } else { last };
                let mask = (u128::MAX >> (128 - 8 * bytes)) << shift;
                vsrs[*n] = vsrs[*n] & !mask | held << shift & mask;
            }
        }
    }
}

/// Causes of VX in FPSCR, and with OX, UX, ZX and XX all exceptions.
const VX_CAUSES: u64 = 0x01f8_0700;
const EXCEPTIONS: u64 = 0x1e00_0000 | VX_CAUSES;
/// FX, FR, FI, FPRF and RN.
const OTHERS: u64 = 0x8007_f003;

/// An FPSCR in which no exception that occurred is enabled. NI is 0, for what it does is
/// each machine's own.
pub(crate) fn fpscr(rng: &mut Rng) -> u64 {
    let few = |rng: &mut Rng| rng.next() & rng.next();
    let enables = if rng.one_in(4) { few(rng) & 0xf8 } else { 0 };
    let mut occurred = if rng.one_in(2) { few(rng) & EXCEPTIONS } else { 0 };
    if enables & 0x80 != 0 {
        occurred &= !VX_CAUSES;
    }
    occurred &= !(enables << 22);
    let vx = if occurred & VX_CAUSES != 0 { 1 << 29 } else { 0 };
    let fx = if occurred != 0 { FX } else { 0 }; // see `not_compared`
    occurred | enables | vx | fx | rng.next() & OTHERS
}

const FX: u64 = 1 << 31;
const FEX: u64 = 1 << 30;
const VX: u64 = 1 << 29;
const UX: u64 = 1 << 27;
const FR: u64 = 1 << 18;
const FI: u64 = 1 << 17;
const C: u64 = 1 << 16;
const FPRF: u64 = 0x1_f000;
const VE: u64 = 1 << 7;
const UE: u64 = 1 << 5;

/// A reason, in which trials it holds, and which bits of FPSCR it is about.
type Bits = (&'static str, fn(&Trial) -> bool, u64);

/// What is not compared, because the book leaves it undefined or QEMU 7.2 differs from it. (It
/// also sets FX for an exception that had occurred before; so FX is set wherever one has.)
const NOT_COMPARED: &[Bits] = &[
    ("4.2.2: FR says that rounding incremented the fraction; QEMU never changes it", computes, FR),
    (
        "4.6.7, 7.6: FPRF is undefined after a conversion to an integer",
        |t| is_integer(t.row.name),
        FPRF,
    ),
    (
        "4.2.2: FPRF is of the target's precision; QEMU takes a result that is denormal in single \
         precision for a normal number",
        |t| is_single(t.row),
        C,
    ),
    (
        "4.6.7: FPRF is that of the result; QEMU leaves it alone",
        |t| t.row.name.starts_with("fcf") && t.row.name != "fcfid",
        FPRF,
    ),
    (
        "4.4.1.2, 4.6.8: comparisons do not change FI and C; QEMU does",
        |t| matches!(t.row.name, "fcmpu" | "fcmpo"),
        FI | C,
    ),
    ("7.4: vectors do not change FI; QEMU clears or sets it", is_vector, FI),
    ("7.4: an underflow is told beside another element's overflow; QEMU forgets it", is_vector, UX),
    (
        "7.6: minima and maxima are exact; QEMU has underflows",
        |t| is_vector(t) && (t.row.name.contains("max") || t.row.name.contains("min")),
        UX | FX,
    ),
    (
        "7.6: exceptions of this conversion; QEMU adds those of an earlier instruction",
        |t| matches!(t.row.name, "xvcvsxdsp" | "xvcvuxdsp"),
        EXCEPTIONS | FX | FEX | VX,
    ),
];

fn computes(trial: &Trial) -> bool {
    ["f", "xs", "xv"].iter().any(|start| trial.row.name.starts_with(start))
}

fn is_vector(trial: &Trial) -> bool {
    trial.row.name.starts_with("xv")
}

/// Whether the result is an integer.
fn is_integer(name: &str) -> bool {
    let to = ["xscvdp", "xscvsp", "xscvqp"].iter().find_map(|from| name.strip_prefix(from));
    name.starts_with("fct") || to.is_some_and(|to| to.starts_with(['s', 'u']) && to.len() > 2)
}

/// Whether the result of a scalar operation is rounded to single precision.
fn is_single(row: &Row) -> bool {
    let (name, opcode) = (row.name, row.form.value >> 26);
    opcode == 59 || name == "frsp" || name.starts_with("xs") && name.ends_with("sp")
}

/// The bits of FPSCR that are not compared.
pub(crate) fn not_compared(trial: &Trial) -> u64 {
    let holds = NOT_COMPARED.iter().filter(|(_, about, _)| about(trial));
    holds.fold(0, |bits, (_, _, more)| bits | more)
}

/// Doubleword 0 of the last operand.
fn last_operand(t: &Trial) -> u64 {
    vector::operands(t).last().map_or(0, |n| (t.state.vsr[*n] >> 64) as u64)
}

/// Whether a multiply-add of zero and infinity, in any element, has a signalling NaN beside.
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

/// The elements of the last operand as numbers, and bits of an element.
fn elements(t: &Trial) -> (Vec<f64>, u32) {
    let v = vector::operands(t).last().map_or(0, |n| t.state.vsr[*n]);
    match operands(t.row) {
        Some(Operands::Elements(SINGLE)) => {
            ((0..4).map(|i| f64::from(f32::from_bits((v >> (32 * i)) as u32))).collect(), 32)
        }
        _ => ((0..2).map(|i| f64::from_bits((v >> (64 * i)) as u64)).collect(), 64),
    }
}

/// Whether an element has no integer of the type that a vector conversion's name ends in.
fn has_no_integer(t: &Trial) -> bool {
    let to = |end: &str| t.row.name.ends_with(end);
    let range = match () {
        () if to("sxws") => -2f64.powi(31)..2f64.powi(31),
        () if to("uxws") => -1.0..2f64.powi(32),
        () if to("sxds") => -2f64.powi(63)..2f64.powi(63),
        () => -1.0..2f64.powi(64),
    };
    elements(t).0.iter().any(|v| !range.contains(v))
}

/// Where QEMU 7.2 does something else than the book says, and in which trials.
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
        let zero = |n: &usize| t.state.vsr[*n] >> 64 << 65 == 0;
        t.row.name == "xsmaxcdp" && vector::operands(t)[1..].iter().all(zero)
    }),
    (
        "4.2.2: mtfsb1 of an exception bit sets FX, and NI is a bit as others; QEMU does neither",
        |t| t.row.name == "mtfsb1",
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
        let ordered = ["xvcmpg"].iter().any(|start| t.row.name.starts_with(start));
        ordered && t.state.fpscr & VE != 0
    }),
    ("7.6: estimates, as above", |t| {
        let (all, _) = elements(t);
        let zero = all.contains(&0.0);
        match t.row.name {
            "xvredp" | "xvresp" => zero,
            "xvrsqrtedp" | "xvrsqrtesp" => zero || all.iter().any(|v| *v > 0.0 && v.is_finite()),
            _ => false,
        }
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

/// Whether QEMU signals an exception of an earlier instruction that it remembers.
pub(crate) fn is_stale_signal(t: &Trial, ours: u64, theirs: u64) -> bool {
    const SIGNALLED: u64 = SIGNAL + SIGFPE;
    let minimum = ["xvmax", "xvmin"].iter().any(|start| t.row.name.starts_with(start));
    minimum && theirs == SIGNALLED && ours != SIGNALLED
}
