// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The selection of calls for a trace: `tce,rtas,!term`. All words but `liobn=` and `all` come from `hcall`'s rows.

use std::str::FromStr;

use hcall::rtas::{Service, all_services};
use hcall::{HCALLS, Hcall, tokens};

use crate::observe::detail::Detail;
use machine::watcher::Made;

/// The prefix of the function sets of `ibm,hypertas-functions`.
const SET: &str = "hcall-";
/// The prefix of LoPAR's and IBM's RTAS services. The comma behind it does not end the word.
const IBM: &str = "ibm";

/// The words of `--trace`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    shown: Words,
    hidden: Words,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Words {
    /// Families, function sets and names; `all`.
    words: Vec<String>,
    liobns: Vec<u64>,
}

/// The properties of a call that a filter examines.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Subject {
    name: &'static str,
    hcall: Option<&'static Hcall>,
    service: Option<&'static Service>,
    liobn: Option<u64>,
}

impl Subject {
    pub(super) fn of(made: &Made, detail: &Detail) -> Subject {
        let rtas = detail.rtas.as_ref();
        let (hcall, service) = (made.call.hcall, rtas.and_then(|rtas| rtas.service()));
        let of_service = || rtas.and_then(|rtas| rtas.input("liobn")).map(u64::from);
        let liobn = hcall.and_then(|row| row.arg(&made.asked, "liobn")).or_else(of_service);
        Subject { name: made.name(), hcall, service, liobn }
    }

    /// True for a word that selects this call.
    fn is(&self, word: &str) -> bool {
        let of_hcall = self.hcall.is_some_and(|row| {
            row.family == word || row.set.and_then(|set| set.strip_prefix(SET)) == Some(word)
        });
        let of_service = self.service.is_some_and(|row| row.family == word || row.name == word);
        of_hcall || of_service || self.name == word || word == "all"
    }
}

impl Filter {
    /// True for a call that is shown.
    pub(super) fn selects(&self, call: &Subject) -> bool {
        let any = |words: &Words| words.words.iter().any(|word| call.is(word));
        let names = |words: &Words| call.liobn.is_some_and(|liobn| words.liobns.contains(&liobn));
        let shown = &self.shown;
        let by_word = match (shown.words.is_empty(), shown.liobns.is_empty()) {
            (true, true) => true,
            (true, false) => call.liobn.is_some(),
            (false, _) => any(shown),
        };
        let by_liobn = shown.liobns.is_empty() || call.liobn.is_none() || names(shown);
        by_word && by_liobn && !any(&self.hidden) && !names(&self.hidden)
    }
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Filter, String> {
        let mut filter = Filter::default();
        let mut pieces = text.split(',');
        while let Some(piece) = pieces.next() {
            let (hide, word) = match piece.strip_prefix('!') {
                Some(word) => (true, word),
                None => (false, piece),
            };
            let to = if hide { &mut filter.hidden } else { &mut filter.shown };
            match word {
                IBM => to.add(&format!("{IBM},{}", pieces.next().unwrap_or("")))?,
                word => to.add(word)?,
            }
        }
        Ok(filter)
    }
}

impl Words {
    fn add(&mut self, word: &str) -> Result<(), String> {
        if let Some(liobn) = word.strip_prefix("liobn=") {
            let number = hcall::number(liobn).filter(|&n| u32::try_from(n).is_ok());
            let wrong = || format!("{word}: a LIOBN is a number of 32 bits, like 0x80000000");
            self.liobns.push(number.ok_or_else(wrong)?);
            return Ok(());
        }
        let known = all_words().find(|known| known.eq_ignore_ascii_case(word));
        self.words.push(known.ok_or_else(|| unknown(word))?.to_owned());
        Ok(())
    }
}

fn rows() -> impl Iterator<Item = &'static Hcall> {
    HCALLS.iter().flat_map(|rows| rows.iter())
}

/// Families of hypercalls and services, and function sets, sorted.
fn families() -> Vec<&'static str> {
    let sets = rows().filter_map(|row| row.set?.strip_prefix(SET));
    let families = rows().map(|row| row.family).chain(all_services().map(|row| row.family));
    let mut all: Vec<_> = families.chain(sets).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// All words of a filter but LIOBNs.
fn all_words() -> impl Iterator<Item = &'static str> {
    let names = tokens::NAMES.iter().copied().chain(all_services().map(|row| row.name));
    ["all", machine::watcher::UNKNOWN].into_iter().chain(families()).chain(names)
}

fn unknown(word: &str) -> String {
    let services: Vec<_> = all_services().map(|row| row.name).collect();
    let names: Vec<_> = rows().map(|row| row.name).collect();
    format!(
        "`{word}` is no word of a filter; families are {}; hypercalls are {}; RTAS services are {}; then there is \
         liobn=NUMBER",
        families().join(" "),
        names.join(" "),
        services.join(" ")
    )
}

