// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Every number that the tree cites is in `docs/` once, prose avoids some words, and
//! ARCHITECTURE.md lists each file that opens `unsafe`.
//!
//! `docs/README.md` has the forms of a citation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Files with these extensions are read, and Makefiles.
const EXTENSIONS: [&str; 8] = ["rs", "md", "c", "h", "S", "sh", "toml", "yml"];

/// The documents whose sections are cited by number.
const DOCUMENTS: [&str; 2] = ["papr-tce", "pseries-boot"];

/// Words and phrases that prose avoids. A capitalised word is one that begins no sentence.
const AVOIDED: [&str; 19] = [
    "What",
    "Who",
    "Whether",
    "Which",
    "The same",
    "told",
    "tell",
    "tells",
    "anew",
    "nobody",
    "somebody",
    "lately",
    "for ever",
    "that is none",
    "so many",
    "any more",
    "eye",
    "wire",
    "mad",
];

/// A file of the tree: its path from the root, and its text.
struct File {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files of the tree with one of the extensions, in order. Hidden folders and `target` are left out.
fn tree() -> Vec<File> {
    let mut files = Vec::new();
    collect(&root(), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 300, "the tree is here");
    files
}

fn collect(dir: &Path, path: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(dir).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().expect("a type");
        let full = format!("{path}{name}");
        if kind.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&entry.path(), &format!("{full}/"), files);
            }
        } else if kind.is_file()
            && (name == "Makefile"
                || EXTENSIONS.iter().any(|ext| full.ends_with(&format!(".{ext}"))))
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            files.push(File { path: full, text });
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Words with the numbers of their lines. Marks of comments are left out, so that a citation may
/// continue on the next line.
fn words(text: &str) -> Vec<(&str, usize)> {
    let mut words = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let all = line.split_whitespace();
        let marks = ["//", "///", "//!", "#", "*"];
        words.extend(all.filter(|word| !marks.contains(word)).map(|word| (word, number + 1)));
    }
    words
}

/// A word without the punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| "\"`()[]{}<>,;:.|*_\\".contains(c))
}

/// The number of a section or a bug that a word is, as written in `docs/`.
fn number(word: &str) -> Option<String> {
    let word = bare(word).replace('′', "'");
    let word = word.strip_prefix('#').unwrap_or(&word);
    word.starts_with(|c: char| c.is_ascii_digit()).then(|| word.to_owned())
}

/// The name of a section of the form A.2.
fn letter(word: &str) -> Option<String> {
    let (letter, rest) = bare(word).split_once('.')?;
    let section = letter.len() == 1 && letter.starts_with(|c: char| c.is_ascii_uppercase());
    (section && rest.starts_with(|c: char| c.is_ascii_digit())).then(|| bare(word).to_owned())
}

/// The list that begins at a word: `7.5, 7.6 and 7.9`, `7.82 to 7.87`. All numbers of a range are in it.
fn list(words: &[(&str, usize)], read: fn(&str) -> Option<String>) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    let mut at = 0;
    while let Some(&(word, line)) = words.get(at) {
        let Some(this) = read(word) else { break };
        found.push((this, line));
        let next = |n: usize| words.get(at + n).map_or("", |(word, _)| *word);
        let joins = ["and", "or", "to"].contains(&next(1));
        if next(1) == "to"
            && let (Some(end), Some((from, _))) = (read(next(2)), found.last())
        {
            let between = between(from, &end);
            found.extend(between.into_iter().map(|number| (number, line)));
        }
        at += match () {
            () if joins && (word.ends_with(',') || bare(word).len() == word.len()) => 2,
            () if word.ends_with(',') && read(next(1)).is_some() => 1,
            () => break,
        };
    }
    found
}

/// The numbers between two of one chapter.
fn between(from: &str, to: &str) -> Vec<String> {
    let split = |number: &str| {
        let (chapter, last) = number.rsplit_once('.').unwrap_or(("", number));
        last.parse::<u32>().ok().map(|last| (chapter.to_owned(), last))
    };
    match (split(from), split(to)) {
        (Some((chapter, from)), Some((same, to))) if chapter == same => {
            let dot = if chapter.is_empty() { "" } else { "." };
            (from + 1..to).map(|n| format!("{chapter}{dot}{n}")).collect()
        }
        _ => Vec::new(),
    }
}

/// Citations of a text: document, number, line. The document of a bug is `bug`.
fn citations(text: &str) -> Vec<(&'static str, String, usize)> {
    let words = words(text);
    let mut found = Vec::new();
    for (at, (word, _)) in words.iter().enumerate() {
        let rest = &words[at + 1..];
        let word = bare(word);
        let (document, numbers) = match DOCUMENTS.into_iter().find(|name| *name == word) {
            Some("papr-tce") => ("papr-tce", list(rest, number)),
            Some(other) => (other, list(rest, letter)),
            None => match word.to_lowercase().as_str() {
                "bug" | "bugs" => ("bug", list(rest, number)),
                "clause" | "clauses" => ("clause", list(rest, number)),
                _ => continue,
            },
        };
        found.extend(numbers.into_iter().map(|(number, line)| (document, number, line)));
    }
    found
}

