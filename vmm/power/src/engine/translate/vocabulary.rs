// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The vocabulary of meanings, as emitted code.

use super::{
    emit::{Cold, Dest, Emitter, Held},
    host::{Alu, Carry, Cond, Field, Helper, Host, Shift},
    values::{CTR, Guest, LR, Op, Val},
    vector_values::Wide,
};
use crate::{
    Cpu,
    arith::{float_arith::Arith, float_operands::Conversion, vector::Vector},
    interrupt::Stop,
    state::{
        facility::{VectorFn, VectorValueFn},
        msr,
    },
    vocabulary::{AesOp, Facility, LaneOp, Numbers, OrderOp, Sigma, Size, Vocabulary},
    word::Word,
};

fn by_size(size: Size, of_byte: Helper) -> Helper {
    use Helper::*;
    let all = match of_byte {
        LoadByte => [LoadByte, LoadHalf, LoadWord, LoadDouble],
        StoreByte => [StoreByte, StoreHalf, StoreWord, StoreDouble],
        ReserveByte => [ReserveByte, ReserveHalf, ReserveWord, ReserveDouble],
        _ => [ConditionalByte, ConditionalHalf, ConditionalWord, ConditionalDouble],
    };
    all[size as usize]
}

impl<H: Host> Vocabulary for Emitter<H> {
    type Val = Val;
    type Vec = Wide;

    fn imm(&mut self, v: u64) -> Val {
        Val::Imm(v)
    }
    fn gpr(&mut self, r: usize) -> Val {
        self.guest(r as Guest)
    }
    fn set_gpr(&mut self, r: usize, v: Val) {
        let same = match v {
            Val::Pinned(g) => usize::from(g) == r,
            _ => self.values.reads(v) == Some(self.home(r as Guest)),
        };
        if !same || self.pending_for(Dest::Guest(r as Guest)).is_some() {
            self.put(Dest::Guest(r as Guest), v);
        }
    }
    fn add(&mut self, a: Val, b: Val) -> Val {
        self.values.alu(Alu::Add, a, b)
    }
    fn sub(&mut self, a: Val, b: Val) -> Val {
        self.values.alu(Alu::Sub, a, b)
    }
    fn mul(&mut self, a: Val, b: Val) -> Val {
        self.values.push(Op::Mul(a, b))
    }
    fn mulhs(&mut self, a: Val, b: Val) -> Val {
        self.values.push(Op::MulHigh(true, a, b))
    }
    fn mulhu(&mut self, a: Val, b: Val) -> Val {
        self.values.push(Op::MulHigh(false, a, b))
    }
    fn divs(&mut self, a: Val, b: Val) -> Val {
        self.values.push(Op::Div(true, a, b))
    }
    fn divu(&mut self, a: Val, b: Val) -> Val {
        self.values.push(Op::Div(false, a, b))
    }
    fn and(&mut self, a: Val, b: Val) -> Val {
        self.values.alu(Alu::And, a, b)
    }
    fn or(&mut self, a: Val, b: Val) -> Val {
        self.values.alu(Alu::Or, a, b)
    }
    fn xor(&mut self, a: Val, b: Val) -> Val {
        self.values.alu(Alu::Xor, a, b)
    }
    fn not(&mut self, a: Val) -> Val {
        self.values.not(a)
    }
    fn shl(&mut self, a: Val, n: Val) -> Val {
        self.values.shift(Shift::Left, a, n)
    }
    fn shr(&mut self, a: Val, n: Val) -> Val {
        self.values.shift(Shift::Right, a, n)
    }
    fn sar(&mut self, a: Val, n: Val) -> Val {
        self.values.shift(Shift::RightSigned, a, n)
    }
    fn rotl(&mut self, a: Val, n: Val) -> Val {
        self.values.shift(Shift::Rotate, a, n)
    }
    fn rotl_word(&mut self, a: Val, n: Val) -> Val {
        self.values.rotl_word(a, n)
    }
    fn sext(&mut self, a: Val, size: Size) -> Val {
        self.values.sext(a, size)
    }
    fn zext(&mut self, a: Val, size: Size) -> Val {
        self.values.zext(a, size)
    }
    fn bswap(&mut self, a: Val, size: Size) -> Val {
        self.values.bswap(a, size)
    }
    fn eq(&mut self, a: Val, b: Val) -> Val {
        self.values.compare(Cond::Eq, a, b)
    }
    fn lt_s(&mut self, a: Val, b: Val) -> Val {
        self.values.compare(Cond::LtS, a, b)
    }
    fn lt_u(&mut self, a: Val, b: Val) -> Val {
        self.values.compare(Cond::LtU, a, b)
    }
    fn top(&mut self, a: Val) -> Val {
        match self.mode.wide {
            true => self.values.shift(Shift::Right, a, Val::Imm(63)),
            false => self.bit32(a),
        }
    }
    fn select(&mut self, c: Val, a: Val, b: Val) -> Val {
        self.values.select(c, a, b)
    }
    fn pure1(&mut self, f: fn(u64) -> u64, a: Val) -> Val {
        match a {
            Val::Imm(a) => Val::Imm(f(a)),
            _ => self.values.push(Op::Pure1(f as usize, a)),
        }
    }
    fn pure2(&mut self, f: fn(u64, u64) -> u64, a: Val, b: Val) -> Val {
        match (a, b) {
            (Val::Imm(a), Val::Imm(b)) => Val::Imm(f(a, b)),
            _ => self.values.push(Op::Pure2(f as usize, a, b)),
        }
    }

