// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The arithmetic compared with the host's at round to nearest, and with itself: the host's way and the exact
//! way must agree in results and in facts.

use power::float::*;

/// Random numbers: splitmix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    /// A number of a format with `fraction` bits of fraction. Exponents near each other and near the ends are
    /// more frequent.
    fn number(&mut self, format: Format) -> u128 {
        let any = u128::from(self.next());
        let width = format.sign().trailing_zeros();
        let bits = any & (format.sign() | (format.sign() - 1));
        let fraction = match self.next() % 4 {
            0 => bits & format.fraction() & !(format.fraction() >> 7),
            1 => format.fraction() - (any >> 56 & 3),
            _ => bits & format.fraction(),
        };
        let one = format.infinity() >> 1 & format.infinity();
        let step = format.fraction() + 1;
        let exponent = match self.next() % 8 {
            0 => u128::from(self.next() % 4) * step,
            1 => format.infinity() - u128::from(self.next() % 4) * step,
            2 => bits & format.infinity(),
            _ => {
                (one + u128::from(self.next() % 64) * step).wrapping_sub(32 * step)
                    & format.infinity()
            }
        };
        (bits >> width & 1) << width | exponent | fraction
    }
}

const NEAREST: Mode =
    Mode { rounding: Rounding::Nearest, trap_overflow: false, trap_underflow: false };

/// Number of trials of each operation.
const COUNT: usize = 150_000;

/// Checks an operation against a function of the host, NaNs aside, and both ways of computing.
fn check<const N: usize>(name: &str, op: &'static Op<N>, host: fn([f64; N]) -> f64) {
    let mut rng = Rng(0x7ce);
    for _ in 0..COUNT {
        let operands = [(); N].map(|()| rng.number(DOUBLE));
        let (bits, facts) = in_full(NEAREST, op, operands, DP);
        let want = host(operands.map(|bits| f64::from_bits(bits as u64)));
        let got = f64::from_bits(bits as u64);
        let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
        assert!(same, "{name} {operands:x?}: {bits:x}, the host has {want:e}");
        if let Some(outcome) = simple(NEAREST, op, operands, DP) {
            assert_eq!(outcome, (bits, facts), "{name} {operands:x?} the simple way");
        }
    }
}

/// Checks an operation in single precision, both for elements and in registers of double precision.
fn check_single<const N: usize>(name: &str, op: &'static Op<N>, host: fn([f32; N]) -> f32) {
    let mut rng = Rng(0x7cf);
    for _ in 0..COUNT {
        let operands = [(); N].map(|()| rng.number(SINGLE));
        let (bits, facts) = in_full(NEAREST, op, operands, SP_ELEMENT);
        let want = host(operands.map(|bits| f32::from_bits(bits as u32)));
        let got = f32::from_bits(bits as u32);
        let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
        assert!(same, "{name} {operands:x?}: {bits:x}, the host has {want:e}");
        if let Some(outcome) = simple(NEAREST, op, operands, SP_ELEMENT) {
            assert_eq!(outcome, (bits, facts), "{name} {operands:x?} the simple way");
        }
        if !got.is_nan() {
            let widened = operands.map(|bits| f64::from(f32::from_bits(bits as u32)).to_bits());
            let wide = arithmetic(NEAREST, op, widened.map(u128::from), SP);
            assert_eq!(wide, (f64::from(got).to_bits().into(), facts), "{name} {operands:x?}");
        }
    }
}

#[test]
fn arithmetic_is_the_hosts() {
    check("add", &ADD, |[a, b]| a + b);
    check("subtract", &SUB, |[a, b]| a - b);
    check("multiply", &MUL, |[a, b]| a * b);
    check("divide", &DIV, |[a, b]| a / b);
    check("square root", &SQRT, |[b]| b.sqrt());
    check("reciprocal", &RECIPROCAL, |[b]| 1.0 / b);
    check("multiply-add", &MADD, |[a, b, c]| a.mul_add(c, b));
    check("multiply-subtract", &MSUB, |[a, b, c]| a.mul_add(c, -b));
    check("negative multiply-add", &NMADD, |[a, b, c]| -a.mul_add(c, b));
    check("negative multiply-subtract", &NMSUB, |[a, b, c]| -a.mul_add(c, -b));
}

