// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The differences between the answers of LoPAR, KVM and QEMU to TCE calls, as data.
//!
//! [`Rules`] has one field for each difference (papr-tce 2.7), and the implementations
//! are its values here. A [`Profile`] has the rules of each tier. So `kvm`
//! is KVM with QEMU behind it, as a guest sees both: KVM's answer, or QEMU's where KVM's is
//! TooHard. The functions of [`tce`](crate::tce) read only these fields; a call that all implementations accept reads none.

use crate::words::rtas_error::RtasError;
use crate::words::status::Status;
use crate::words::tier::{Answer, Tier};
use iommu::Error;

/// The rules of the tiers.
#[derive(Debug)]
pub struct Profile {
    /// Its name, as a user writes it.
    pub name: &'static str,
    /// The rules of each tier.
    pub tiers: [&'static Rules; 3],
}

impl Profile {
    /// LoPAR 2.9 in every tier.
    pub const LOPAR: &'static Profile = &Profile { name: "lopar", tiers: [&LOPAR; 3] };
    /// KVM of Linux 7.2 (its real-mode handlers as they were last) and QEMU 7.2 behind it.
    pub const KVM: &'static Profile =
        &Profile { name: "kvm", tiers: [&KVM_REAL, &KVM_VIRTUAL, &QEMU] };
    /// KVM of kernels before the range check of 2026, such as Linux 6.1.176, and QEMU 7.2 behind it.
    pub const KVM_6_1: &'static Profile =
        &Profile { name: "kvm-6.1", tiers: [&KVM_6_1_REAL, &KVM_6_1_VIRTUAL, &QEMU] };
    /// QEMU 7.2 alone: no tier accelerates.
    pub const QEMU: &'static Profile = &Profile { name: "qemu", tiers: [&QEMU; 3] };

    /// Every profile.
    pub const ALL: [&'static Profile; 4] =
        [Profile::LOPAR, Profile::KVM, Profile::KVM_6_1, Profile::QEMU];

    /// The profile of this name.
    pub fn find(name: &str) -> Option<&'static Profile> {
        Profile::ALL.into_iter().find(|profile| profile.name == name)
    }

    /// The rules of a tier.
    #[inline]
    pub fn rules(&self, tier: Tier) -> &'static Rules {
        self.tiers[tier.index()]
    }
}

/// The treatment of a value that some implementations refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// The call ends with this answer and changes nothing.
    Refuse(Answer),
    /// The value is stored as it is. In the hardware it maps the page that it is in, if that is the guest's,
    /// and otherwise nothing (bug 65 of papr-tce 6.3: it must not leave the old mapping).
    Accept,
}

/// Most entries of one H_STUFF_TCE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StuffLimit {
    /// As many as a list has, and H_P4 for more.
    List,
    /// As many as the whole window has, wherever the first is.
    Window,
    /// Whatever fits from the first on.
    Room,
}

/// The treatment of a range of entries whose first is in the window and whose last is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// H_PARAMETER, and nothing changes.
    Refuse,
    /// The part inside the window is written, and the call ends with this status. Nothing is written behind the window.
    WriteInside(Status),
}

/// The differences between implementations; papr-tce 2.7 unless another section is named.
#[derive(Debug)]
pub struct Rules {
    /// A LIOBN that no window has.
    pub no_window: Answer,
    /// A negative LIOBN of H_PUT_TCE_INDIRECT; the multi-table option is off.
    pub negative_liobn: Answer,
    /// An I/O bus address inside a page: refused, or rounded down to its page's.
    pub unaligned_ioba: Odd,
    /// Reserved bits, or address bits below the page, of an entry with permissions.
    pub low_bits: Odd,
    /// The page of an entry with permissions is not guest memory.
    pub not_owned: Odd,
    /// A list page that is not guest memory; accepted, it reads as zeroes.
    pub list_outside: Odd,
    /// A range of entries passes the window's end.
    pub crossing: Crossing,
    /// The status for a count of 0.
    pub none: Status,
    /// A count of 0 is also valid one entry behind the window.
    pub none_at_end: bool,
    /// Most entries of one H_STUFF_TCE.
    pub stuff_limit: StuffLimit,
    /// H_STUFF_TCE may map.
    pub stuff_maps: bool,
    /// An entry of a list without permissions must have a guest page's address all the same; the
    /// entries before it stay.
    pub clears_own: bool,
    /// H_GET_TCE answers H_PARTIAL, without the page, where the page is not the guest's.
    pub hides_foreign: bool,
    /// The status of the calls for redirected DMA (H_PUT_RTCE and its kin) on a machine without a second window pane.
    pub no_second_pane: Status,
    /// ibm,create-pe-dma-window when the bridge has all the windows that it can have.
    pub no_more_windows: RtasError,
}

