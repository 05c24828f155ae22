//! The panic hook: inside a run a panic is noted and not printed.
//!
//! A campaign of a thousand runs would fill the terminal with panics that the program may well handle. The hook is installed
//! once per process and decides by thread: outside a run it calls the hook that was there before, so tests running in
//! parallel, and the user's own hook, see no difference.

use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use crate::context;
use crate::run::{PanicNote, Phase};

pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let noted = context::try_with(|run| {
                run.notes.panicked(note(info, run.current(), run.phase() == Phase::TearingDown));
            });
            if noted.is_none() {
                before(info);
            }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>, task: Option<reveille_executor::TaskId>, in_teardown: bool) -> PanicNote {
    PanicNote {
        task,
        message: message(info.payload()),
        place: info.location().map(|at| (at.file().to_owned(), at.line(), at.column())),
        in_teardown,
    }
}

/// The text of a panic, where it has one.
pub(crate) fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic whose payload is not a text").to_owned()
}
