// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! An RTAS call, as observers read it from its parameter block in guest memory.

use hcall::rtas::{Service, all_services};
use hcall::{Memory, rtas::MAX_CELLS};
use vm_memory::{Be32, Bytes, GuestAddress};

/// The number of cells of a block before its inputs.
const HEADER: usize = 3;

/// The contents of a parameter block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rtas {
    pub(crate) token: u32,
    inputs: Vec<u32>,
    /// The status, and the outputs behind it.
    outputs: Vec<u32>,
}

impl Rtas {
    /// Reads a block; none when it is not in memory, or is no block that RTAS takes.
    pub(crate) fn read(block: u64, memory: &Memory) -> Option<Rtas> {
        let cell = |n: usize| {
            let at = block.checked_add(4 * n as u64)?;
            memory.read_obj::<Be32>(GuestAddress(at)).ok().map(|cell| cell.to_native())
        };
        let count = |n: usize| usize::try_from(cell(n)?).ok().filter(|&n| n <= MAX_CELLS);
        let (token, inputs, outputs) = (cell(0)?, count(1)?, count(2)?);
        let cells = |first: usize, count| (first..first + count).map(cell).collect::<Option<_>>();
        let all = (cells(HEADER, inputs)?, cells(HEADER + inputs, outputs)?);
        (outputs > 0).then_some(Rtas { token, inputs: all.0, outputs: all.1 })
    }

    /// The service that it asks for.
    pub(crate) fn service(&self) -> Option<&'static Service> {
        all_services().find(|service| service.token == self.token)
    }

    pub(crate) fn inputs(&self) -> &[u32] {
        &self.inputs
    }

    pub(crate) fn input_names(&self) -> &'static [&'static str] {
        self.service().map_or(&[], |service| service.args)
    }

    /// An input by its name.
    pub(crate) fn input(&self, name: &str) -> Option<u32> {
        let at = self.input_names().iter().position(|known| *known == name)?;
        self.inputs.get(at).copied()
    }

    /// The status that the call returned.
    pub(crate) fn status(&self) -> i32 {
        self.outputs[0].cast_signed() // `read` saw one
    }

    /// The outputs behind the status.
    pub(crate) fn outputs(&self) -> &[u32] {
        &self.outputs[1..]
    }

    /// The names of the outputs, from the form of the service that has as many.
    pub(crate) fn output_names(&self) -> &'static [&'static str] {
        let forms = self.service().map_or(&[][..], |service| service.returns);
        forms.iter().find(|names| names.len() == self.outputs().len()).map_or(&[], |names| names)
    }

    /// True when both blocks ask for an equal call, whatever the answers.
    pub(crate) fn asks_the_same(&self, other: &Rtas) -> bool {
        (self.token, &self.inputs, self.outputs.len())
            == (other.token, &other.inputs, other.outputs.len())
    }
}
