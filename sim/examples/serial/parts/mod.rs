//! The driver, the task, both kinds of hardware, and who shows them.

pub(crate) mod board;
mod driver;
mod echo;
pub(crate) mod firmware;
mod line;
pub(crate) mod program;
mod ring;

use program::{Mistake, explored};

/// The two mistakes, and none.
#[allow(dead_code, reason = "the tests look at the forms themselves")]
const FORMS: [(&str, Mistake); 3] = [
    ("checks_then_registers", Mistake::ChecksThenRegisters),
    ("overwrites", Mistake::Overwrites),
    ("mended", Mistake::None),
];

/// Shows the forms named on the command line, or all of them.
#[allow(dead_code, reason = "the tests look at the forms themselves")]
pub(crate) fn main() {
    let asked = std::env::args().nth(1);
    let mut known: Vec<_> = FORMS.iter().map(|form| form.0).collect();
    known.push("firmware");
    if let Some(unknown) = asked.as_deref().filter(|asked| !known.contains(asked)) {
        eprintln!("no form is called `{unknown}`; there are {}", known.join(", "));
        std::process::exit(2);
    }
    let is_asked = |name| asked.as_deref().is_none_or(|asked| asked == name);
    for (name, mistake) in FORMS.into_iter().filter(|(name, _)| is_asked(*name)) {
        let text = explored(mistake).map_or_else(|failure| failure.to_string(), |passed| passed.to_string());
        println!("== {name}\n{text}\n");
    }
    if is_asked("firmware") {
        println!("== firmware\n{} bytes came back", firmware::echo_from_another_thread(1_000));
    }
}