    fn crf(&mut self, bf: u32) -> Val {
        if let Some(v) = self.pending_for(Dest::CrField(bf)) {
            return v;
        }
        self.settle(bf);
        let field = self.cr_field(bf);
        self.values.push(Op::Read(field))
    }
    fn set_crf(&mut self, bf: u32, v: Val) {
        self.put(Dest::CrField(bf), v);
    }
    fn crb(&mut self, bi: u32) -> Val {
        self.values.push(Op::CrBit(bi & 31, true))
    }
    fn set_crb(&mut self, bi: u32, v: Val) {
        self.put(Dest::CrBit(bi & 31), v);
    }
    fn so(&mut self) -> Val {
        self.byte(self.layout.so)
    }
    fn ov(&mut self) -> Val {
        self.byte(self.layout.ov)
    }
    fn ov32(&mut self) -> Val {
        self.byte(self.layout.ov32)
    }
    fn ca(&mut self) -> Val {
        self.byte(self.layout.ca)
    }
    fn ca32(&mut self) -> Val {
        self.byte(self.layout.ca32)
    }
    fn xer(&mut self) -> Val {
        let rest = Field::word(self.layout.xer_rest);
        let mut xer = self.values.push(Op::Read(rest));
        let bits = [
            (self.so(), 31),
            (self.ov(), 30),
            (self.ca(), 29),
            (self.ov32(), 19),
            (self.ca32(), 18),
        ];
        for (bit, at) in bits {
            let bit = self.shl(bit, Val::Imm(at));
            xer = self.or(xer, bit);
        }
        xer
    }
    fn set_xer(&mut self, v: Val) {
        let layout = self.layout;
        let bits = [
            (layout.so, 31),
            (layout.ov, 30),
            (layout.ca, 29),
            (layout.ov32, 19),
            (layout.ca32, 18),
        ];
        for (offset, at) in bits {
            let bit = self.shr(v, Val::Imm(at));
            let bit = self.and(bit, Val::Imm(1));
            self.put_byte(offset, bit);
        }
        let rest = self.and(v, Val::Imm(0x7f));
        self.put(Dest::Field(Field::word(layout.xer_rest)), rest);
    }
    fn set_ca(&mut self, ca: Val, ca32: Val) {
        self.put_byte(self.layout.ca, ca);
        self.put_byte(self.layout.ca32, ca32);
    }
    fn set_ov(&mut self, ov: Val, ov32: Val) {
        let so = self.so();
        let so = self.or(so, ov);
        self.set_ov_only(ov, ov32);
        self.put_byte(self.layout.so, so);
    }
    fn set_ov_only(&mut self, ov: Val, ov32: Val) {
        self.put_byte(self.layout.ov, ov);
        self.put_byte(self.layout.ov32, ov32);
    }
    fn add_carrying(&mut self, a: Val, b: Val, carry: Val) -> Val {
        let ca = Field::byte(self.layout.ca);
        let carry = match carry {
            Val::Imm(0) => Carry::Zero,
            Val::Imm(_) => Carry::One,
            _ => Carry::Ca,
        };
        self.commit();
        self.force(a);
        self.force_source(b);
        let (a, b) = (self.locked_reg(a), self.source(b));
        let d = self.temp();
        let ca32 = Field::byte(self.layout.ca32);
        self.host.add_carrying(self.mode.wide, d, a, b, carry, [ca, ca32]);
        self.unlock(a);
        self.unlock_source(b);
        self.made(d)
    }
    fn set_compare(&mut self, bf: u32, lt: Val, eq: Val) {
        let field = match self.values.comparison(lt) {
            Some((signed, size, a, b)) => self.values.push(Op::Compared(signed, size, a, b)),
            None => self.compare_field(lt, eq),
        };
        self.set_crf(bf, field);
    }
    fn set_cr0(&mut self, v: Val) {
        let size = if self.mode.wide { Size::Double } else { Size::Word };
        let field = self.values.push(Op::Compared(true, size, v, Val::Imm(0)));
        self.put(Dest::CrField(0), field);
    }
    fn lr(&mut self) -> Val {
        self.guest(LR)
    }
    fn set_lr(&mut self, v: Val) {
        self.put(Dest::Guest(LR), v);
    }
    fn ctr(&mut self) -> Val {
        self.guest(CTR)
    }
    fn set_ctr(&mut self, v: Val) {
        self.put(Dest::Guest(CTR), v);
    }
    fn held_spr(&mut self, n: usize) -> Val {
        match self.pending_for(Dest::Spr(n as u16)) {
            Some(v) => v,
            None => self.values.push(Op::Spr(n as u16)),
        }
    }
    fn set_held_spr(&mut self, n: usize, v: Val) {
        self.put(Dest::Spr(n as u16), v);
    }
    fn problem_state(&mut self) -> Val {
        Val::Imm(self.mode.problem.into())
    }

