// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The memory that blocks are in.
#![allow(unsafe_code)]

use super::{
    block::{Head, MAX, Op, Place, Tail, sentinel},
    decode::Decoded,
};
use crate::{Cpu, form::Then, word::Word};
use std::cell::Cell;

/// The unit of an arena: the size of an operation.
type Slot = u128;

/// Where blocks are: in the capacity of a vector that never grows, so that they stay put.
pub(super) struct Arena {
    slots: Vec<Slot>,
    used: usize,
}

/// A number of slots.
const fn slots<T>() -> usize {
    assert!(
        size_of::<T>().is_multiple_of(size_of::<Slot>()) && align_of::<T>() <= align_of::<Slot>()
    );
    size_of::<T>() / size_of::<Slot>()
}

impl Arena {
    /// An arena of `room` slots; unused ones take no memory.
    pub(super) fn new(room: usize) -> Arena {
        Arena { slots: Vec::with_capacity(room), used: 0 }
    }

    /// True if there is room for the largest block.
    pub(super) fn has_room(&self) -> bool {
        self.slots.capacity() - self.used >= LARGEST
    }

    fn push<T>(&mut self, value: T) {
        let at = self.used;
        self.used += const { slots::<T>() };
        assert!(self.used <= self.slots.capacity());
        // SAFETY: these slots are in the vector's capacity, and as large and as much aligned as a `T`.
        unsafe { self.slots.as_mut_ptr().add(at).cast::<T>().write(value) };
    }

    /// The block whose head is there.
    pub(super) fn place(&self, head: usize) -> Place {
        let first = head + const { slots::<Head>() };
        assert!(first < self.used);
        // SAFETY: in the capacity. The pointer is to all of it, and so one can walk from head to tail.
        Place(unsafe { self.slots.as_ptr().add(first) }.cast())
    }

    /// Removes all blocks.
    pub(super) fn clear(&mut self) {
        self.used = 0;
    }

    /// Removes all blocks but the first one, which is [`Decoded::none`].
    pub(super) fn clear_but_none(&mut self) {
        self.used = const { slots::<Head>() + slots::<Tail>() };
    }

    /// Puts a block here, and says where its head is.
    pub(super) fn add(&mut self, block: &Decoded, page: u32, generation: u64, cpu: &Cpu) -> usize {
        let at = self.used;
        let (len, last) = (block.ops.len() as u16, block.ops.last()); // at most MAX
        let (word, then) =
            last.map_or((Word::new(0), Then::Anything), |last| (last.word, last.then));
        let falls_through = matches!(then, Then::Next);
        let end = block.start.wrapping_add(4 * u64::from(len));
        let context = Cell::new(cpu.mmu.fetch_context);
        let ops = len + u16::from(falls_through);
        let generation = Cell::new(generation);
        self.push(Head {
            _unused: 0,
            interpreted: Cell::new(None),
            code: Cell::new(0),
            region: Cell::new(0),
            heat: Cell::new(0),
            context,
            page,
            generation,
            end,
            len,
            ops,
        });
        for op in &block.ops {
            self.push(Op::new(op.run, op.word));
        }
        if falls_through {
            self.push(Op::new(sentinel, word));
        }
        self.push(Tail::new(len.into(), end, word, then, cpu.pc_mask));
        at
    }
}

/// The largest block: that many instructions, and a sentinel.
pub(super) const LARGEST: usize = slots::<Head>() + MAX + 1 + slots::<Tail>();
