//! Where a task waits, in the user's own lines.
//!
//! A pending future has no stack, but whoever polls it has one: at the moment in which a leaf future clones the task's
//! waker, every future that awaits it, directly or through other crates, is a function on the stack. [`Stack::capture`]
//! belongs into that clone; it only notes addresses. [`Stack::await_site`] reads them, later and only for a report: the
//! chain of the user's awaits with file, line and column, and what the innermost of them waits for.
//!
//! The places come from line tables and nothing else, so they are right or absent: where there are none
//! ([`Lines::Missing`]) a site has function names only. Names come from symbols, or are read in the source (`source.rs`)
//! where an optimised build kept the line of an inlined function but not its path.
//!
//! Deliberately absent: what happened to a waker after it was cloned, and everything that needs a debugger's full
//! information (variables, the state of a future that was not polled).
//!
//! Known limits: a hand-written `poll` that ends in a call of another `poll` may have been replaced by it on the stack
//! (a tail call), and is missing from the chain then. Two awaits that the optimiser merged into one instruction have a
//! file but no line.

use std::fmt;
use std::panic::Location;
use std::path::Path;

mod chain;
mod known;
mod memory;
mod origin;
mod place;
mod source;
mod suspects;
mod symbol;
mod tokens;
mod way;

pub(crate) use place::Site;
pub(crate) use suspects::{Suspect, statics, suspects};
pub(crate) use way::Way;

use chain::{Chain, Function, Resolved};
use origin::Origin;
use place::Paths;

/// A captured stack: addresses only.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    frames: Vec<backtrace::Frame>,
}

impl Stack {
    /// Notes the stack of the caller; to be called inside a waker's clone or drop. Costs a walk of the stack and one
    /// vector (microseconds), and no look at any symbol.
    #[inline(never)]
    pub(crate) fn capture() -> Self {
        let mut frames = Vec::with_capacity(64);
        backtrace::trace(|frame| {
            frames.push(frame.clone());
            true
        });
        Self { frames }
    }

    /// The stack as plain addresses, innermost first: equal for stacks that are the same.
    pub(crate) fn addresses(&self) -> Vec<usize> {
        self.frames.iter().map(|frame| frame.ip() as usize).collect()
    }

    /// Where the task awaited when its waker was cloned. Of a new stack it reads the program's line tables: milliseconds, and more the
    /// first time.
    pub(crate) fn await_site(&self) -> AwaitSite {
        memory::await_site(self.addresses(), |paths| self.chain(paths).await_site())
    }

    /// The innermost line of the user: for a waker that was dropped, the line that dropped it. `None` if no line is known.
    pub(crate) fn innermost_line(&self) -> Option<Frame> {
        self.chain(&Paths::current()).innermost().filter(|frame| frame.site.line != 0)
    }

    /// The destructor that was running, as a report names it: `the destructor of app::Handle`. `None` if none was.
    pub(crate) fn destructor(&self) -> Option<String> {
        self.chain(&Paths::current()).destructor()
    }

    fn chain<'a>(&self, paths: &'a Paths) -> Chain<'a> {
        Chain::new(self.frames.iter().flat_map(|frame| functions(frame, paths)), paths)
    }
}

/// The function that `frame` is in, after those that were inlined into it there.
fn functions(frame: &backtrace::Frame, paths: &Paths) -> Vec<Function> {
    let mut functions = Vec::new();
    backtrace::resolve_frame(frame, |symbol| {
        let resolved = Resolved {
            symbol: symbol.name().map(|name| format!("{name:#}")),
            file: symbol.filename().map(Path::to_path_buf),
            line: symbol.lineno().unwrap_or(0),
            column: symbol.colno().unwrap_or(0),
        };
        functions.push(Function::new(resolved, paths));
    });
    functions
}

/// Where a task awaits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwaitSite {
    /// The user's functions that await one another, innermost first. Empty when the task is a future of another crate
    /// all by itself.
    pub(crate) frames: Vec<Frame>,
    /// Of each of them, whether it is certain that the next one awaits it by value, or that it is all that its task is: it is gone when that
    /// has gone on.
    pub(crate) owned: Vec<bool>,
    /// What the innermost of them waits for, if that is not the user's own: `tokio::sync::notify::Notified`.
    pub(crate) leaf: Option<String>,
    /// The future or stream in between that polls children with wakers of its own (`FuturesUnordered` and its kin): what
    /// its children wait for cannot be seen from here, nor be moved by polling the task.
    pub(crate) children: Option<String>,
    /// Whether the user's code was compiled with line tables.
    pub(crate) lines: Lines,
}

/// Whether the user's code was compiled with line tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// It was.
    Present,
    /// It was not: frames have names at best. `debug = "line-tables-only"` in the profile is what helps.
    Missing,
}

/// A function of the user, and the line in it that was running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The path of the function, without generic arguments.
    pub(crate) function: String,
    /// The line; empty without line tables.
    pub(crate) site: Site,
}

impl Frame {
    /// What the function is called if neither symbols nor the source have a name for it, as in a macro.
    const NAMELESS: &'static str = "a function without a name";

    /// Whether its function has a name to be compared by.
    pub(crate) fn is_named(&self) -> bool {
        self.function != Self::NAMELESS
    }
}

/// `src/pool.rs:131:29   in pool::Pool::get`; a width pads the place, so that the functions of several frames align.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = f.width().unwrap_or(0);
        write!(f, "{:width$}   in {}", self.site.to_string(), self.function)
    }
}

/// The place that `location` names, with its path shortened as in await sites.
pub(crate) fn place(location: &Location<'_>) -> Site {
    Site { file: shorten(location.file()), line: location.line(), column: location.column() }
}

/// Whether `location` is in the code under test or the test.
pub(crate) fn is_users(location: &Location<'_>) -> bool {
    is_users_file(location.file())
}

/// The same of the file at `path`.
pub(crate) fn is_users_file(path: &str) -> bool {
    Origin::of_file(Path::new(path), &Paths::current()) == Origin::User
}

/// The path of a source file as reports show it.
pub(crate) fn shorten(file: &str) -> String {
    Paths::current().short(Path::new(file))
}
