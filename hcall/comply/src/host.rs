// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Facts that only the host can see, by name: pins, dirty marks, hardware entries, kills.

use crate::digest::Digest;
use iommu::GuestTable;

macro_rules! facts {
    ($($name:ident $text:literal [$($arg:literal),*] $doc:literal;)*) => {
        /// A question to the host. A rig that sees only what a guest sees skips it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fact {
            $(#[doc = $doc] $name,)*
        }

        impl Fact {
            /// All facts.
            pub const ALL: &[Fact] = &[$(Fact::$name),*];

            /// The name in a script.
            pub const fn name(self) -> &'static str {
                match self { $(Fact::$name => $text),* }
            }

            /// The names of its arguments.
            pub const fn args(self) -> &'static [&'static str] {
                match self { $(Fact::$name => &[$($arg),*]),* }
            }

            /// The meaning, as a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Fact::$name => $doc),* }
            }
        }
    };
}

facts! {
    Pins "pins" ["PAGE"] "Pins held on a page.";
    Dirty "dirty" ["PAGE"] "1 when the page is marked as written by a device.";
    Hw "hw" ["LIOBN", "IOBA"] "The hardware entry, with its host address converted to the guest address.";
    HwForeign "hw-foreign" ["LIOBN"] "Live hardware entries that map no memory of the guest.";
    Live "live" ["LIOBN"] "Live entries of the window.";
    View "view" ["LIOBN"] "A digest of the window's live entries as the guest wrote them.";
    Windows "windows" [] "Number of windows.";
    Kills "kills" [] "Number of kills that the last call made.";
    Killed "killed" ["LIOBN", "IOBA"] "Number of kills of the last call that covered the entry.";
    PinsAtKill "pins-at-kill" ["PAGE"] "Pins of a page when the last call made its first kill.";
    DirtyAtKill "dirty-at-kill" ["PAGE"] "1 when the page was marked dirty at that kill.";
    HwAtKill "hw-at-kill" ["LIOBN", "IOBA"] "The hardware entry at that kill.";
    DeviceRead "device-read" ["IOBA"] "The guest address that a device reads at a bus address; all ones when it faults.";
    DeviceWrite "device-write" ["IOBA"] "The guest address that a device writes at a bus address; all ones when it faults.";
    Taken "taken" [] "Pins that all calls of the script have taken.";
    Released "released" [] "Pins that all calls of the script have released.";
}

impl Fact {
    /// The fact with this name.
    pub fn parse(name: &str) -> Option<Fact> {
        Fact::ALL.iter().copied().find(|fact| fact.name() == name)
    }
}

/// The digest for [`Fact::View`]: the number of each live entry, and the value that the guest wrote.
pub fn view(window: &GuestTable) -> u64 {
    let mut digest = Digest::default();
    window.for_each_live(&mut |entry| {
        digest.add(entry.0);
        digest.add(window.view().load(entry).0);
    });
    digest.0
}
