//! What in a function's text may make it run otherwise when it is repeated: told by the words it uses.
//!
//! A hint and not a verdict: what a type or a function does whose name is not among these, the text does not tell.

use std::collections::BTreeSet;
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

/// So many are enough.
const SHOWN: usize = 4;

/// A few of the suspects in the functions that `sites` are in.
pub(crate) fn suspects<'a>(sites: impl IntoIterator<Item = &'a Site>) -> Vec<Suspect> {
    let mut found = found_by(in_function, sites);
    // Once a line is enough.
    found.dedup_by(|one, two| (&one.site.file, one.site.line, &one.name) == (&two.site.file, two.site.line, &two.name));
    found.truncate(SHOWN);
    found
}

/// What `find` has for `sites` in the texts of their files, in the order of places.
fn found_by<'a>(
    find: impl Fn(&str, (u32, u32)) -> Vec<Named<'_>>,
    sites: impl IntoIterator<Item = &'a Site>,
) -> Vec<Suspect> {
    let paths = Paths::current();
    let mut found = Vec::new();
    for site in sites.into_iter().filter(|site| site.line != 0) {
        let Ok(text) = std::fs::read_to_string(paths.absolute(Path::new(&site.file))) else { continue };
        found.extend(find(&text, (site.line, site.column)).into_iter().map(|((line, column), name, why)| Suspect {
            site: Site { file: site.file.clone(), line, column },
            name: name.to_owned(),
            why,
        }));
    }
    found.sort();
    found
}

/// The suspects in the function of `text` that `position` is in.
fn in_function(text: &str, position: (u32, u32)) -> Vec<Named<'_>> {
    let Some((start, end)) = body_at(text, position) else { return Vec::new() };
    let tokens: Vec<_> = Tokens::new(text).filter(|(at, _)| (start..=end).contains(at)).collect();
    let imports_instant = imports_instant(text);
    let mut found = Vec::new();
    for (nth, (at, token)) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let follow = |offset: usize| tokens.get(nth + offset).map(|(_, token)| *token);
        let why = match *word {
            "HashMap" | "HashSet" | "RandomState" | "DashMap" | "DashSet" => Some("its order is another in each run"),
            "StreamMap" => Some("the stream that it begins with is another in each run"),
            "as_ptr" => Some("addresses are others in each run, and so is their order"),
            "SystemTime" | "now_utc" => Some("the wall clock"),
            "Utc" | "Local" if follow(3) == Some(Token::Word("now")) => Some("the wall clock"),
            // One that was imported may be `reveille::time`'s.
            "Instant" if is_after(&tokens, nth, &["std", "time"]) => Some("the wall clock"),
            "Instant" if imports_instant && !is_after(&tokens, nth, &["time"]) => Some("the wall clock"),
            "rand" | "fastrand" | "thread_rng" | "getrandom" | "OsRng" | "ThreadRng" | "from_os_rng"
            | "from_entropy" => Some("a generator that no seed of the run repeats; `reveille::rng` is repeatable"),
            "new_v1" | "new_v4" | "new_v6" | "new_v7" | "now_v1" | "now_v6" | "now_v7" => {
                Some("an id that is another in each run; one made of `reveille::rng` is repeatable")
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

/// Whether the word at `nth` comes after `path`, as in `std::time::Instant`.
fn is_after(tokens: &[((u32, u32), Token<'_>)], nth: usize, path: &[&str]) -> bool {
    let mut before = path.iter().rev().zip(1..);
    before.all(|(word, nth_back)| nth >= 3 * nth_back && tokens[nth - 3 * nth_back].1 == Token::Word(word))
}

/// Whether a `use` anywhere in `text` brings in `std::time::Instant`, by name and under its own.
fn imports_instant(text: &str) -> bool {
    let mut words = Vec::new();
    for (_, token) in Tokens::new(text) {
        match token {
            Token::Word("use") => words.clear(),
            Token::Mark(';') => match &words[..] {
                ["std", "time", names @ ..] if names.contains(&"Instant") => return true,
                _ => {}
            },
            Token::Word(word) => words.push(word),
            Token::Mark(_) | Token::Arrow => {}
        }
    }
    false
}

/// A few of the `static`s of the files of `sites` that the functions which these are in name: what they hold outlives a run.
pub(crate) fn statics<'a>(sites: impl IntoIterator<Item = &'a Site>) -> Vec<Suspect> {
    let mut found = found_by(statics_in, sites);
    let mut names = BTreeSet::new();
    found.retain(|suspect| names.insert(suspect.name.clone()));
    found.truncate(SHOWN);
    found
}

/// Where the function of `text` that `position` is in names one of the `static`s of `text`.
fn statics_in(text: &str, position: (u32, u32)) -> Vec<Named<'_>> {
    let Some((start, end)) = body_at(text, position) else { return Vec::new() };
    let tokens: Vec<_> = Tokens::new(text).collect();
    let declared = |name: &str| {
        let is_one = |pair: &[((u32, u32), Token<'_>)]| {
            matches!(pair[0].1, Token::Word("static" | "mut")) && pair[1].1 == Token::Word(name)
        };
        name.chars().all(|letter| !letter.is_lowercase()) && tokens.windows(2).any(is_one)
    };
    let within = tokens.iter().filter(|(at, _)| (start..=end).contains(at));
    let words = within.filter_map(|(at, token)| match token {
        Token::Word(word) => Some((*at, *word, "a `static`")),
        _ => None,
    });
    words.filter(|(_, word, _)| declared(word)).collect()
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
        assert_eq!(found[0].1, "Instant");
        assert_eq!(in_function(TEXT, (1, 20)).len(), 1);
        assert_eq!(in_function("const A: u8 = 1;", (1, 5)), []);
    }

    #[test]
    fn ids_addresses_and_the_maps_of_other_crates_are_among_them() {
        let text = "async fn waits() { let id = Uuid::new_v4(); let map = dashmap::DashMap::new();
            let first = Arc::as_ptr(&one) < Arc::as_ptr(&two); let streams = StreamMap::new(); let now = Utc::now(); }";
        let found = in_function(text, (1, 20));
        let names: Vec<_> = found.iter().map(|(_, name, _)| *name).collect();
        assert_eq!(names, ["new_v4", "DashMap", "as_ptr", "as_ptr", "StreamMap", "Utc"]);
    }

    #[test]
    fn an_instant_that_is_imported_is_the_wall_clocks_if_it_is_the_standard_librarys() {
        let body = "async fn waits() { let start = Instant::now(); let fine = time::Instant::now(); }";
        let found = |imports: &str| in_function(&format!("{imports}\n{body}"), (2, 25)).len();
        assert_eq!(found("use std::time::{Duration, Instant};"), 1);
        assert_eq!(found("use std::time::Duration; use reveille::time::Instant;"), 0);
        assert_eq!(found(""), 0);
    }

    #[test]
    fn a_static_that_the_function_names_is_one_of_its_file() {
        let text = "static NEXT: AtomicU64 = AtomicU64::new(0);
const LIMIT: u64 = 7;
thread_local! { static SEEN: Cell<u64> = Cell::new(0); }
async fn waits() { static ONCE: OnceCell<u8> = OnceCell::const_new(); NEXT.fetch_add(1); if LIMIT > 3 { SEEN.get(); } }
fn other() { OTHER.get(); }
static OTHER: u8 = 1;
";
        let names: Vec<_> = statics_in(text, (4, 20)).into_iter().map(|(_, name, _)| name).collect();
        assert_eq!(names, ["ONCE", "NEXT", "SEEN"]);
    }
}
