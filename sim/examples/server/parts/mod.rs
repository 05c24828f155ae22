//! The server, its clients, and who shows them.

mod accept;
mod client;
mod connection;
mod frame;
mod people;
pub(crate) mod program;
mod stop;
mod trouble;

use program::Mistake;
use reveille::{Failure, Passed};

/// The three mistakes, and none.
#[allow(dead_code, reason = "the tests look at the forms themselves")]
const FORMS: [(&str, Mistake); 4] = [
    ("torn_frame", Mistake::TornFrame),
    ("missed_signal", Mistake::MissedSignal),
    ("one_for_all", Mistake::OneForAll),
    ("mended", Mistake::None),
];

/// Shows the forms named on the command line, or all of them.
#[allow(dead_code, reason = "the tests look at the forms themselves")]
pub(crate) fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|name| !FORMS.iter().any(|form| form.0 == **name)) {
        let known: Vec<_> = FORMS.iter().map(|form| form.0).collect();
        eprintln!("no form is called `{unknown}`; there are {}", known.join(", "));
        std::process::exit(2);
    }
    for (name, mistake) in FORMS {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            println!("== {name}\n{}\n", text(program::explored(mistake)));
        }
    }
}

fn text(explored: Result<Passed, Failure>) -> String {
    explored.map_or_else(|failure| failure.to_string(), |passed| passed.to_string())
}
