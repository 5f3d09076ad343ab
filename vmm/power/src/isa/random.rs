// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random numbers (Power ISA 3.0B, Book I, 3.3.9, Deliver A Random Number).

use crate::{Cpu, form, state::interrupt::Stop, word::Word};
use std::{fs::File, io::Read, sync::LazyLock};

/// The host's source of random numbers, if it has one.
static SOURCE: LazyLock<Option<File>> = LazyLock::new(|| File::open("/dev/urandom").ok());

/// The value that `darn` delivers when it has no random number.
const ERROR: u64 = u64::MAX;

/// RT <- random word (L=0), conditioned (1) or raw (2) doubleword.
fn deliver(cpu: &mut Cpu, w: Word) -> Result<(), Stop> {
    let mut bytes = [0; 8];
    let read = SOURCE.as_ref().map(|mut source| source.read_exact(&mut bytes));
    let random = u64::from_ne_bytes(bytes);
    cpu.gpr[w.rt()] = match (w.l14(), read) {
        (0, Some(Ok(()))) => random >> 32,
        (1 | 2, Some(Ok(()))) => random,
        _ => ERROR,
    };
    Ok(())
}

crate::isa![Insn {
    name: darn,
    form: form::x(31, 755).zero(7 << 18 | form::RB),
    asm: "darn RT,L14",
    book: "Book I, Deliver A Random Number; L=3 is reserved, it delivers the error",
    level: V3_0,
    does: |m, w| {
        m.call(deliver, w)?;
    },
    cases: &["7c6305e6 darn r3,3 | | r3=-1"],
},];