impl Rules {
    /// The answer for a refusal of the library, if these rules refuse the call too.
    #[inline]
    pub(crate) fn refusal(&self, why: &Error) -> Option<Answer> {
        let odd = match why {
            Error::NoWindow(_) => return Some(self.no_window),
            Error::Unaligned(..) => self.unaligned_ioba,
            Error::LowBits(_) => self.low_bits,
            Error::NotOwned(_) => self.not_owned,
            Error::Outside { .. } if self.crossing == Crossing::Refuse => REFUSE,
            _ => return None,
        };
        match odd {
            Odd::Refuse(answer) => Some(answer),
            Odd::Accept => None,
        }
    }
}

const PARAMETER: Answer = Answer::Done(Status::Parameter);
const REFUSE: Odd = Odd::Refuse(PARAMETER);
const TOO_HARD: Odd = Odd::Refuse(Answer::TooHard);

/// LoPAR 2.9. Where it is silent tcevm refuses (papr-tce 8.6): unaligned addresses, reserved bits.
const LOPAR: Rules = Rules {
    no_window: PARAMETER,
    negative_liobn: Answer::Done(Status::Function),
    unaligned_ioba: REFUSE,
    low_bits: REFUSE,
    not_owned: REFUSE,
    list_outside: REFUSE,
    crossing: Crossing::Refuse,
    none: Status::Success,
    none_at_end: false,
    stuff_limit: StuffLimit::List,
    stuff_maps: true,
    clears_own: false,
    hides_foreign: true,
    no_second_pane: Status::Parameter,
    no_more_windows: RtasError::Parameter,
};

/// Linux 7.2, `book3s_64_vio.c`.
const KVM_VIRTUAL: Rules = Rules {
    no_window: Answer::TooHard,
    negative_liobn: Answer::TooHard,
    unaligned_ioba: REFUSE,
    low_bits: TOO_HARD,
    not_owned: TOO_HARD,
    list_outside: TOO_HARD,
    crossing: Crossing::Refuse,
    none: Status::Success,
    none_at_end: true,
    stuff_limit: StuffLimit::Room,
    stuff_maps: false,
    clears_own: true,
    hides_foreign: false,
    no_second_pane: Status::Function,
    no_more_windows: RtasError::Hardware,
};

/// Linux up to 5.19, `book3s_64_vio_hv.c`: as the virtual handlers but for one answer
/// (papr-tce 2.4).
const KVM_REAL: Rules = Rules { low_bits: REFUSE, ..KVM_VIRTUAL };

/// Linux 6.1.176, `iommu_tce_check_ioba`: only the first entry of a range is compared with the window.
const KVM_6_1_VIRTUAL: Rules =
    Rules { crossing: Crossing::WriteInside(Status::Success), none_at_end: false, ..KVM_VIRTUAL };

/// [`KVM_6_1_VIRTUAL`] with the answer of the real-mode handlers.
const KVM_6_1_REAL: Rules = Rules { low_bits: REFUSE, ..KVM_6_1_VIRTUAL };

/// QEMU 7.2, `hw/ppc/spapr_iommu.c`.
const QEMU: Rules = Rules {
    no_window: PARAMETER,
    negative_liobn: PARAMETER,
    unaligned_ioba: Odd::Accept,
    low_bits: Odd::Accept,
    not_owned: Odd::Accept,
    list_outside: Odd::Accept,
    crossing: Crossing::WriteInside(Status::Parameter),
    none: Status::Parameter,
    none_at_end: false,
    stuff_limit: StuffLimit::Window,
    stuff_maps: true,
    clears_own: false,
    hides_foreign: false,
    no_second_pane: Status::Function,
    no_more_windows: RtasError::Hardware,
};
