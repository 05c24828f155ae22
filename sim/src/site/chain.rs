//! From a resolved stack to the awaits in it.
//!
//! A stack is read between two marks: the clone (or drop) of the waker at its top, and the executor's poll of the task
//! below. What lies between is the chain of futures that poll one another.

use std::path::PathBuf;

use super::known;
use super::origin::{Origin, is_library};
use super::place::{Paths, Site};
use super::source::function_at;
use super::symbol::Symbol;
use super::{AwaitSite, Frame, Lines};

/// One function on a resolved stack; inlined functions are entries of their own.
#[derive(Clone, Debug, Default)]
pub(super) struct Resolved {
    /// The demangled symbol, or the bare name from the line tables.
    pub(super) symbol: Option<String>,
    pub(super) file: Option<PathBuf>,
    /// 0 where unknown.
    pub(super) line: u32,
    /// 0 where unknown.
    pub(super) column: u32,
}

/// A function with all that is known of it.
#[derive(Debug)]
struct Activation {
    resolved: Resolved,
    symbol: Symbol,
    origin: Origin,
}

/// The part of a stack that belongs to one poll of a task, innermost function first.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    activations: Vec<Activation>,
    /// The crates that the user's functions are in; without lines, what is taken for the user's crate.
    user_crates: Vec<String>,
    lines: Lines,
    paths: &'a Paths,
}

impl<'a> Chain<'a> {
    pub(super) fn new(stack: Vec<Resolved>, paths: &'a Paths) -> Self {
        let mut activations: Vec<Activation> = stack.into_iter().map(|one| Activation::new(one, paths)).collect();
        activations.drain(..waker_end(&activations));
        if let Some(entry) = activations.iter().position(Activation::is_executor_entry) {
            activations.truncate(entry);
        }
        let with_lines = activations.iter().any(|one| one.origin == Origin::User);
        let without = |one: &&Activation| one.origin == Origin::Unknown && one.symbol.is_qualified();
        let lines =
            if with_lines || !activations.iter().any(|one| without(&one)) { Lines::Present } else { Lines::Missing };
        let user_crates = match lines {
            Lines::Present => {
                activations.iter().filter(|one| one.origin == Origin::User).filter_map(Activation::krate).collect()
            }
            // The outermost future is what the user spawned; its crate is the best guess at whose the others are.
            Lines::Missing => activations.iter().rev().find(without).and_then(Activation::krate).into_iter().collect(),
        };
        Self { activations, user_crates, lines, paths }
    }

    /// The awaits, and what the innermost of them waits for.
    pub(super) fn await_site(&self) -> AwaitSite {
        let is_await = |one: &&Activation| self.is_user(one) && one.symbol.polls();
        let mut awaits: Vec<&Activation> = self.activations.iter().filter(is_await).collect();
        // The closures that a macro wrote may carry the place of its call. A recursive function comes back as itself.
        awaits.dedup_by(|outer, inner| outer.is_same_place(inner) && outer.resolved.symbol != inner.resolved.symbol);
        let frames = awaits.into_iter().map(|one| self.frame(one)).collect();
        let inner = self.activations.iter().position(|one| is_await(&one)).unwrap_or(self.activations.len());
        let waits: Vec<String> = self.activations[..inner].iter().rev().filter_map(|one| self.wait(one)).collect();
        let children = waits.iter().find(|wait| known::is_sub_executor(wait)).cloned();
        let leaf = children.as_ref().or_else(|| waits.iter().find(|wait| !known::is_adapter(wait))).or(waits.first());
        AwaitSite { frames, leaf: leaf.map(|leaf| known::public_name(leaf).to_owned()), children, lines: self.lines }
    }

    /// The innermost function of the user, whatever it is.
    pub(super) fn innermost(&self) -> Option<Frame> {
        self.activations.iter().find(|one| self.is_user(one)).map(|one| self.frame(one))
    }

    fn is_user(&self, one: &Activation) -> bool {
        match self.lines {
            Lines::Present => one.origin == Origin::User,
            Lines::Missing => one.origin == Origin::Unknown && self.is_of_user_crate(one),
        }
    }

