//! What is said of async Rust, shown by programs that run: a row for each claim, with the figures that its program came to.
//!
//! See `run.sh`.
#![recursion_limit = "512"]

mod cancelling;
mod handles;
mod laziness;
mod memory;
mod streams;

/// A claim, and what the program that shows it came to.
struct Row {
    claim: &'static str,
    program: &'static str,
    figures: String,
    /// The figures are of this machine; a star says so, and `run.sh --check` does not compare them.
    varies: bool,
}

impl Row {
    fn new(claim: &'static str, program: &'static str, figures: impl Into<String>) -> Self {
        Self { claim, program, figures: figures.into(), varies: false }
    }

    fn varying(claim: &'static str, program: &'static str, figures: impl Into<String>) -> Self {
        Self { varies: true, ..Self::new(claim, program, figures) }
    }
}

fn main() {
    println!("| claim | program | it prints |\n|---|---|---|");
    let rows = [laziness::rows(), memory::rows(), handles::rows(), cancelling::rows(), streams::rows()];
    for Row { claim, program, figures, varies } in rows.into_iter().flatten() {
        let star = if varies { "*" } else { "" };
        println!("| {claim} | `{program}` | {figures}{star} |");
    }
}
