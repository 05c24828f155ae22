//! What is said of async Rust, shown by programs that run: a row for each claim, with the figures that its program came to.
//!
//! See `run.sh`.
#![recursion_limit = "512"]

mod cancelling;
mod handles;
mod laziness;
mod memory;
mod schedulers;
mod streams;

use std::process::ExitCode;

/// What is said, and the program that shows it.
struct Claim {
    said: &'static str,
    /// The function, by which the row can be asked for.
    program: &'static str,
    show: fn() -> Shown,
}

/// What a program came to.
struct Shown {
    /// Whether that is what is said. If not, there is no table.
    holds: bool,
    figures: String,
    /// The figures are of this machine; a star says so, and `run.sh --check` does not compare them.
    varies: bool,
}

impl Shown {
    fn that(holds: bool, figures: impl Into<String>) -> Self {
        Self { holds, figures: figures.into(), varies: false }
    }

    fn here(self) -> Self {
        Self { varies: true, ..self }
    }
}

/// Prints the rows whose program has the argument in its name; all without one.
fn main() -> ExitCode {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let claims =
        [laziness::CLAIMS, memory::CLAIMS, schedulers::CLAIMS, handles::CLAIMS, cancelling::CLAIMS, streams::CLAIMS];
    println!("| claim | program | it prints |\n|---|---|---|");
    let mut all_hold = true;
    for Claim { said, program, show } in claims.into_iter().flatten().filter(|claim| claim.program.contains(&asked)) {
        let Shown { holds, figures, varies } = show();
        println!("| {said} | `{program}` | {figures}{} |", if varies { "*" } else { "" });
        if !holds {
            eprintln!("`{program}` does not show that {said}: {figures}");
            all_hold = false;
        }
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
