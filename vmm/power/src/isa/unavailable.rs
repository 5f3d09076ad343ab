// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Encodings of the floating-point, vector and vector-scalar facilities, which are not here.
//!
//! They take the facility's unavailable interrupt while MSR turns it off, and are illegal
//! instructions otherwise. A facility that is built gets rows, which come first.
