// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Why others answer differently: each difference that is known, with the text, both behaviours,
//! and who is right.

/// An explanation, which covers some clauses.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Its number, by which a comparison cites it.
    pub number: u32,
    /// Who differs.
    pub peer: &'static str,
    /// The clauses that show it.
    pub clauses: &'static [&'static str],
    /// What it is about.
    pub title: &'static str,
    /// What the text says.
    pub text: &'static str,
    /// What tcevm does.
    pub ours: &'static str,
    /// What the peer does.
    pub theirs: &'static str,
    /// Who is right.
    pub right: &'static str,
}

/// The notes about a peer.
pub fn all(peer: &str) -> impl Iterator<Item = &'static Note> {
    NOTES.iter().filter(move |note| note.peer == peer)
}

/// The note that explains a difference of a peer in a clause.
pub fn of(peer: &str, clause: &str) -> Option<&'static Note> {
    all(peer).find(|note| note.clauses.contains(&clause))
}

/// Every note.
pub const NOTES: &[Note] = &[];
