// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector registers and the element-wise words that vector instructions are written in.
//!
//! Elements are numbered as the Power ISA numbers them, 0 being the most significant, whatever
//! MSR\[LE\] is. The words take a function of elements and give one of registers:
//! `map2(u8::wrapping_add)` is the whole of `vaddubm`. Element widths follow from the types.

/// The value of a vector-scalar register.
///
/// It keeps its bytes least significant first: on a little-endian host every element width
/// is then in the host's order, and the compiler turns the loops below into SIMD code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Vector([u8; 16]);

/// A type of elements.
pub trait Lane: Copy {
    /// Size of an element.
    const BYTES: usize;
    /// Number of elements in a register.
    const COUNT: usize = 16 / Self::BYTES;
    /// Reads an element from its bytes, least significant first.
    fn take(bytes: &[u8]) -> Self;
    /// Writes an element to its bytes.
    fn put(self, bytes: &mut [u8]);
}

macro_rules! lanes {
    ($($t:ty)*) => {$(
        impl Lane for $t {
            const BYTES: usize = size_of::<$t>();
            #[inline(always)]
            fn take(bytes: &[u8]) -> $t {
                let mut own = [0; size_of::<$t>()];
                own.copy_from_slice(bytes);
                <$t>::from_le_bytes(own)
            }
            #[inline(always)]
            fn put(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

lanes!(u8 u16 u32 u64 u128 i8 i16 i32 i64 f32 f64);

/// Element types that results are clamped to.
pub trait Clamp: Lane {
    /// The nearest value of the type, and whether it is another one.
    fn clamp(exact: i64) -> (Self, bool);
}

macro_rules! clamps {
    ($($t:ty)*) => {$(
        impl Clamp for $t {
            #[inline(always)]
            fn clamp(exact: i64) -> ($t, bool) {
                let near = exact.clamp(<$t>::MIN as i64, <$t>::MAX as i64);
                (near as $t, near != exact)
            }
        }
    )*};
}

clamps!(u8 u16 u32 i8 i16 i32);

/// A result, and whether any of its elements was clamped.
pub type Clamped = (Vector, bool);

impl From<u128> for Vector {
    #[inline(always)]
    fn from(v: u128) -> Vector {
        Vector(v.to_le_bytes())
    }
}

impl From<Vector> for u128 {
    #[inline(always)]
    fn from(v: Vector) -> u128 {
        u128::from_le_bytes(v.0)
    }
}

impl Vector {
    /// All bits 0.
    pub const ZERO: Vector = Vector([0; 16]);

    /// A register from its two doublewords.
    #[inline(always)]
    pub fn new(high: u64, low: u64) -> Vector {
        (u128::from(high) << 64 | u128::from(low)).into()
    }
    /// Makes a register of the elements that `f` gives for their numbers.
    #[inline(always)]
    pub fn build<T: Lane>(mut f: impl FnMut(usize) -> T) -> Vector {
        let mut v = [0; 16];
        for (k, bytes) in v.chunks_exact_mut(T::BYTES).enumerate() {
            f(T::COUNT - 1 - k).put(bytes);
        }
        Vector(v)
    }
    /// Element `i`, modulo their number.
    #[inline(always)]
    pub fn lane<T: Lane>(self, i: usize) -> T {
        let at = (T::COUNT - 1 - i % T::COUNT) * T::BYTES;
        T::take(&self.0[at..at + T::BYTES])
    }
    /// Elements in order.
    #[inline(always)]
    pub fn lanes<T: Lane>(&self) -> impl DoubleEndedIterator<Item = T> {
        self.0.rchunks_exact(T::BYTES).map(T::take)
    }
    /// This register with another element `i`.
    #[inline(always)]
    pub fn with<T: Lane>(self, i: usize, v: T) -> Vector {
        let mut bytes = self.0;
        let at = (T::COUNT - 1 - i % T::COUNT) * T::BYTES;
        v.put(&mut bytes[at..at + T::BYTES]);
        Vector(bytes)
    }
    /// All elements `v`.
    #[inline(always)]
    pub fn splat<T: Lane>(v: T) -> Vector {
        Vector::build(|_| v)
    }
}

/// A function of registers from one of elements.
#[inline(always)]
pub fn map1<T: Lane>(f: impl Fn(T) -> T) -> impl Fn(Vector) -> Vector {
    move |b| Vector::build(|i| f(b.lane(i)))
}
/// A function of registers from one of elements.
#[inline(always)]
pub fn map2<T: Lane>(f: impl Fn(T, T) -> T) -> impl Fn(Vector, Vector) -> Vector {
    move |a, b| Vector::build(|i| f(a.lane(i), b.lane(i)))
}
/// A function of registers from one of elements.
#[inline(always)]
pub fn map3<T: Lane>(f: impl Fn(T, T, T) -> T) -> impl Fn(Vector, Vector, Vector) -> Vector {
    move |a, b, c| Vector::build(|i| f(a.lane(i), b.lane(i), c.lane(i)))
}
/// Each element all ones where the test holds, and 0 elsewhere.
#[inline(always)]
pub fn test2<T: Lane>(holds: impl Fn(T, T) -> bool) -> impl Fn(Vector, Vector) -> Vector {
    move |a, b| {
        let mut v = [0; 16];
        for (k, bytes) in v.chunks_exact_mut(T::BYTES).enumerate() {
            let i = T::COUNT - 1 - k;
            bytes.fill(u8::from(holds(a.lane(i), b.lane(i))).wrapping_neg());
        }
        Vector(v)
    }
}
/// A function of registers from one that gives exact results, which are clamped.
#[inline(always)]
pub fn clamp2<T: Clamp>(exact: impl Fn(T, T) -> i64) -> impl Fn(Vector, Vector) -> Clamped {
    move |a, b| clamped::<T>(|i| exact(a.lane(i), b.lane(i)))
}
/// A function of registers from one that gives exact results, which are clamped.
#[inline(always)]
pub fn clamp3<T: Clamp>(
    exact: impl Fn(T, T, T) -> i64,
) -> impl Fn(Vector, Vector, Vector) -> Clamped {
    move |a, b, c| clamped::<T>(|i| exact(a.lane(i), b.lane(i), c.lane(i)))
}
/// The elements of both registers, made narrower.
#[inline(always)]
pub fn pack<W: Lane, N: Lane>(f: impl Fn(W) -> N) -> impl Fn(Vector, Vector) -> Vector {
    move |a, b| Vector::build(|i| f(either(a, b, i)))
}
/// The elements of both registers, clamped to a narrower type.
#[inline(always)]
pub fn pack_clamp<W: Lane, N: Clamp>(
    exact: impl Fn(W) -> i64,
) -> impl Fn(Vector, Vector) -> Clamped {
    move |a, b| clamped::<N>(|i| exact(either(a, b, i)))
}
/// The first half of a register's elements, made wider.
#[inline(always)]
pub fn unpack_high<N: Lane, W: Lane>(f: impl Fn(N) -> W) -> impl Fn(Vector) -> Vector {
    move |b| Vector::build(|i| f(b.lane(i)))
}
/// The second half of a register's elements, made wider.
#[inline(always)]
pub fn unpack_low<N: Lane, W: Lane>(f: impl Fn(N) -> W) -> impl Fn(Vector) -> Vector {
    move |b| Vector::build(|i| f(b.lane(i + W::COUNT)))
}
/// Elements of both registers in turn, from element `first` on.
#[inline(always)]
pub fn merge<T: Lane>(first: usize) -> impl Fn(Vector, Vector) -> Vector {
    move |a, b| Vector::build(|i| (if i % 2 == 0 { a } else { b }).lane::<T>(first + i / 2))
}

/// Element `i` of two registers side by side.
#[inline(always)]
pub fn either<T: Lane>(a: Vector, b: Vector, i: usize) -> T {
    (if i < T::COUNT { a } else { b }).lane(i)
}

/// Makes a register of exact results, which are clamped.
#[inline(always)]
pub fn clamped<T: Clamp>(exact: impl Fn(usize) -> i64) -> Clamped {
    let mut any = false;
    let v = Vector::build(|i| {
        let (v, changed) = T::clamp(exact(i));
        any |= changed;
        v
    });
    (v, any)
}

/// Byte i of the result is the byte of `a` and `b`, side by side, that the low five bits of
/// byte i of `choice` number.
#[inline(always)]
pub fn permute(a: Vector, b: Vector, choice: Vector) -> Vector {
    let mut table = [0; 32];
    table[..16].copy_from_slice(&b.0);
    table[16..].copy_from_slice(&a.0);
    // The table runs backwards, as registers do.
    Vector(choice.0.map(|n| table[usize::from(!n & 31)]))
}

/// Bytes of `a` and `b`, side by side, from byte `n` of 0 to 16 on.
#[inline(always)]
pub fn shifted(a: Vector, b: Vector, n: usize) -> Vector {
    let bits = 8 * n as u32;
    let (left, right) = (u128::from(a).checked_shl(bits), u128::from(b).checked_shr(128 - bits));
    (left.unwrap_or(0) | right.unwrap_or(0)).into()
}