#[test]
fn single_precision_is_the_hosts() {
    check_single("add", &ADD, |[a, b]| a + b);
    check_single("subtract", &SUB, |[a, b]| a - b);
    check_single("multiply", &MUL, |[a, b]| a * b);
    check_single("divide", &DIV, |[a, b]| a / b);
    check_single("square root", &SQRT, |[b]| b.sqrt());
    check_single("multiply-add", &MADD, |[a, b, c]| a.mul_add(c, b));
    check_single("negative multiply-subtract", &NMSUB, |[a, b, c]| -a.mul_add(c, -b));
}

#[test]
fn conversions_are_the_hosts() {
    let mut rng = Rng(1);
    for _ in 0..COUNT {
        let bits = rng.number(DOUBLE);
        let b = f64::from_bits(bits as u64);
        let (narrow, facts) = in_full(NEAREST, &CONVERT, [bits], Route::between(DOUBLE, SINGLE));
        let got = f32::from_bits(narrow as u32);
        assert!(got.to_bits() == (b as f32).to_bits() || got.is_nan() && b.is_nan(), "{b:e}");
        if let Some(outcome) = simple(NEAREST, &CONVERT, [bits], Route::between(DOUBLE, SINGLE)) {
            assert_eq!(outcome, (narrow, facts), "{b:e}");
        }
        if !b.is_nan() {
            let (n, _) = integer::from_any_float(bits, DOUBLE, Rounding::Zero, integer::SD);
            assert_eq!(n as i64, b as i64, "{b:e}");
            let (n, _) = integer::from_any_float(bits, DOUBLE, Rounding::Zero, integer::UW);
            assert_eq!(n, u64::from(b as u32), "{b:e}");
            let (whole, _) = to_integral(bits, DOUBLE, Rounding::Away, false);
            assert_eq!(whole as u64, b.round().to_bits(), "{b:e}");
        }
        for rounding in [Rounding::Nearest, Rounding::Zero] {
            for to in [integer::SW, integer::UW, integer::SD, integer::UD] {
                if let Some(simple) = integer::simple_from_float(bits, DOUBLE, rounding, to) {
                    let all = integer::from_any_float(bits, DOUBLE, rounding, to);
                    assert_eq!(simple, all, "{b:e} to {to:?}");
                }
            }
        }
        let n = rng.next() >> (rng.next() % 64);
        for n in [i128::from(n), i128::from(n as i64), -i128::from(n >> 1)] {
            let all = integer::to_any_float(n, NEAREST, DP);
            assert_eq!(all.0 as u64, (n as f64).to_bits(), "{n}");
            assert_eq!(integer::simple_to_float(n, NEAREST, DP), Some(all), "{n}");
        }
    }
}

/// A mode in which overflow and underflow are enabled.
const TRAPPED: Mode =
    Mode { rounding: Rounding::Nearest, trap_overflow: true, trap_underflow: true };

/// Enabled overflow and underflow give the result with its exponent adjusted by 1536 (Book I,
/// 4.4.3.1 and 4.4.4.1): the product of factors that were adjusted by 768 each.
#[test]
fn adjusted_results_are_those_of_adjusted_factors() {
    use power::fpscr::{FI, FR, OX, UX, XX};
    const HALF_OF_IT: i64 = 768;
    let mut rng = Rng(3);
    let mut tried = [0; 2];
    while tried.iter().any(|n| *n < COUNT / 10) {
        let high = tried[0] <= tried[1];
        let end = if high { 1800 } else { 1 };
        let mut factor = || (rng.next() % 240 + end) << 52 | rng.next() >> 12 | rng.next() << 63;
        let factors = [factor(), factor()];
        let by = if high { -HALF_OF_IT } else { HALF_OF_IT };
        let adjusted = factors.map(|f| f64::from_bits(f.wrapping_add_signed(by << 52)));
        let (bits, facts) = in_full(TRAPPED, &MUL, factors.map(u128::from), DP);
        assert_eq!(bits as u64, (adjusted[0] * adjusted[1]).to_bits(), "{factors:x?}");
        assert_eq!(facts & (OX | UX), if high { OX } else { UX }, "{factors:x?}");
        let plain = in_full(NEAREST, &MUL, adjusted.map(|f| f.to_bits().into()), DP);
        let same = XX | FI | FR;
        assert_eq!(facts & same, plain.1 & same, "{factors:x?}");
        tried[usize::from(!high)] += 1;
    }
}