    fn narrow(&mut self, v: Val) -> Val {
        if self.mode.wide { v } else { self.values.zext(v, Size::Word) }
    }
    fn cia(&mut self) -> Val {
        Val::Imm(self.cia)
    }
    fn jump_if(&mut self, cond: Val, target: Val) {
        self.jump = Some((cond, target));
    }

    fn load(&mut self, ea: Val, size: Size) -> Result<Val, Stop> {
        self.commit();
        let ea = self.narrow(ea);
        let ea = self.locked_reg(ea);
        let access = self.access(ea, size, self.layout.load);
        let target = self.load_target.take().map(|g| (g, self.pins[usize::from(g)]));
        let d = match target {
            Some((g, Some(pin))) => {
                self.before_write(g);
                pin
            }
            _ => self.temp(),
        };
        let back = self.host.label();
        let helper = by_size(size, Helper::LoadByte);
        let at = self.point();
        let slow = self.cold(Cold::Load { access, helper, d, back, at });
        self.host.guest_load(access, d, slow);
        self.host.bind(back);
        self.unlock(access.ea);
        Ok(self.made(d))
    }
    fn store(&mut self, ea: Val, size: Size, v: Val) -> Result<(), Stop> {
        self.commit();
        let ea = self.narrow(ea);
        let (ea, v) = self.locked_regs(ea, v);
        let access = self.access(ea, size, self.layout.store);
        let back = self.host.label();
        let helper = by_size(size, Helper::StoreByte);
        let at = self.point();
        let slow = self.cold(Cold::Store { access, helper, v, back, at });
        self.host.guest_store(access, v, slow);
        self.host.bind(back);
        self.unlock(ea);
        self.unlock(v);
        Ok(())
    }
    fn load_reserve(&mut self, ea: Val, size: Size) -> Result<Val, Stop> {
        self.commit();
        let ea = self.narrow(ea);
        self.reg_in(ea, H::ARGUMENT);
        self.call_here(by_size(size, Helper::ReserveByte));
        let d = self.temp();
        self.host.mov(d, H::ARGUMENT);
        Ok(self.made(d))
    }
    fn store_conditional(&mut self, ea: Val, size: Size, v: Val) -> Result<Val, Stop> {
        self.commit();
        let ea = self.narrow(ea);
        let (ea, v) = self.locked_regs(ea, v);
        self.host.mov(H::ARGUMENT, ea);
        self.host.mov(H::SECOND, v);
        self.unlock(ea);
        self.unlock(v);
        self.call_here(by_size(size, Helper::ConditionalByte));
        let d = self.temp();
        self.host.mov(d, H::ARGUMENT);
        Ok(self.made(d))
    }

