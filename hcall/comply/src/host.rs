// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What only the host can see, by name: pins, dirt, hardware entries, kills.

use crate::run::Digest;
use iommu::GuestTable;

macro_rules! facts {
    ($($name:ident $text:literal [$($arg:literal),*] $doc:literal;)*) => {
        /// Something that a host can be asked. A rig that sees only what a guest sees skips it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fact {
            $(#[doc = $doc] $name,)*
        }

        impl Fact {
            /// All of them.
            pub const ALL: &[Fact] = &[$(Fact::$name),*];

            /// How a script writes it.
            pub const fn name(self) -> &'static str {
                match self { $(Fact::$name => $text),* }
            }

            /// The names of its arguments.
            pub const fn args(self) -> &'static [&'static str] {
                match self { $(Fact::$name => &[$($arg),*]),* }
            }

            /// What it is.
            pub const fn meaning(self) -> &'static str {
                match self { $(Fact::$name => $doc),* }
            }
        }
    };
}

facts! {
    Pins "pins" ["PAGE"] "Pins held on a page.";
    Dirty "dirty" ["PAGE"] "1 when the page is marked as written by a device.";
    Hw "hw" ["LIOBN", "IOBA"] "The hardware entry, with its host address as the guest address it belongs to.";
    HwForeign "hw-foreign" ["LIOBN"] "Live hardware entries of the window that map no memory of the guest.";
    Live "live" ["LIOBN"] "Live entries of the window.";
    View "view" ["LIOBN"] "A digest of the window's live entries as the guest wrote them.";
    Windows "windows" [] "How many windows there are.";
    Kills "kills" [] "How many kills the last call made.";
    Killed "killed" ["LIOBN", "IOBA"] "How many kills of the last call covered the entry.";
    PinsAtKill "pins-at-kill" ["PAGE"] "Pins of a page when the last call made its first kill.";
    DirtyAtKill "dirty-at-kill" ["PAGE"] "Whether the page was marked dirty then.";
    HwAtKill "hw-at-kill" ["LIOBN", "IOBA"] "What the hardware entry was then.";
    DeviceRead "device-read" ["IOBA"] "The guest address that a device reads at a bus address; all ones when it faults.";
    DeviceWrite "device-write" ["IOBA"] "The guest address that it writes there; all ones when it faults.";
    Taken "taken" [] "Pins that all calls of the script have taken.";
    Released "released" [] "Pins that they have released.";
}

impl Fact {
    /// The fact of a name.
    pub fn parse(name: &str) -> Option<Fact> {
        Fact::ALL.iter().copied().find(|fact| fact.name() == name)
    }
}

/// The digest that [`Fact::View`] is: of each live entry its number and what the guest wrote.
pub fn view(window: &GuestTable) -> u64 {
    let mut digest = Digest::default();
    window.for_each_live(&mut |entry| {
        digest.add(entry.0);
        digest.add(window.view().load(entry).0);
    });
    digest.0
}
