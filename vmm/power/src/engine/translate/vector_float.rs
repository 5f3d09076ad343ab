// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Comparisons, minima and maxima of floating-point numbers in vectors as emitted code: the host's, unless an operand is no
//! number. Numbers that have an order raise no exception, so FPSCR stays as it is.

use super::{
    emit::{Cold, Emitter},
    host::{FloatReg, Helper, Host, Src},
    vector_values::Wide,
};
use crate::{
    vocabulary::{Facility, Numbers, OrderOp, Vocabulary},
    word::Word,
};

impl<H: Host> Emitter<H> {
    /// A register that will have VSR `n`. Code behind the region that calls a helper reads it again, so it has what the helper
    /// makes, too. The operands are in registers already.
    pub(super) fn vector_target(&mut self, n: usize) -> FloatReg {
        let d = self.vector_temp();
        self.vectors.written(n, false);
        self.keep(d, n);
        d
    }

    /// VSR\[XT\] <- an operation on VSR\[XA\] and VSR\[XB\]; a helper has numbers without an order.
    pub(super) fn vector_ordered(
        &mut self,
        op: OrderOp,
        of: Numbers,
        (helper, f): (Helper, usize),
        w: Word,
    ) {
        let _ = self.need(Facility::Vsx); // emits its stop
        self.commit();
        let [a, b] = self.vector_regs([w.xa(), w.xb()].map(Wide::Vsr));
        let d = self.vector_target(w.xt());
        let records = helper == Helper::VectorCompare && w.vrc();
        if records {
            self.fields[6] = None;
            let kind = self.kind_field(6);
            self.host.write(kind, Src::Imm(0));
        }
        let (at, back) = (self.point(), self.host.label());
        let other = self.cold(Cold::Vector { helper, f, w, back, at });
        self.host.unless_ordered(of, a, b, other);
        self.host.vector_ordered(op, of, d, a, b);
        self.host.vector_write(self.vsr_offset(w.xt()), d);
        if records {
            self.host.vector_all_or_none(H::ARGUMENT, d);
            let field = self.cr_field(6);
            self.host.write(field, Src::Reg(H::ARGUMENT));
        }
        self.host.bind(back);
    }
}