    fn is_of_user_crate(&self, one: &Activation) -> bool {
        one.symbol.krate().is_some_and(|krate| self.user_crates.iter().any(|user| user == krate))
    }

    fn frame(&self, one: &Activation) -> Frame {
        let file = one.resolved.file.as_ref().map_or_else(String::new, |file| self.paths.short(file));
        let site = Site { file, line: one.resolved.line, column: one.resolved.column };
        let function =
            self.symbol(one).map_or_else(|| "a function without a name".to_owned(), |symbol| symbol.path.join("::"));
        Frame { function, site }
    }

    /// What `one` polls, if it is a future of another crate.
    fn wait(&self, one: &Activation) -> Option<String> {
        let polls = !matches!(one.origin, Origin::Library | Origin::User) && one.symbol.polls();
        // The closures that a macro writes into the user's function lie in the macro's file.
        let is_foreign = !self.is_of_user_crate(one) && one.symbol.krate().is_none_or(|krate| !is_library(krate));
        (polls && is_foreign).then(|| self.symbol(one)?.future())?
    }

    /// The symbol of `one` with its path: read in the source where the line tables have but a bare name.
    fn symbol(&self, one: &Activation) -> Option<Symbol> {
        if one.symbol.is_qualified() {
            return Some(one.symbol.clone());
        }
        let file = self.paths.absolute(one.resolved.file.as_ref()?);
        let path = function_at(&file, one.resolved.line, one.resolved.column)?;
        Some(Symbol { path, closure: one.symbol.closure })
    }
}

impl Activation {
    fn new(resolved: Resolved, paths: &Paths) -> Self {
        let symbol = resolved.symbol.as_deref().map(Symbol::parse).unwrap_or_default();
        let origin = match &resolved.file {
            // The glue that drops a future's variables carries one of the future's own lines.
            _ if symbol.path.last().is_some_and(|name| name == "drop_in_place") => Origin::Library,
            Some(file) => Origin::of_file(file, paths),
            None => symbol.krate().map_or(Origin::Unknown, Origin::of_crate),
        };
        Self { resolved, symbol, origin }
    }

    fn krate(&self) -> Option<String> {
        self.symbol.krate().map(str::to_owned)
    }

    fn is_same_place(&self, other: &Self) -> bool {
        let place = |one: &Self| (one.resolved.file.clone(), one.resolved.line, one.resolved.column);
        self.resolved.line != 0 && place(self) == place(other)
    }

    fn is_in_file(&self, end: &str) -> bool {
        self.resolved.file.as_ref().is_some_and(|file| file.to_string_lossy().replace('\\', "/").ends_with(end))
    }

    /// Whether this is one of `Waker`'s own functions.
    fn is_waker(&self) -> bool {
        self.is_in_file("/core/src/task/wake.rs") || self.symbol.path.starts_with(&known::WAKER.map(str::to_owned))
    }

    /// Whether this is where the executor polls a task: whatever is below it on the stack is none of the task's.
    fn is_executor_entry(&self) -> bool {
        let executor = self.symbol.krate().is_none_or(|krate| krate == "reveille_executor");
        executor
            && self.origin == Origin::Ours
            && self.symbol.path.last().is_some_and(|name| known::EXECUTOR_ENTRIES.contains(&name.as_str()))
    }
}

/// How many functions at the top of the stack are the waker's clone or drop, the hook that it called, and the walk itself.
fn waker_end(stack: &[Activation]) -> usize {
    let is_top = |one: &Activation| matches!(one.origin, Origin::Ours | Origin::Library) && !one.is_executor_entry();
    let walk = stack.iter().position(|one| one.origin == Origin::Ours).unwrap_or(0);
    let top = stack[walk..].iter().take_while(|one| is_top(one));
    if let Some(waker) = top.clone().position(Activation::is_waker) {
        return walk + waker + 1;
    }
    // An inlined or tail-called clone is not always seen; the hook that it called is ours.
    walk + top.take_while(|one| one.origin == Origin::Ours).count()
}