/// The grammar, for `--help`.
pub fn help() -> String {
    format!(
        "Write a line for each hypercall to stderr: time in seconds, CPU, the tier that answered, name, arguments, \
         status, answers; the entries of a list; what the call displaced; the name, arguments and outputs of an RTAS \
         call.\n\nFILTER selects calls by words with commas between; quote it, because of the ! in a shell:\n\
         tce          a family of calls: {}\n\
         H_PUT_TCE    a hypercall by its name; `unknown` is every one that PAPR does not know\n\
         ibm,get-xive an RTAS service by its name\n\
         liobn=NUMBER calls on this DMA window; with words before, only of the calls that name a window\n\
         !WORD        not these\n\
         Without a word that is not negated, everything else is shown: '--trace=!term' is all but the console.\n\
         While they are traced, TCE and RTAS calls of several CPUs are made one after another.",
        families().join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, liobn: Option<u64>) -> Subject {
        let service = all_services().find(|row| row.name == name);
        let hcall = rows().find(|row| row.name == if service.is_some() { "H_RTAS" } else { name });
        Subject {
            name: hcall.map_or(machine::watcher::UNKNOWN, |row| row.name),
            hcall,
            service,
            liobn,
        }
    }

    /// The calls of a fixed list that a filter selects.
    fn selected(filter: &str) -> Vec<&'static str> {
        let calls: [(&str, Option<u64>); 8] = [
            ("H_PUT_TCE", Some(0x8000_0000)),
            ("H_STUFF_TCE", Some(0x7100_0002)),
            ("H_PUT_TERM_CHAR", None),
            ("H_EOI", None),
            ("H_REGISTER_VPA", None),
            ("ibm,get-xive", None),
            ("ibm,remove-pe-dma-window", Some(0x8000_0000)),
            ("unknown", None),
        ];
        let filter: Filter = filter.parse().expect(filter);
        let chosen = calls.into_iter().filter(|&(name, liobn)| filter.selects(&call(name, liobn)));
        chosen.map(|(name, _)| name).collect()
    }

    #[test]
    fn words_select_and_negated_words_take_away() {
        let [put, stuff, term] = ["H_PUT_TCE", "H_STUFF_TCE", "H_PUT_TERM_CHAR"];
        let [eoi, vpa, xive] = ["H_EOI", "H_REGISTER_VPA", "ibm,get-xive"];
        let remove = "ibm,remove-pe-dma-window";
        assert_eq!(selected("all"), [put, stuff, term, eoi, vpa, xive, remove, "unknown"]);
        assert_eq!(selected("!term"), [put, stuff, eoi, vpa, xive, remove, "unknown"]);
        assert_eq!(selected("tce,rtas,!term"), [put, stuff, xive, remove]);
        assert_eq!(selected("multi-tce"), [stuff]);
        assert_eq!(selected("splpar,xics"), [eoi, vpa, xive]);
        assert_eq!(selected("h_put_tce,ibm,get-xive"), [put, xive]);
        assert_eq!(selected("rtas,!ibm,get-xive"), [remove]);
        assert_eq!(selected("ddw,unknown"), [remove, "unknown"]);
        assert_eq!(selected("all,!H_RTAS,!tce"), [term, eoi, vpa, "unknown"]);
    }

    #[test]
    fn a_liobn_selects_calls_that_name_it_and_narrows_words() {
        let [put, stuff, remove] = ["H_PUT_TCE", "H_STUFF_TCE", "ibm,remove-pe-dma-window"];
        assert_eq!(selected("liobn=0x80000000"), [put, remove]);
        assert_eq!(selected("tce,liobn=0x71000002"), [stuff]);
        assert_eq!(selected("term,tce,liobn=0x71000002"), [stuff, "H_PUT_TERM_CHAR"]);
        assert_eq!(selected("tce,!liobn=0x71000002"), [put]);
        assert_eq!(selected("liobn=0x80000000,liobn=0x71000002,!ddw"), [put, stuff]);
    }

    #[test]
    fn an_unknown_word_is_refused_with_what_there_is() {
        for text in
            ["", "tce,", "!", "nonsense", "H_NOPE", "ibm,", "ibm", "ibm,nothing", "tce rtas"]
        {
            let why = text.parse::<Filter>().expect_err(text);
            for word in
                ["no word", " tce ", " xics", "H_PUT_TCE ", "ibm,create-pe-dma-window", "liobn="]
            {
                assert!(why.contains(word), "{text}: {why}");
            }
        }
        for text in ["liobn=", "liobn=0x1ffffffff", "liobn=-1", "liobn=x"] {
            assert!(text.parse::<Filter>().expect_err(text).contains("32 bits"), "{text}");
        }
    }

    #[test]
    fn every_row_is_selected_by_its_family_its_set_and_its_name() {
        for row in rows() {
            let set = row.set.and_then(|set| set.strip_prefix(SET));
            for word in [Some(row.family), set, Some(row.name)].into_iter().flatten() {
                let filter: Filter = word.parse().expect(word);
                assert!(filter.selects(&call(row.name, None)), "{word}");
            }
        }
    }
}
