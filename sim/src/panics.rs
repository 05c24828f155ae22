//! The panic hook: inside a run a panic is noted and not printed.
//!
//! A campaign of a thousand runs would fill the terminal with panics that the program may well handle. The hook is installed
//! once per process and decides by thread: outside a run it calls the hook that was there before, so tests running in
//! parallel, and the user's own hook, see no difference.
//!
//! A panic that is not the program's is no finding: [`Trial::perform`](crate::trial::Trial::perform) says what was noted of it in
//! another, outside of the run.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, Location};
use std::path::Path;
use std::sync::Once;

use crate::context;
use crate::run::{PanicNote, Phase, Run};
use crate::site::Stack;

pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let noted = context::try_with(|run| {
                run.notes.panicked(note(info.payload(), info.location(), run));
            });
            if noted.is_none() {
                before(info);
            }
        }));
    });
}

fn note(payload: &(dyn Any + Send), place: Option<&Location<'_>>, run: &Run) -> PanicNote {
    PanicNote {
        task: run.current(),
        message: message(payload),
        place: place.map(|at| (at.file().to_owned(), at.line(), at.column())),
        stack: place.filter(|at| may_be_anothers(at)).map(|_| Stack::capture()),
        in_teardown: run.phase() == Phase::TearingDown,
        // Nothing of the program's runs while they are lent out.
        in_choices: run.choices.try_borrow().is_err(),
    }
}

/// Whether `place` may be in another crate. The files of a package that is tested have relative paths; of those the line says enough, and
/// a program that panics over and over pays for no stacks.
fn may_be_anothers(place: &Location<'_>) -> bool {
    Path::new(place.file()).is_absolute()
}

/// Calls `f`, which is the program's, between polls: a waker, a destructor. A panic must not take the run loop with it, and nobody hears
/// of it but by its note, which is made here if the hook has made none: the program may have put one of its own in its place.
pub(crate) fn noting(f: impl FnOnce()) {
    let Err(payload) = panic::catch_unwind(AssertUnwindSafe(f)) else { return };
    context::try_with(|run| {
        let is_told = |note: &PanicNote| note.task == run.current() && note.message == message(&*payload);
        if !run.notes.panics().iter().any(is_told) {
            run.notes.panicked(note(&*payload, None, run));
        }
    });
}

/// What to say of a panic in `run` that is not the program's: that of what answers the choices, wherever it was caught, or one that
/// has left the run with `payload`.
pub(crate) fn bug(run: &Run, payload: Option<&(dyn Any + Send)>) -> String {
    let has_left = payload.is_some();
    let payload = payload.map(message);
    let notes = run.notes.panics();
    let in_choices = notes.iter().find(|note| note.in_choices);
    let in_choices = in_choices.filter(|_| has_left || run.choices.borrow().has_panicked());
    let note = in_choices.or_else(|| notes.iter().rfind(|note| Some(&note.message) == payload.as_ref()));
    let what = note.map(|note| note.message.clone()).or(payload).unwrap_or_else(|| "no hook saw it".into());
    let place = note.and_then(|note| note.place.as_ref());
    let place = place.map_or_else(String::new, |(file, line, column)| format!("\n  at {file}:{line}:{column}"));
    let whose = match in_choices {
        Some(_) => {
            "\n  in what answers the choices of a run: if that is a `Choose` of your own (`answered_by`) it is at fault, else this is a bug of \
             reveille, and worth an issue with these lines"
        }
        None => {
            "\n  outside of all tasks of the run: if the line is yours (what makes an `Oracle`) it is at fault, else this is a bug of reveille, and \
             worth an issue with these lines"
        }
    };
    format!("reveille: a panic that is not the program's: {what}{place}{whose}")
}

/// The text of a panic, where it has one.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic whose payload is not a text").to_owned()
}