/// The anchor that a line of a document is: document and number.
fn anchor(path: &str, line: &str) -> Option<(String, String)> {
    let document = path.strip_prefix("docs/")?.split('/').next()?.trim_end_matches(".md");
    if let Some(clause) = line.strip_prefix("- **") {
        let number = clause.split_once("**")?.0;
        return Some((document.to_owned(), number.to_owned()));
    }
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim();
    match heading.strip_prefix("Bug ") {
        Some(number) => Some(("bug".to_owned(), number.to_owned())),
        None => {
            let first = heading.split(' ').next()?;
            let number = number(first).or_else(|| letter(first))?;
            Some((document.to_owned(), number))
        }
    }
}

/// Every anchor of `docs/` with its places.
fn anchors(files: &[File]) -> BTreeMap<(String, String), Vec<String>> {
    let mut anchors: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(anchor) = anchor(&file.path, line) {
                anchors.entry(anchor).or_default().push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    anchors
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} places:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_citation_is_one_place_of_docs() {
    let files = tree();
    let anchors = anchors(&files);
    let mut wrong = Vec::new();
    let mut cited = 0;
    for file in &files {
        for (document, number, line) in citations(&file.text) {
            cited += 1;
            let at = format!("{}:{line}", file.path);
            if document == "clause" {
                wrong.push(format!("{at}: write papr-tce and 7.{number}, not clause {number}"));
            } else if !anchors.contains_key(&(document.to_owned(), number.clone())) {
                wrong.push(format!("{at}: docs/ has no {document} {number}"));
            }
        }
    }
    for ((document, number), places) in &anchors {
        if places.len() > 1 {
            wrong.push(format!("{document} {number} is in several places: {places:?}"));
        }
    }
    report(&wrong);
    assert!(cited > 400, "{cited} citations");
}

#[test]
fn all_bugs_and_clauses_are_there() {
    let anchors = anchors(&tree());
    let bugs = (1..=67).map(|n| ("bug", n.to_string())).chain([("bug", "50'".to_owned())]);
    let clauses = (1..=100).map(|n| ("papr-tce", format!("7.{n}")));
    for (document, number) in bugs.chain(clauses) {
        let key = (document.to_owned(), number);
        assert!(anchors.contains_key(&key), "{key:?}");
    }
}

#[test]
fn a_test_begins_with_no_bare_number() {
    let mut wrong = Vec::new();
    for file in tree().iter().filter(|file| file.path.ends_with(".rs")) {
        let lines: Vec<_> = file.text.lines().collect();
        for (number, pair) in lines.windows(2).enumerate() {
            let comment = pair[0].trim().strip_prefix("// ").unwrap_or_default();
            let rest = comment.trim_start_matches(|c: char| c.is_ascii_digit());
            let list = rest.is_empty() || rest.starts_with([',', ';', ':', '.']);
            if pair[1].trim() == "#[test]" && rest.len() < comment.len() && list {
                wrong.push(format!("{}:{}: a number of no document", file.path, number + 1));
            }
        }
    }
    report(&wrong);
}

#[test]
fn links_between_documents_lead_to_files() {
    let mut wrong = Vec::new();
    for file in tree().iter().filter(|file| file.path.starts_with("docs/")) {
        let folder = root().join(&file.path).parent().expect("a folder").to_owned();
        for link in file.text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap_or_default();
            if !link.is_empty() && !link.contains("://") && !folder.join(link).exists() {
                wrong.push(format!("{}: {link}", file.path));
            }
        }
    }
    report(&wrong);
}

#[test]
fn each_case_of_the_profiles_is_a_row_of_the_table_of_differences() {
    let table = read("docs/papr-tce/2-hypercalls.md");
    let table = table.split("## 2.7").nth(1).and_then(|rest| rest.split("## 2.8").next());
    let rows: Vec<_> = table.expect("papr-tce 2.7").lines().collect();
    let names = rows.iter().filter_map(|row| row.strip_prefix("| ")?.split(" |").next());
    let names: Vec<_> = names.collect();
    let profiles = read("hcall/tests/all/profiles.rs");
    let cases =
        profiles.lines().filter_map(|line| line.strip_prefix("    \"")?.split_once("\": H_"));
    let cases: Vec<_> = cases.map(|(case, _)| case).collect();
    assert!(cases.len() > 30, "{cases:?}");
    for case in cases {
        assert!(names.iter().any(|name| case.starts_with(name)), "papr-tce 2.7 has no row {case}");
    }
}

