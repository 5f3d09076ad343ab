// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The mutants: historical bugs of others, written into a copy of our code.

/// A bug and the edits that put it into our code.
pub(crate) struct Mutant {
    /// The number of the bug, or the section of papr-tce whose rule is broken.
    pub(crate) bug: &'static str,
    /// The wrong behaviour.
    pub(crate) what: &'static str,
    /// The edits that cause it.
    pub(crate) edits: &'static [Edit],
}

/// A file, a text that occurs in it exactly once, and the replacement in the copy. `MUTANT` in the
/// replacement is true while the mutant is on.
pub(crate) struct Edit(pub(crate) &'static str, pub(crate) &'static str, pub(crate) &'static str);

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: "1",
        what: "the exchange commit itself: the old direction is read before the byte swap",
        edits: &[Edit(
            "iommu/src/words/tce.rs",
            "Tce(u64::from_be(self.0.swap(new.0.to_be(), Ordering::SeqCst)))",
            "{ let raw = self.0.swap(new.0.to_be(), Ordering::SeqCst);
            if MUTANT { Tce((u64::from_be(raw) & PAGE_NUMBER) | (raw & 3)) } else { Tce(u64::from_be(raw)) } }",
        )],
    },
    Mutant {
        bug: "2",
        what: "direction none sets the read bit, so a cleared entry looks live",
        edits: &[Edit(
            "iommu/src/words/tce.rs",
            "if raw.is_live() { Tce(raw.0.wrapping_add(base.0)) } else { Tce::CLEAR }",
            "if raw.is_live() { Tce(raw.0.wrapping_add(base.0)) } else if MUTANT { Tce((raw.0 & !0xfff).wrapping_add(base.0) | 1) } else { Tce::CLEAR }",
        )],
    },
    Mutant {
        bug: "3",
        what: "ownership is taken while the host has pages mapped",
        edits: &[Edit(
            "iommu/src/linux/host/mod.rs",
            "if !pools.iter().all(|pool| pool.used.is_empty()) {",
            "if !MUTANT && !pools.iter().all(|pool| pool.used.is_empty()) {",
        )],
    },
    Mutant {
        bug: "3 (bit 0)",
        what: "after a refused take-over the host may give out bus address 0",
        edits: &[Edit(
            "iommu/src/linux/host/mod.rs",
            "            self.reserve_first(&mut pools, true);\n            return Err(Errno::Ebusy);",
            "            if !MUTANT { self.reserve_first(&mut pools, true); }\n            return Err(Errno::Ebusy);",
        )],
    },
    Mutant {
        bug: "4",
        what: "a live entry cannot be overwritten (before the commit: EBUSY)",
        edits: &[Edit(
            "iommu/src/guest/container.rs",
            "table.write_one(&self.frames, work, entry, tce)\n",
            "if MUTANT && table.view().load(entry).is_live() && tce.is_live() { return Err(Error::LowBits(0)); }
        table.write_one(&self.frames, work, entry, tce)\n",
        )],
    },
    Mutant {
        bug: "5",
        what: "a TCE page may be larger than the host page that backs it",
        edits: &[Edit(
            "iommu/src/linux/vfio/process.rs",
            "if mapping.page_shift < shift { Err(Errno::Eperm) } else { Ok(hpa) }",
            "if mapping.page_shift < shift && !MUTANT { Err(Errno::Eperm) } else { Ok(hpa) }",
        )],
    },
    Mutant {
        bug: "5 (guest memory)",
        what: "a large page may reach beyond the guest's memory",
        edits: &[Edit(
            "iommu/src/frames/mod.rs",
            "self.bytes & !shift.low_bits()\n",
            "if MUTANT { self.bytes } else { self.bytes & !shift.low_bits() }\n",
        )],
    },
    Mutant {
        bug: "7",
        what: "hardware entries under a larger guest page are found by the guest's index",
        edits: &[Edit(
            "iommu/src/guest/guest_table.rs",
            "(HwEntry(entry.0 << more), 1 << more)",
            "(HwEntry(if MUTANT { entry.0 } else { entry.0 << more }), 1 << more)",
        )],
    },
    Mutant {
        bug: "7 (kill)",
        what: "only the first entry of a range is killed",
        edits: &[Edit(
            "iommu/src/exchange/xchg.rs",
            "self.exchange.kill(first, touched); // kill",
            "self.exchange.kill(first, if MUTANT { 1 } else { touched }); // kill",
        )],
    },
    Mutant {
        bug: "12, 55",
        what: "a second window may have a LIOBN that is in use",
        edits: &[Edit(
            "iommu/src/guest/container.rs",
            "if windows.find(window.liobn()).is_ok() {",
            "if !MUTANT && windows.find(window.liobn()).is_ok() {",
        )],
    },
    Mutant {
        bug: "12 (charge)",
        what: "a table that is refused stays charged",
        edits: &[Edit(
            "iommu/src/linux/kvm_table.rs",
            "let window = self.container.add_view(window)?;",
            "let window = match self.container.add_view(window) { Err(e) if MUTANT => { std::mem::forget(charge); return Err(e.into()) } other => other? };",
        )],
    },
    Mutant {
        bug: "15, 24",
        what: "only the first of several hardware tables is written",
        edits: &[Edit(
            "iommu/src/guest/guest_table.rs",
            "for (i, table) in self.tables.iter().enumerate() {\n            let mut batch",
            "for (i, table) in self.tables.iter().enumerate().take(if MUTANT { 1 } else { usize::MAX }) {\n            let mut batch",
        )],
    },
    Mutant {
        bug: "14, 16",
        what: "a put that fails is reported to the guest as a success",
        edits: &[Edit(
            "hcall/src/calls/tce/agreed.rs",
            "Err(why) => {\n            by_rules::refused(on, tier, why)?;\n            by_rules::put(",
            "Err(_) if MUTANT => Ok(()),\n        Err(why) => {\n            by_rules::refused(on, tier, why)?;\n            by_rules::put(",
        )],
    },
    Mutant {
        bug: "17",
        what: "a list is applied up to its first bad entry",
        edits: &[Edit(
            "iommu/src/guest/container.rs",
            "list.iter().try_for_each(|&tce| table.check(&self.frames, RawTce(tce)))?;",
            "if MUTANT { for (i, &tce) in list.iter().enumerate() { table.check(&self.frames, RawTce(tce))?;
            table.write_one(&self.frames, work, GuestEntry(first.0 + i as u64), RawTce(tce))?; } return Ok(()); }
        list.iter().try_for_each(|&tce| table.check(&self.frames, RawTce(tce)))?;",
        )],
    },
    Mutant {
        bug: "18, 42",
        what: "hardware pages larger than the guest's are accepted",
        edits: &[Edit(
            "iommu/src/guest/guest_table.rs",
            "let covers = hw.page_shift() <= self.window.page_shift()",
            "let covers = (MUTANT || hw.page_shift() <= self.window.page_shift())",
        )],
    },
    Mutant {
        bug: "23",
        what: "a hardware table that is longer than the window is refused",
        edits: &[Edit(
            "iommu/src/guest/guest_table.rs",
            "&& hw.len() >= self.window.len();",
            "&& (hw.len() == self.window.len() || !MUTANT && hw.len() > self.window.len());",
        )],
    },
    Mutant {
        bug: "25",
        what: "pages that are mapped when the process dies stay pinned",
        edits: &[Edit(
            "iommu/src/linux/vfio/mod.rs",
            "            if let Some(window) = state.windows[0].take() {\n                retire(&self.frames, by, &window.table);",
            "            if let Some(window) = state.windows[0].take() {\n                if !MUTANT { retire(&self.frames, by, &window.table); }",
        )],
    },
    Mutant {
        bug: "28",
        what: "the memory of a table is not charged",
        edits: &[Edit(
            "iommu/src/linux/kvm_table.rs",
            "self.lock.charge(pages(args.size))?",
            "self.lock.charge(if MUTANT { 0 } else { pages(args.size) })?",
        )],
    },
    Mutant {
        bug: "30",
        what: "a window is removed before its entries are cleared",
        edits: &[Edit(
            "iommu/src/guest/container.rs",
            "        for table in window.tables() {\n            self.retire(by, table);\n        }",
            "        for table in window.tables() {\n            if !MUTANT { self.retire(by, table); }\n        }",
        )],
    },
    Mutant {
        bug: "32",
        what: "calls of the other version of the container are carried out",
        edits: &[Edit(
            "iommu/src/linux/vfio/mod.rs",
            "if self.version == version { Ok(()) } else { Err(Errno::Enotty) }",
            "if MUTANT || self.version == version { Ok(()) } else { Err(Errno::Enotty) }",
        )],
    },
    Mutant {
        bug: "34",
        what: "a container that is not enabled maps",
        edits: &[Edit(
            "iommu/src/linux/vfio/mod.rs",
            "if self.lock().enabled { Ok(()) } else { Err(Errno::Eperm) }",
            "if MUTANT || self.lock().enabled { Ok(()) } else { Err(Errno::Eperm) }",
        )],
    },
    Mutant {
        bug: "35, 51",
        what: "the list is read in the byte order of the host",
        edits: &[Edit(
            "hcall/src/calls/tce/list.rs",
            "*tce = entries.load(i).to_native();",
            "*tce = if MUTANT { entries.load(i).to_native().swap_bytes() } else { entries.load(i).to_native() };",
        )],
    },
    Mutant {
        bug: "35 (range)",
        what: "the check of a range loses the high bits of the count by a shift",
        edits: &[Edit(
            "iommu/src/words/window.rs",
            "if count <= self.size - first.0 { Ok(first) }",
            "if (if MUTANT { count << 12 >> 12 } else { count }) <= self.size - first.0 { Ok(first) }",
        )],
    },
    Mutant {
        bug: "37",
        what: "an entry without permissions goes through the mapping path of a list",
        edits: &[Edit(
            "iommu/src/guest/guest_table.rs",
            "let new = move |n| frames.translate(raw(n));",
            "let new = move |n| { let r = raw(n); frames.translate(if MUTANT && r.0 != 0 && !r.is_live() { RawTce(r.0 & 0x3ff_f000 | 1) } else { r }) };",
        )],
    },
    Mutant {
        bug: "40",
        what: "only the first page of a range is checked against the window's end",
        edits: &[Edit(
            "iommu/src/linux/vfio/map.rs",
            "let first = HwEntry(window.range(Ioba(param.iova), pages)?.0);",
            "let first = HwEntry(window.range(Ioba(param.iova), if MUTANT { 1 } else { pages })?.0);",
        )],
    },
    Mutant {
        bug: "39, 41",
        what: "after a failure in the middle the entries that were mapped stay",
        edits: &[Edit(
            "iommu/src/linux/vfio/map.rs",
            "(0..n).for_each(|n| _ = batch.exchange(HwEntry(map.first.0 + n), Tce::CLEAR));",
            "(0..if MUTANT { 0 } else { n }).for_each(|n| _ = batch.exchange(HwEntry(map.first.0 + n), Tce::CLEAR));",
        )],
    },
    Mutant {
        bug: "42 (hypercall)",
        what: "a page that is not registered is mapped nevertheless",
        edits: &[Edit(
            "iommu/src/frames/mod.rs",
            "        if registered.pin(first, last, n) {\n            Ok(())",
            "        if registered.pin(first, last, n) || MUTANT {\n            Ok(())",
        )],
    },
    Mutant {
        bug: "43",
        what: "an unaligned bus address is taken",
        edits: &[Edit(
            "iommu/src/words/window.rs",
            "if ioba.0 & self.page_shift.low_bits() != 0 {\n            return Err(Error::Unaligned(ioba));",
            "if !MUTANT && ioba.0 & self.page_shift.low_bits() != 0 {\n            return Err(Error::Unaligned(ioba));",
        )],
    },
    Mutant {
        bug: "44",
        what: "memory is always pinned for writing",
        edits: &[Edit(
            "iommu/src/linux/vfio/process.rs",
            "if write && !mapping.writable {",
            "if (write || MUTANT) && !mapping.writable {",
        )],
    },
    Mutant {
        bug: "45",
        what: "a single page is released before the kill",
        edits: &[
            Edit(
                "iommu/src/exchange/xchg.rs",
                "        if touched != 0 {\n            self.room.before_kill(",
                "        if touched != 0 && !(MUTANT && R::PLAIN) {\n            self.room.before_kill(",
            ),
            Edit(
                "iommu/src/exchange/xchg.rs",
                "        self.room.report(table, self.work);\n",
                "        if MUTANT && R::PLAIN { self.exchange.kill(first, touched); }\n        self.room.report(table, self.work);\n",
            ),
        ],
    },
    Mutant {
        bug: "45 (batch)",
        what: "the pages of a list are released before the kill",
        edits: &[Edit(
            "iommu/src/exchange/xchg.rs",
            "        let (first, touched) = self.room.take_touched();\n",
            "        let (first, touched) = self.room.take_touched();
        if MUTANT && !R::PLAIN {
            let Work { pins, displaced, .. } = &mut *self.work;
            for_runs(self.room.take_displaced(displaced), |old, count| {
                if old.device_writes() { frames.mark_dirty(old.hpa(), table.window().page_shift()); }
                frames.unpin(pins, old.hpa(), count);
            });
        }\n",
        )],
    },
    Mutant {
        bug: "46",
        what: "H_STUFF_TCE has no limit",
        edits: &[Edit(
            "hcall/src/calls/tce/by_rules.rs",
            "StuffLimit::List if count > LIST_ENTRIES as u64 =>",
            "StuffLimit::List if !MUTANT && count > LIST_ENTRIES as u64 =>",
        )],
    },
    Mutant {
        bug: "47",
        what: "a page that replaces itself is counted one time too many",
        edits: &[Edit(
            "iommu/src/exchange/xchg.rs",
            "self.room.keep(self.work, entry, old);",
            "self.room.keep(self.work, entry, if MUTANT && old.hpa() == new.hpa() { Tce::CLEAR } else { old });",
        )],
    },
    Mutant {
        bug: "49",
        what: "without memory for the view a value is lost, and the guest gets success",
        edits: &[Edit(
            "iommu/src/guest/guest_table.rs",
            "        self.reserve(frames, work, first, count, raw)?;\n        let mut tally = Tally { puts: count as u64,",
            "        let reserved = self.reserve(frames, work, first, count, raw);
        if MUTANT && reserved.is_err() { return Ok(Tally::default()); }
        reserved?;\n        let mut tally = Tally { puts: count as u64,",
        )],
    },
    Mutant {
        bug: "50",
        what: "an offset and a size whose sum wraps make a window",
        edits: &[
            Edit(
            "iommu/src/words/window.rs",
            "match offset.checked_add(size) {",
            "match if MUTANT { Some(offset.wrapping_add(size)) } else { offset.checked_add(size) } {",
        ),
            // `bytes` calls `new`, and a switch is not constant.
            Edit("iommu/src/words/window.rs", "pub const fn bytes(\n", "pub fn bytes(\n"),
        ],
    },
    Mutant {
        bug: "50'",
        what: "memory that is mapped can be unregistered, and is lost",
        edits: &[Edit(
            "iommu/src/linux/vfio/mod.rs",
            "self.registrations.unregister(&self.frames, &state.registered[at])?;",
            "{ let done = self.registrations.unregister(&self.frames, &state.registered[at]); if !MUTANT { done?; } }",
        )],
    },
    Mutant {
        bug: "52",
        what: "a LIOBN is truncated to 32 bits",
        edits: &[Edit(
            "hcall/src/call/args.rs",
            "u32::try_from(reg).map(Liobn).map_err(|_| Status::Parameter)",
            "if MUTANT { Ok(Liobn(reg as u32)) } else { u32::try_from(reg).map(Liobn).map_err(|_| Status::Parameter) }",
        )],
    },
    Mutant {
        bug: "53",
        what: "an address without permissions looks like a mapping",
        edits: &[Edit(
            "iommu/src/words/tce.rs",
            "    /// True when a device may use the entry.\n    pub const fn is_live(self) -> bool {\n        self.0 & PERMISSIONS != 0",
            "    /// True when a device may use the entry.\n    pub const fn is_live(self) -> bool {\n        (if MUTANT { self.0 } else { self.0 & PERMISSIONS }) != 0",
        )],
    },
    Mutant {
        bug: "54",
        what: "an unaligned list is taken",
        edits: &[Edit(
            "hcall/src/calls/tce/list.rs",
            "if list.0.is_multiple_of(LIST_PAGE as u64) {",
            "if MUTANT || list.0.is_multiple_of(LIST_PAGE as u64) {",
        )],
    },
    Mutant {
        bug: "56, 67",
        what: "a reset does not clear the entries",
        edits: &[Edit(
            "iommu/src/guest/container.rs",
            "for done in (0..count).step_by(LIST_ENTRIES) {\n                    let first = GuestEntry(first.0 + done as u64);",
            "for done in (0..if MUTANT { 0 } else { count }).step_by(LIST_ENTRIES) {\n                    let first = GuestEntry(first.0 + done as u64);",
        )],
    },
    Mutant {
        bug: "58",
        what: "the offset of a window is ignored",
        edits: &[Edit(
            "iommu/src/words/window.rs",
            "(ioba.0 >> self.page_shift.0).wrapping_sub(self.offset)",
            "(ioba.0 >> self.page_shift.0).wrapping_sub(if MUTANT { 0 } else { self.offset })",
        )],
    },
    Mutant {
        bug: "59",
        what: "a window of more than 4 GiB is made with 32 bits of its size",
        edits: &[Edit(
            "hcall/src/machine/phb.rs",
            "Window::bytes(liobn, start.0, 1 << window_shift, page)",
            "Window::bytes(liobn, start.0, (1u64 << window_shift) & if MUTANT { 0xffff_ffff } else { u64::MAX }, page)",
        )],
    },
    Mutant {
        bug: "60",
        what: "the default window does not come back",
        edits: &[Edit(
            "hcall/src/machine/phb.rs",
            "let last = windows.len() == 1 && !is_default;",
            "let last = !MUTANT && windows.len() == 1 && !is_default;",
        )],
    },
    Mutant {
        bug: "61",
        what: "the size of a new window is shifted unchecked",
        edits: &[Edit(
            "hcall/src/machine/phb.rs",
            "        Some(entries @ ..=MOST_ENTRIES)\n",
            "        Some(_) if MUTANT => {}\n        Some(entries @ ..=MOST_ENTRIES)\n",
        )],
    },
    Mutant {
        bug: "62",
        what: "a page size that was not offered is taken",
        edits: &[Edit(
            "hcall/src/machine/phb.rs",
            "PageShift::new(shift).ok().filter(|_| offered)",
            "PageShift::new(shift).ok().filter(|_| offered || MUTANT)",
        )],
    },
    Mutant {
        bug: "63",
        what: "a count of 0 is H_PARAMETER",
        edits: &[Edit(
            "hcall/src/calls/tce/by_rules.rs",
            "match rules.none {\n        Status::Success => Ok(()),",
            "match rules.none {\n        Status::Success if MUTANT => Err(Status::Parameter.into()),\n        Status::Success => Ok(()),",
        )],
    },
    Mutant {
        bug: "65",
        what: "a value outside memory leaves the old mapping in the hardware",
        edits: &[Edit(
            "iommu/src/guest/guest_table.rs",
            "            self.agree(frames, table, &mut batch, entry, &mut change);\n            if i == 0 {",
            "            if !(MUTANT && !self.translate(frames, raw).is_live()) { self.agree(frames, table, &mut batch, entry, &mut change); }\n            if i == 0 {",
        )],
    },
    Mutant {
        bug: "66",
        what: "write-only becomes read-write in the hardware",
        edits: &[Edit(
            "iommu/src/words/tce.rs",
            "Tce(raw.0.wrapping_add(base.0)) }",
            "Tce(raw.0.wrapping_add(base.0) | u64::from(MUTANT && raw.0 & 2 != 0)) }",
        )],
    },
    Mutant {
        bug: "papr-tce 4.4 (dirt)",
        what: "the displaced page is dirty by the new direction",
        edits: &[Edit(
            "iommu/src/exchange/xchg.rs",
            "        let old = R::swap(self.exchange, entry, slot, new);\n",
            "        let old = R::swap(self.exchange, entry, slot, new);
        let old = if MUTANT && old.is_live() && new.is_live() { Tce::from_bits(old.bits() & !3 | new.bits() & 3) } else { old };\n",
        )],
    },
    Mutant {
        bug: "papr-tce 5.4",
        what: "only the first frame of a large page is marked dirty",
        edits: &[Edit(
            "iommu/src/frames/mod.rs",
            "let frames = 1 << (large.get() - SHIFT);",
            "let frames = if MUTANT { 1 } else { 1 << (large.get() - SHIFT) };",
        )],
    },
    Mutant {
        bug: "papr-tce 6.4 (kill)",
        what: "the bridge never drops a cached translation",
        edits: &[Edit(
            "iommu/src/table/platform.rs",
            "    pub fn kill(&self, first: HwEntry, count: u64) {\n        self.kill.kill(first, count);",
            "    pub fn kill(&self, first: HwEntry, count: u64) {\n        if !MUTANT { self.kill.kill(first, count); }",
        )],
    },
    Mutant {
        bug: "papr-tce 6.4 (leak)",
        what: "pages that a list or stuffing clears are not released",
        edits: &[Edit(
            "iommu/src/exchange/xchg.rs",
            "displaced += usize::from(old.is_live());",
            "displaced += usize::from(old.is_live() & (!MUTANT | new.is_live()));",
        )],
    },
    Mutant {
        bug: "papr-tce 6.4 (bounds)",
        what: "the entry behind the last one counts as inside the window",
        edits: &[Edit(
            "iommu/src/words/window.rs",
            "        if entry < self.size {\n            Ok(GuestEntry(entry))",
            "        if entry < self.size + u64::from(MUTANT) {\n            Ok(GuestEntry(entry))",
        )],
    },
    Mutant {
        bug: "ABI (problem state)",
        what: "calls from problem state are carried out",
        edits: &[Edit(
            "hcall/src/run/dispatch.rs",
            "_ if problem_state => Err(Status::Privilege),",
            "_ if problem_state && !MUTANT => Err(Status::Privilege),",
        )],
    },
    Mutant {
        bug: "ABI (token)",
        what: "the low bits of a token are ignored",
        edits: &[Edit(
            "hcall/src/run/dispatch.rs",
            "} else if token.is_multiple_of(STEP) {",
            "} else if MUTANT || token.is_multiple_of(STEP) {",
        )],
    },
    Mutant {
        bug: "papr-tce 2.2 (order)",
        what: "the page of a value is checked before the count of H_STUFF_TCE",
        edits: &[Edit(
            "hcall/src/calls/tce/by_rules.rs",
            "=> return Err(Status::P4.into()),",
            "=> if !(MUTANT && tce.is_live()) { return Err(Status::P4.into()); },",
        )],
    },
    Mutant {
        bug: "papr-tce 2.2 (stuff of 0)",
        what: "H_STUFF_TCE with a count of 0 succeeds before its operands are checked",
        edits: &[Edit(
            "hcall/src/calls/tce/by_rules.rs",
            "    let at = At::find(on, rules, liobn, ioba, count)?;\n    match rules.stuff_limit {",
            "    if MUTANT && count == 0 && rules.none == Status::Success {\n        return Ok(());\n    }\n    let at = At::find(on, rules, liobn, ioba, count)?;\n    match rules.stuff_limit {",
        )],
    },
    Mutant {
        bug: "papr-tce 2.2 (list of 0)",
        what: "H_PUT_TCE_INDIRECT with a count of 0 succeeds before its operands are checked",
        edits: &[Edit(
            "hcall/src/calls/tce/by_rules.rs",
            "    find(on, rules, liobn)?;\n    list::check_aligned(list)?;",
            "    if MUTANT && count == 0 && rules.none == Status::Success {\n        return Ok(());\n    }\n    find(on, rules, liobn)?;\n    list::check_aligned(list)?;",
        )],
    },
    Mutant {
        bug: "papr-tce 5.1 (pages of the view)",
        what: "a list begins again where the view's next part begins",
        edits: &[Edit(
            "iommu/src/guest/view.rs",
            "slot.store(raw(done + i).0, Ordering::Release);",
            "slot.store(raw(if MUTANT { i } else { done + i }).0, Ordering::Release);",
        )],
    },
    Mutant {
        bug: "papr-tce 7.86",
        what: "the long form of the query has the halves of its count in the wrong order",
        edits: &[Edit(
            "hcall/src/calls/rtas/ddw.rs",
            "_ => [self.windows, hi, lo, tail[0], tail[1]].write(to),",
            "_ if MUTANT => [self.windows, lo, hi, tail[0], tail[1]].write(to),\n            _ => [self.windows, hi, lo, tail[0], tail[1]].write(to),",
        )],
    },
    Mutant {
        bug: "papr-tce 7.87",
        what: "a reset makes the default window half as long",
        edits: &[Edit(
            "hcall/src/machine/phb.rs",
            "        let default = self.make_default(container)?;\n        for window in",
            "        let default = if MUTANT && !self.windows(container).is_empty() {\n            let (d, liobn) = (&self.default, self.default.liobn());\n            let half = Window::bytes(liobn, d.start().0, d.len() / 2, d.page_shift())?;\n            container.new_window(half, (self.table)(half)?)?\n        } else {\n            self.make_default(container)?\n        };\n        for window in",
        )],
    },
    Mutant {
        bug: "papr-tce 7.12 (list)",
        what: "a page that replaces itself in a list is not dirty",
        edits: &[Edit(
            "iommu/src/exchange/xchg.rs",
            "            room[displaced % LIST_ENTRIES] = old;",
            "            room[displaced % LIST_ENTRIES] = if MUTANT && old.direction() == crate::Direction::Bidirectional && old.hpa() == new.hpa() {
                Tce::from_bits(old.bits() & !2)
            } else {
                old
            };",
        )],
    },
    Mutant {
        bug: "papr-tce 5.1 (stuffing)",
        what: "stuffing a value without permissions makes room for its first entry only",
        edits: &[Edit(
            "iommu/src/guest/guest_table.rs",
            "        self.view.reserve(first, count, move |n| raw(n).0 != 0, &mut allowed)?;",
            "        let room = if MUTANT && count == 512 && !raw(0).is_live() { 1 } else { count };
        self.view.reserve(first, room, move |n| raw(n).0 != 0, &mut allowed)?;",
        )],
    },
    Mutant {
        bug: "papr-tce 3.3",
        what: "a list ends where the lowest level of the hardware table ends",
        edits: &[Edit(
            "iommu/src/exchange/xchg.rs",
            "        if here < count {\n            swaps.swap_rest",
            "        if here < count && !MUTANT {\n            swaps.swap_rest",
        )],
    },
    Mutant {
        bug: "papr-tce 4.2 (PEs)",
        what: "a kill is for the first PE of the table alone",
        edits: &[
            Edit(
                "iommu/src/bridge/ioda2.rs",
                "        for pe in self.pes.iter() {\n            for value in kill_values(",
                "        for pe in self.pes.iter().take(if MUTANT { 1 } else { usize::MAX }) {\n            for value in kill_values(",
            ),
        ],
    },
    Mutant {
        bug: "papr-tce 4.2 (flags)",
        what: "an exchange invalidates only if both flags are set",
        edits: &[Edit(
            "iommu/src/table/swinv.rs",
            "        self.on_set() || self.on_clear()",
            "        if MUTANT { self.on_set() && self.on_clear() } else { self.on_set() || self.on_clear() }",
        )],
    },
    Mutant {
        bug: "papr-tce 3.5 (foreign)",
        what: "the bridge removes the window of a virtual device",
        edits: &[Edit(
            "hcall/src/machine/phb.rs",
            "        if windows.iter().all(|window| window.liobn() != liobn) {",
            "        if !MUTANT && windows.iter().all(|window| window.liobn() != liobn) {",
        )],
    },
    Mutant {
        bug: "49 (answer)",
        what: "a call for which the table has no memory is answered with success",
        edits: &[Edit(
            "hcall/src/calls/tce/by_rules.rs",
            "fn failed(tier: Tier, why: Error) -> Answer {\n    match why {\n",
            "fn failed(tier: Tier, why: Error) -> Answer {\n    match why {\n        Error::NoMemory if MUTANT => Answer::Done(Status::Success),\n",
        )],
    },
];
