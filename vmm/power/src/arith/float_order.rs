// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Comparisons, minima and maxima of numbers that have an order, as data. The functions of the instructions have NaNs and
//! exceptions, too.

/// The numbers in a vector-scalar register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// A double in doubleword 0; doubleword 1 of a result is 0.
    Scalar,
    /// Two doubles.
    Doubles,
    /// Four singles.
    Singles,
}

/// An operation on two numbers that have an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderOp {
    /// Ones if they are equal.
    Equal,
    /// Ones if the first one is greater.
    Greater,
    /// Ones if the second one is not greater.
    GreaterOrEqual,
    /// The greater one; +0 is greater than -0.
    Max,
    /// The smaller one.
    Min,
    /// The first one if it is greater, else the second one.
    MaxOrSecond,
    /// The first one if it is smaller, else the second one.
    MinOrSecond,
}