/// The words of prose: all of a document but its code, and the comments of a program. Strings of a
/// program are left out.
fn prose(file: &File) -> Vec<(String, usize)> {
    let (mut words, mut inside) = (Vec::new(), false);
    for (number, line) in file.text.lines().enumerate() {
        let spoken = match file.path.rsplit_once('.').map_or("", |(_, ext)| ext) {
            "md" => {
                inside ^= line.trim_start().starts_with("```");
                if inside { String::new() } else { line.to_owned() }
            }
            "c" | "h" | "S" => in_blocks(line, &mut inside) + &behind(line, "//"),
            "rs" => behind(line, "//"),
            _ => behind(line, "#"),
        };
        let spoken = spoken.split('`').step_by(2).collect::<Vec<_>>().join("` `");
        let spoken = spoken.split_whitespace().map(|word| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '`');
            (word.to_owned(), number + 1)
        });
        words.extend(spoken.filter(|(word, _)| !word.is_empty()));
    }
    words
}

/// The comment that begins with a mark: on a line of its own, or behind code.
fn behind(line: &str, mark: &str) -> String {
    let own = line.trim_start().strip_prefix(mark);
    let other = || line.split_once(&format!(" {mark} ")).map(|(_, comment)| comment);
    own.or_else(other).unwrap_or_default().to_owned()
}

/// The parts of a line that are in comments of C between `/*` and `*/`. `inside` is true where the line begins in one.
fn in_blocks(line: &str, inside: &mut bool) -> String {
    let (mut spoken, mut rest) = (String::new(), line);
    loop {
        let mark = if *inside { "*/" } else { "/*" };
        let Some((before, behind)) = rest.split_once(mark) else { break };
        spoken += if *inside { before } else { " " };
        (*inside, rest) = (!*inside, behind);
    }
    spoken + if *inside { rest } else { "" }
}

fn is_at(phrase: &str, words: &[(String, usize)]) -> bool {
    let mut rest = words.iter();
    phrase.split(' ').all(|want| match rest.next() {
        Some((word, _)) if want.starts_with(char::is_uppercase) => word == want,
        // A word in capitals is a name, as SRP's MAD is.
        Some((word, _)) => word.eq_ignore_ascii_case(want) && *word != want.to_uppercase(),
        None => false,
    })
}

#[test]
fn prose_keeps_to_the_rules_of_words() {
    let mut wrong = Vec::new();
    for file in &tree() {
        let words = prose(file);
        for phrase in AVOIDED {
            for at in 0..words.len() {
                if is_at(phrase, &words[at..]) {
                    wrong.push(format!("{}:{}: {phrase}", file.path, words[at].1));
                }
            }
        }
    }
    report(&wrong);
}

/// The paths that ARCHITECTURE.md lists under the sentence about `unsafe`.
fn listed_unsafe() -> BTreeSet<String> {
    let text = read("ARCHITECTURE.md");
    let list = text.split("`unsafe` is opened in these files").nth(1).expect("the sentence");
    let rows = list.lines().skip(1).skip_while(|line| line.trim().is_empty());
    let rows = rows.map_while(|line| line.trim().strip_prefix("- `"));
    rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned())).collect()
}

#[test]
fn architecture_lists_each_file_that_opens_unsafe() {
    let opens = |line: &str| {
        let line = line.trim_start();
        let lint = line.contains("allow(") || line.contains("expect(");
        line.starts_with('#') && lint && line.contains("unsafe_code")
    };
    let files = tree();
    let programs = files.iter().filter(|file| file.path.ends_with(".rs"));
    let open: BTreeSet<_> = programs
        .filter(|file| file.text.lines().any(opens))
        .map(|file| file.path.clone())
        .collect();
    assert_eq!(listed_unsafe(), open, "ARCHITECTURE.md (left) and the tree (right)");
}

#[test]
fn a_citation_may_be_a_list_a_range_and_continue_on_the_next_line() {
    let text =
        concat!("// papr-", "tce 6.4 and 7.1,\n//! 7.2 to 7.4; bug 50′ of papr-", "tce\n/// 6.2");
    let found: Vec<_> = citations(text);
    let want = [
        ("papr-tce", "6.4", 1),
        ("papr-tce", "7.1", 1),
        ("papr-tce", "7.2", 2),
        ("papr-tce", "7.3", 2),
        ("papr-tce", "7.4", 2),
        ("bug", "50'", 2),
        ("papr-tce", "6.2", 3),
    ];
    assert_eq!(found, want.map(|(document, number, line)| (document, number.to_owned(), line)));
    let boot = concat!("pseries-boot", " A.2: RAM; Bugs", " 61 and 62, and more; clause", " 12.");
    let found: Vec<_> = citations(boot).into_iter().map(|(_, number, _)| number).collect();
    assert_eq!(found, ["A.2", "61", "62", "12"]);
    let words = prose(&File { path: "a.md".into(), text: "It runs for\never. `What` What".into() });
    assert!((0..words.len()).any(|at| is_at("for ever", &words[at..])));
    assert_eq!((0..words.len()).filter(|at| is_at("What", &words[*at..])).count(), 1);
}