    fn need(&mut self, facility: Facility) -> Result<(), Stop> {
        let (bit, stop) = match facility {
            Facility::Fp => (msr::FP, Stop::FpUnavailable),
            Facility::Vmx => (msr::VEC, Stop::VmxUnavailable),
            Facility::Vsx => (msr::VSX, Stop::VsxUnavailable),
        };
        let bit = bit as u32;
        if self.checked & bit == 0 {
            self.checked |= bit;
            self.commit();
            let at = self.point();
            let label = self.cold(Cold::Stop { code: stop, at });
            let field = Field::word(self.layout.vectors_msr);
            self.host.test_field(field, bit);
            self.host.jump_if(Cond::Eq, label);
        }
        Ok(())
    }
    fn vs(&mut self, n: usize) -> Wide {
        self.vsr(n)
    }
    fn set_vs(&mut self, n: usize, v: Wide) {
        self.set_vsr(n, v);
    }
    fn vec(&mut self, high: Val, low: Val) -> Wide {
        Wide::Pair(high, low)
    }
    fn doubleword(&mut self, v: Wide, i: usize) -> Val {
        self.doubleword_in(v, i)
    }
    fn doublewords(&mut self, a: Wide, i: usize, b: Wide, j: usize) -> Wide {
        self.vector_doublewords(a, i, b, j)
    }
    fn vec_and(&mut self, a: Wide, b: Wide) -> Wide {
        self.vector_logic(Alu::And, a, b)
    }
    fn vec_or(&mut self, a: Wide, b: Wide) -> Wide {
        match (a, b) {
            (Wide::Vsr(m), Wide::Vsr(n)) if m == n => a, // a move
            _ => self.vector_logic(Alu::Or, a, b),
        }
    }
    fn vec_xor(&mut self, a: Wide, b: Wide) -> Wide {
        match (a, b) {
            (Wide::Vsr(m), Wide::Vsr(n)) if m == n => Wide::Pair(Val::Imm(0), Val::Imm(0)),
            _ => self.vector_logic(Alu::Xor, a, b),
        }
    }
    fn vec_not(&mut self, a: Wide) -> Wide {
        self.vector_not(a)
    }
    fn lanes(&mut self, op: LaneOp, a: Wide, b: Wide) -> Wide {
        self.vector_lanes(op, a, b)
    }
    fn permute(&mut self, a: Wide, b: Wide, choice: Wide) -> Wide {
        self.vector_permute(a, b, choice)
    }
    fn shift_double(&mut self, a: Wide, b: Wide, n: usize) -> Wide {
        self.vector_shift_double(a, b, n)
    }
    fn splat(&mut self, size: Size, v: Wide, i: usize) -> Wide {
        self.vector_splat(size, v, i)
    }
    fn sigma(&mut self, sigma: Sigma, v: Wide) -> Wide {
        self.vector_sigma(sigma, v)
    }
    fn aes(&mut self, op: AesOp, state: Wide, key: Wide) -> Wide {
        self.vector_aes(op, state, key)
    }
    fn all_or_none(&mut self, v: Wide) -> Val {
        self.vector_all_or_none(v)
    }
    fn value_of_vec(&mut self, f: fn(Vector, u64) -> u64, a: Wide, b: Val) -> Val {
        let (high, low) = (self.doubleword_in(a, 0), self.doubleword_in(a, 1));
        for (i, v) in [(0, high), (1, low), (2, b)] {
            self.put_scratch(i, v);
        }
        self.host.imm(H::ARGUMENT, f as usize as u64);
        self.call(Helper::ValueOfVec);
        let d = self.temp();
        self.host.mov(d, H::ARGUMENT);
        self.made(d)
    }
    fn load_vec(&mut self, ea: Val) -> Result<Wide, Stop> {
        Ok(self.load_wide(ea, None))
    }
    fn store_vec(&mut self, ea: Val, v: Wide) -> Result<(), Stop> {
        self.store_wide(ea, v, None);
        Ok(())
    }
    fn load_elements(&mut self, ea: Val, size: Size) -> Result<Wide, Stop> {
        Ok(self.load_wide(ea, Some(size)))
    }
    fn store_elements(&mut self, ea: Val, size: Size, v: Wide) -> Result<(), Stop> {
        self.store_wide(ea, v, Some(size));
        Ok(())
    }
    fn vector(&mut self, f: VectorFn, w: Word) -> Result<(), Stop> {
        self.vector_helper(Helper::Vector, f as usize, w);
        Ok(())
    }
    fn float(&mut self, f: VectorFn, w: Word) -> Result<(), Stop> {
        self.float_helper(f, w);
        Ok(())
    }
    fn convert(&mut self, conversion: Conversion, f: VectorFn, w: Word) -> Result<(), Stop> {
        self.conversion(conversion, f, w);
        Ok(())
    }
    fn double_of_single(&mut self, single: Val) -> Val {
        self.values.push(Op::DoubleOfSingle(single))
    }
    fn single_of_double(&mut self, double: Val) -> Val {
        self.values.push(Op::SingleOfDouble(double))
    }
    fn arith(&mut self, a: &'static Arith, w: Word) -> Result<(), Stop> {
        self.arithmetic(a, w);
        Ok(())
    }
    fn float_order(
        &mut self,
        facility: Facility,
        operands: [usize; 2],
        f: VectorValueFn,
        w: Word,
    ) -> Result<(), Stop> {
        self.order(facility, operands, f, w);
        Ok(())
    }
    fn ordered(&mut self, op: OrderOp, of: Numbers, f: VectorFn, w: Word) -> Result<(), Stop> {
        self.vector_ordered(op, of, (Helper::Vector, f as usize), w);
        Ok(())
    }
    fn ordered_compare(
        &mut self,
        op: OrderOp,
        of: Numbers,
        f: VectorValueFn,
        w: Word,
    ) -> Result<(), Stop> {
        self.vector_ordered(op, of, (Helper::VectorCompare, f as usize), w);
        Ok(())
    }
    fn vector_value(&mut self, f: VectorValueFn, w: Word) -> Result<Val, Stop> {
        self.vector_helper(Helper::VectorValue, f as usize, w);
        let d = self.temp();
        self.host.mov(d, H::ARGUMENT);
        Ok(self.made(d))
    }

