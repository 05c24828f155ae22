//! Generated programs under generated schedules.

use reveille::{Explore, Failure, explore};

use crate::Circumstances;
use crate::program::model::Setting;
use crate::program::{Interpreter, Mode, Program, decode, minimize, model};

/// Reads a program and the answers to its run's choices, and holds the run against the model of the language and against
/// all that any test looks for.
///
/// # Panics
/// If there is a finding: the program is correct, so it is one about the harness.
///
/// ```
/// reveille_properties::fuzz::schedule(&[2, 3, 0, 0, 3, 0, 0, 1, 1, 1]);
/// ```
pub fn schedule(bytes: &[u8]) {
    let (program, answers) = decode(bytes);
    judge(program, answers, Mode::Uncut);
}

/// The same with every task of the program in [`cancellable`](reveille::cancel::cancellable): the answers also say where
/// tasks are dropped.
///
/// # Panics
/// If there is a finding.
///
/// ```
/// reveille_properties::fuzz::cancel(&[2, 3, 0, 0, 3, 0, 0, 1, 1, 1]);
/// ```
pub fn cancel(bytes: &[u8]) {
    let (program, answers) = decode(bytes);
    judge(program.tame_for_cuts(), answers, Mode::Cuttable);
}

fn judge(program: Program, answers: &[u8], mode: Mode) {
    let Err(failure) = perform(&program, mode, Circumstances::of_bytes(answers).explore()) else { return };
    let kind = failure.kind();
    // Which schedule breaks a smaller program is another one: it is searched for, and shrunk in its turn.
    let fails = |candidate: &Program| search(candidate, mode).is_err_and(|failure| failure.kind() == kind);
    let program = minimize(program, fails);
    let failure = search(&program, mode).err().unwrap_or(failure);
    panic!("{failure}\n  in the program {program:#?}");
}

fn search(program: &Program, mode: Mode) -> Result<(), Failure> {
    perform(program, mode, explore().runs(200))
}

fn perform(program: &Program, mode: Mode, explore: Explore) -> Result<(), Failure> {
    let run = || {
        let program = program.clone();
        async move {
            let outcome = Interpreter { mode, ..Interpreter::default() }.perform(program.clone()).await;
            model::check_in(&program, &outcome, Setting { mode, ..Setting::default() })
        }
    };
    explore.name("fuzz").deny_detached().run(run).map(drop)
}