/// Checks FPRF, FR, FI and XX of a result in `format` against the result itself.
fn check_facts(bits: u128, facts: u64, format: Format, mode: Mode, what: &str) {
    use power::fpscr::{C, FE, FG, FI, FL, FPRF, FR, FU, OX, UX, XX};
    let (negative, magnitude) = (bits & format.sign() != 0, bits & (format.sign() - 1));
    let sign = if negative { FL } else { FG };
    let class = match magnitude {
        0 => FE | if negative { C } else { 0 },
        m if m > format.infinity() => C | FU,
        m if m == format.infinity() => sign | FU,
        m if m <= format.fraction() => sign | C,
        _ => sign,
    };
    assert_eq!(facts & FPRF, class, "FPRF: {what}");
    let all = |bits: u64| facts & bits == bits;
    assert!(!all(FR) || all(FI), "FR without FI: {what}");
    assert_eq!(all(FI), all(XX), "FI and XX: {what}");
    assert!(!all(OX | UX), "both too great and too small: {what}");
    if !mode.trap_overflow {
        assert!(!all(OX) || all(XX), "an exact overflow: {what}");
        assert!(!all(UX) || all(XX), "an exact underflow: {what}");
    }
}

/// Any bits of any format give a result in every mode, without a panic. Its facts agree with the result, and
/// the rounding modes agree with each other: down <= zero's side <= up.
#[test]
fn any_operands_in_every_mode_give_consistent_facts() {
    use Rounding::{Away, Down, Nearest, Odd, Up, Zero};
    const FORMATS: [Format; 4] = [HALF, SINGLE, DOUBLE, QUAD];
    let mut rng = Rng(4);
    for n in 0..COUNT / 12 {
        let [from, to] = [rng.next(), rng.next()].map(|n| FORMATS[n as usize % 4]);
        let wide = u128::from(rng.next()) << 64;
        let mut operand = || match from == QUAD {
            true if n % 2 == 0 => wide ^ u128::from(rng.next()) << 100 | u128::from(rng.next()),
            true => wide | u128::from(rng.next()),
            false => rng.number(from),
        };
        let [a, b, c] = [operand(), operand(), operand()];
        let route = Route::between(from, to);
        let results = [Down, Zero, Nearest, Away, Odd, Up].map(|rounding| {
            let run = |trapped| {
                let mode = Mode { rounding, trap_overflow: trapped, trap_underflow: trapped };
                [
                    in_full(mode, &ADD, [a, b], route),
                    in_full(mode, &MUL, [a, b], route),
                    in_full(mode, &DIV, [a, b], route),
                    in_full(mode, &SQRT, [b], route),
                    in_full(mode, &RECIPROCAL_ROOT, [b], route),
                    in_full(mode, &NMSUB, [a, b, c], route),
                    in_full(mode, &CONVERT, [a], route),
                ]
            };
            run(true); // an exponent that is outside of a format after adjusting is undefined
            let results = run(false);
            for (op, (bits, facts)) in results.into_iter().enumerate() {
                let what = format!("operation {op} of {a:x} {b:x} {c:x}, {route:?}, {rounding:?}");
                check_facts(bits, facts, to, NEAREST, &what);
            }
            results
        });
        for op in [0, 1, 2, 3, 4, 6] {
            let [down, .., up] = results.map(|results| results[op].0);
            for other in results.map(|results| results[op].0) {
                let between = [(down, other), (other, up)].map(|(a, b)| compare::order(a, b, to));
                let fine = |order: Option<std::cmp::Ordering>| order.is_none_or(|o| o.is_le());
                assert!(between.into_iter().all(fine), "{op} of {a:x} {b:x}: {other:x}");
            }
        }
    }
}