    fn stop_if(&mut self, cond: Val, stop: Stop) -> Result<(), Stop> {
        if cond == Val::Imm(0) {
            return Ok(());
        }
        if stop == Stop::Hypercall {
            self.asks = true; // behind the piece
            return Ok(());
        }
        self.commit();
        let at = self.point();
        match self.condition(cond) {
            Held::Always(false) => {}
            Held::Always(true) => {
                let label = self.cold(Cold::Stop { code: stop, at });
                self.host.jump(label);
            }
            Held::If(cond) => {
                let label = self.cold(Cold::Stop { code: stop, at });
                self.host.jump_if(cond, label);
            }
        }
        Ok(())
    }
    fn call(&mut self, f: fn(&mut Cpu, Word) -> Result<(), Stop>, w: Word) -> Result<(), Stop> {
        self.commit();
        self.store_pins(self.dirty);
        self.dirty = 0;
        self.host.write_retired(self.layout.frame);
        self.host.imm(H::ARGUMENT, f as usize as u64);
        self.host.imm(H::SECOND, w.raw().into());
        self.call_here(Helper::Call);
        self.load_pins(u64::MAX);
        self.host.read_budget(self.layout.frame);
        self.host.mask_budget(self.layout.frame);
        self.forget();
        Ok(())
    }
}
