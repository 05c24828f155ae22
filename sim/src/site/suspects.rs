//! What in a function's text may make it run otherwise when it is repeated: told by the words it uses.
//!
//! A hint and not a verdict: what a type or a function does whose name is not among these, the text does not tell.

use std::path::Path;

use super::Site;
use super::source::body_at;
use super::tokens::{Token, Tokens};
use crate::site::place::Paths;

/// Something that no seed repeats, and where it is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Suspect {
    pub(crate) site: Site,
    /// Its name in the text.
    pub(crate) name: String,
    pub(crate) why: &'static str,
}

/// A place in a text (line and column, from 1), the word there, and why it is suspect.
type Named<'a> = ((u32, u32), &'a str, &'static str);

/// A few of the suspects in the functions that `sites` are in.
pub(crate) fn suspects<'a>(sites: impl IntoIterator<Item = &'a Site>) -> Vec<Suspect> {
    const SHOWN: usize = 4;
    let paths = Paths::current();
    let mut found = Vec::new();
    for site in sites.into_iter().filter(|site| site.line != 0) {
        let Ok(text) = std::fs::read_to_string(paths.absolute(Path::new(&site.file))) else { continue };
        found.extend(in_function(&text, (site.line, site.column)).into_iter().map(|((line, column), name, why)| {
            Suspect { site: Site { file: site.file.clone(), line, column }, name: name.to_owned(), why }
        }));
    }
    found.sort();
    // Once a line is enough.
    found.dedup_by(|one, two| (&one.site.file, one.site.line, &one.name) == (&two.site.file, two.site.line, &two.name));
    found.truncate(SHOWN);
    found
}

/// The suspects in the function of `text` that `position` is in.
fn in_function(text: &str, position: (u32, u32)) -> Vec<Named<'_>> {
    let Some((start, end)) = body_at(text, position) else { return Vec::new() };
    let tokens: Vec<_> = Tokens::new(text).filter(|(at, _)| (start..=end).contains(at)).collect();
    let mut found = Vec::new();
    for (nth, (at, token)) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let follow = |offset: usize| tokens.get(nth + offset).map(|(_, token)| *token);
        let why = match *word {
            "HashMap" | "HashSet" | "RandomState" => Some("its order is another in each run"),
            "SystemTime" => Some("the wall clock"),
            // `std::time::Instant`; one that was imported may be `reveille::time`'s.
            "time" if follow(3) == Some(Token::Word("Instant")) && is_std(&tokens, nth) => Some("the wall clock"),
            "rand" | "fastrand" | "thread_rng" | "getrandom" => {
                Some("a generator that no seed of the run repeats; `reveille::rng` is repeatable")
            }
            "thread" if follow(3) == Some(Token::Word("spawn")) => Some("another thread, which no schedule decides"),
            "select" if follow(1) == Some(Token::Mark('!')) && follow(3) != Some(Token::Word("biased")) => Some(
                "without `biased;` its branches are polled in an order of its own; `reveille::select!` asks the run",
            ),
            _ => None,
        };
        found.extend(why.map(|why| (*at, *word, why)));
    }
    found
}

/// Whether the word at `nth` comes after `std::`.
fn is_std(tokens: &[((u32, u32), Token<'_>)], nth: usize) -> bool {
    nth >= 3 && tokens[nth - 3].1 == Token::Word("std")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const TEXT: &str = "fn before() { let map = HashMap::new(); }
async fn waits() {
    let start = std::time::Instant::now();
    let fine = reveille::time::Instant::now();
    select! { biased; _ = one => {} }
    futures::select! { _ = two => {} }
    // SystemTime
    std::thread::spawn(|| {});
    let number = rand::random();
}
fn after() { SystemTime::now(); }
";

    #[test]
    fn what_no_seed_repeats_is_found_in_the_function_and_nowhere_else() {
        let found = in_function(TEXT, (5, 9));
        let lines: Vec<_> = found.iter().map(|((line, _), ..)| *line).collect();
        assert_eq!(lines, [3, 6, 8, 9], "{found:?}");
        assert_eq!(in_function(TEXT, (1, 20)).len(), 1);
        assert_eq!(in_function("const A: u8 = 1;", (1, 5)), []);
    }
}
