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

/// What debug information tells of one function on a stack; an inlined function is one of its own.
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

/// A function on the stack, with all that is known of it.
#[derive(Debug)]
pub(super) struct Function {
    resolved: Resolved,
    symbol: Symbol,
    origin: Origin,
}

/// The part of a stack that belongs to one poll of a task, innermost function first.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    functions: Vec<Function>,
    /// The crates that the user's functions are in; without lines, what is taken for the user's crate.
    user_crates: Vec<String>,
    lines: Lines,
    paths: &'a Paths,
}

impl<'a> Chain<'a> {
    /// Reads the stack that consists of `functions`, innermost first.
    ///
    /// What lies below the executor's poll is left alone where possible: it is the same for all tasks, and the system's
    /// libraries may have debug information that takes a second to unpack.
    pub(super) fn new(mut functions: impl Iterator<Item = Function>, paths: &'a Paths) -> Self {
        let mut poll: Vec<Function> = functions.by_ref().take_while(|one| !one.is_executor_entry()).collect();
        let blind = poll.iter().all(|one| one.origin == Origin::Library || one.resolved.file.is_none());
        poll.drain(..waker_end(&poll));
        let lines = match poll.iter().any(|one| one.origin == Origin::User) {
            true => Lines::Present,
            false if blind || poll.iter().any(Function::lacks_lines) => Lines::Missing,
            false => Lines::Present,
        };
        let user_crates = match lines {
            Lines::Present => {
                let users = poll.iter().filter(|one| one.origin == Origin::User);
                users.filter_map(|one| one.krate().or_else(|| one.krate_in_source(paths))).collect()
            }
            // Below all is the function that started the run; whose crate it is, theirs is the code under test.
            Lines::Missing => {
                functions.filter(Function::lacks_lines).last().and_then(|one| one.krate()).into_iter().collect()
            }
        };
        Self { functions: poll, user_crates, lines, paths }
    }

    /// The awaits, and what the innermost of them waits for.
    pub(super) fn await_site(&self) -> AwaitSite {
        let is_await = |one: &&Function| self.is_user(one) && one.symbol.polls();
        let awaits: Vec<usize> = (0..self.functions.len()).filter(|at| is_await(&&self.functions[*at])).collect();
        let written_by_macro = |nth: usize| {
            let outer = awaits.get(nth + 1);
            outer.is_some_and(|outer| self.functions[awaits[nth]].is_closure_within(&self.functions[*outer]))
        };
        let awaits: Vec<usize> =
            (0..awaits.len()).filter(|nth| !written_by_macro(*nth)).map(|nth| awaits[nth]).collect();
        let frames = awaits.iter().map(|at| self.frame(&self.functions[*at])).collect();
        let outer = awaits.iter().skip(1).copied().map(Some).chain([None]);
        let owned = awaits.iter().zip(outer).map(|(at, outer)| self.is_owned(*at, outer)).collect();
        let inner = self.functions.iter().position(|one| is_await(&one)).unwrap_or(self.functions.len());
        let waits: Vec<String> = self.functions[..inner].iter().rev().filter_map(|one| self.wait(one)).collect();
        let children = waits.iter().find(|wait| known::is_sub_executor(wait)).cloned();
        let leaf = children.as_ref().or_else(|| waits.iter().find(|wait| !known::is_adapter(wait))).or(waits.first());
        let leaf = leaf.map(|leaf| known::public_name(leaf).to_owned());
        AwaitSite { frames, owned, leaf, children, lines: self.lines }
    }

    /// Whether the function at `inner` is for certain a part of the one at `outer` as long as that waits there, or of its task if there is
    /// none: nothing lies between that may hold it by a pointer, or among others.
    fn is_owned(&self, inner: usize, outer: Option<usize>) -> bool {
        let Some(outer) = outer else {
            let polls_others = |one: &Function| match one.origin {
                Origin::Ours => one.symbol.polls() && !one.symbol.closure,
                Origin::Library => false,
                Origin::User | Origin::Dependency | Origin::Unknown => true,
            };
            return self.lines == Lines::Present && !self.functions[inner + 1..].iter().any(polls_others);
        };
        let functions = &self.functions;
        let is_select = |at: usize| {
            functions[at].is_branch_of_select()
                || (functions[at].is_poll_fn() && functions[at - 1].is_branch_of_select())
        };
        let holds_by_value = |at: usize| is_select(at) || functions[at].is_timeout();
        // An async function or block has what it awaits. A `poll` by hand may poll what is anywhere; so may a closure, which looks like a
        // block here, but is polled by something that is not among those allowed.
        self.lines == Lines::Present && functions[outer].symbol.closure && (inner + 1..outer).all(holds_by_value)
    }

    /// The innermost function of the user, whatever it is.
    pub(super) fn innermost(&self) -> Option<Frame> {
        self.functions.iter().find(|one| self.is_user(one)).map(|one| self.frame(one))
    }

    /// The innermost destructor that was running.
    pub(super) fn destructor(&self) -> Option<String> {
        let drops = |one: &Function| one.symbol.path.last().is_some_and(|name| name == "drop");
        let of_type = |one: &Function| {
            let symbol = self.symbol(one)?;
            let (_, path) = symbol.path.split_last()?;
            let is_type = path.last().is_some_and(|name| name.starts_with(char::is_uppercase));
            is_type.then(|| format!("the destructor of {}", path.join("::")))
        };
        let written = self.functions.iter().filter(|one| !matches!(one.origin, Origin::Library | Origin::Ours));
        let glue = |one: &Function| one.symbol.path.last().is_some_and(|name| name == "drop_in_place");
        written.filter(|one| drops(one)).find_map(of_type).or_else(|| {
            let dropped = self.functions.iter().any(glue);
            dropped.then(|| "a destructor".to_owned())
        })
    }

    fn is_user(&self, one: &Function) -> bool {
        match self.lines {
            Lines::Present => one.origin == Origin::User,
            Lines::Missing => one.origin == Origin::Unknown && self.is_of_user_crate(one),
        }
    }

    fn is_of_user_crate(&self, one: &Function) -> bool {
        one.symbol.krate().is_some_and(|krate| self.user_crates.iter().any(|user| user == krate))
    }

    fn frame(&self, one: &Function) -> Frame {
        let file = one.resolved.file.as_ref().map_or_else(String::new, |file| self.paths.short(file));
        let site = Site { file, line: one.resolved.line, column: one.resolved.column };
        let function = self.symbol(one).map_or_else(|| Frame::NAMELESS.to_owned(), |symbol| symbol.path.join("::"));
        Frame { function, site }
    }

    /// What `one` polls, if it is a future of another crate.
    fn wait(&self, one: &Function) -> Option<String> {
        let polls = !matches!(one.origin, Origin::Library | Origin::User) && one.symbol.polls();
        // The closures that a macro writes into the user's function lie in the macro's file.
        let is_foreign = !self.is_of_user_crate(one) && one.symbol.krate().is_none_or(|krate| !is_library(krate));
        (polls && is_foreign).then(|| self.symbol(one)?.future())?
    }

    /// The symbol of `one` with its path: read in the source where the line tables have but a bare name.
    fn symbol(&self, one: &Function) -> Option<Symbol> {
        if one.symbol.is_qualified() {
            return Some(one.symbol.clone());
        }
        let file = self.paths.absolute(one.resolved.file.as_ref()?);
        let path = function_at(&file, one.resolved.line, one.resolved.column)?;
        Some(Symbol { path, closure: one.symbol.closure })
    }
}

impl Function {
    pub(super) fn new(resolved: Resolved, paths: &Paths) -> Self {
        let symbol = resolved.symbol.as_deref().map(Symbol::parse).unwrap_or_default();
        let origin = match &resolved.file {
            // The glue that drops a future's variables carries one of the future's own lines.
            _ if symbol.path.last().is_some_and(|name| name == "drop_in_place") => Origin::Library,
            // The C library has lines too.
            Some(file) if file.extension().is_some_and(|extension| extension == "rs") => Origin::of_file(file, paths),
            Some(_) => Origin::Library,
            None => symbol.krate().map_or(Origin::Unknown, Origin::of_crate),
        };
        Self { resolved, symbol, origin }
    }

    /// Whether this is a function of some crate, and nothing tells in which file.
    fn lacks_lines(&self) -> bool {
        self.origin == Origin::Unknown && self.symbol.is_qualified()
    }

    /// Whether this polls the future that a time-out has in it.
    fn is_timeout(&self) -> bool {
        let path = &self.symbol.path;
        self.origin == Origin::Ours && path.ends_with(&["Timeout".to_owned(), "poll".to_owned()])
    }

    /// Whether this polls a branch of tokio's `select!`, which has its branches on the spot, and drops them before a handler runs.
    fn is_branch_of_select(&self) -> bool {
        self.origin == Origin::Dependency && self.symbol.closure && self.is_in_file("/src/macros/select.rs")
    }

    /// Whether this polls what was given to `std::future::poll_fn`.
    fn is_poll_fn(&self) -> bool {
        let path = &self.symbol.path;
        self.origin == Origin::Library && path.ends_with(&["PollFn".to_owned(), "poll".to_owned()])
    }

    fn krate(&self) -> Option<String> {
        self.symbol.krate().map(str::to_owned)
    }

    /// The same, read in the source where the line tables have but a bare name.
    fn krate_in_source(&self, paths: &Paths) -> Option<String> {
        let Resolved { file, line, column, .. } = &self.resolved;
        function_at(&paths.absolute(file.as_ref()?), *line, *column)?.into_iter().next()
    }

    /// Whether this is a closure in `outer` that has the same place: macros write such, and give them the place of their
    /// call. A recursive function is on the stack as itself.
    fn is_closure_within(&self, outer: &Self) -> bool {
        let place = |one: &Self| (one.resolved.file.clone(), one.resolved.line, one.resolved.column);
        let (Some(inner), Some(of)) = (&self.resolved.symbol, &outer.resolved.symbol) else { return false };
        let is_within = match outer.symbol.is_qualified() {
            true => inner.len() > of.len() && inner.starts_with(of),
            false => inner.starts_with("{closure") && of.starts_with("{async"),
        };
        is_within && place(self) == place(outer)
    }

    fn is_in_file(&self, end: &str) -> bool {
        self.resolved.file.as_ref().is_some_and(|file| file.to_string_lossy().replace('\\', "/").ends_with(end))
    }

    /// Whether this is one of `Waker`'s own functions.
    fn is_waker(&self) -> bool {
        self.is_in_file("/core/src/task/wake.rs") || self.symbol.path.starts_with(&known::WAKER.map(str::to_owned))
    }

    /// Whether this is where the executor polls a task or drops it: whatever is below it on the stack is none of the
    /// task's.
    fn is_executor_entry(&self) -> bool {
        let is_entry = |entry: &[&str; 3]| match self.symbol.is_qualified() {
            true => self.symbol.path.iter().zip(entry).filter(|(part, of)| part == *of).count() == entry.len(),
            false => self.is_in_file(&format!("/src/{}/{}.rs", entry[1], entry[2])),
        };
        self.origin == Origin::Ours && known::EXECUTOR_ENTRIES.iter().any(is_entry)
    }
}

/// How many functions at the top of the stack are the waker's clone or drop, the hook that it called, and the walk itself.
fn waker_end(stack: &[Function]) -> usize {
    let is_top = |one: &Function| matches!(one.origin, Origin::Ours | Origin::Library) && !one.is_executor_entry();
    let walk = stack.iter().position(|one| one.origin == Origin::Ours).unwrap_or(0);
    let top = stack[walk..].iter().take_while(|one| is_top(one));
    if let Some(waker) = top.clone().position(Function::is_waker) {
        return walk + waker + 1;
    }
    // An inlined or tail-called clone is not always seen; the hook that it called is ours.
    walk + top.take_while(|one| one.origin == Origin::Ours).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "/c/registry/src/index-19";

    /// A line of a hand-written stack: symbol, file (empty for none), line.
    fn resolved(&(symbol, file, line): &(&str, &str, u32)) -> Resolved {
        let file = match file {
            "" => None,
            file if file.starts_with("tokio") => Some(format!("{REGISTRY}/{file}")),
            file => Some(file.to_owned()),
        };
        Resolved { symbol: Some(symbol.to_owned()), file: file.map(PathBuf::from), line, column: line }
    }

    fn chain<'a>(paths: &'a Paths, stack: &[(&str, &str, u32)]) -> Chain<'a> {
        Chain::new(stack.iter().map(|one| Function::new(resolved(one), paths)), paths)
    }

    fn shown(site: &AwaitSite) -> Vec<String> {
        site.frames.iter().map(ToString::to_string).collect()
    }

    const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/watch.rs");
    const WAKE: &str = "/rustc/5980/library/core/src/task/wake.rs";

    #[test]
    fn the_chain_lies_between_the_waker_and_the_executor() {
        let paths = Paths::at("/home/me/shop");
        let chain = chain(
            &paths,
            &[
                ("reveille::site::Stack::capture", OURS, 1),
                ("reveille_executor::observe::clone", OURS, 1),
                ("<core::task::wake::Waker as core::clone::Clone>::clone", WAKE, 1),
                ("shop::Queue::register", "/home/me/shop/src/queue.rs", 5),
                ("<shop::Queue as core::future::future::Future>::poll", "/home/me/shop/src/queue.rs", 9),
                ("<reveille::time::timeout::Timeout<F> as core::future::future::Future>::poll", OURS, 7),
                ("shop::serve::{{closure}}", "/home/me/shop/src/lib.rs", 20),
                ("reveille_executor::task::run::run", OURS, 30),
                ("reveille::run::drive", OURS, 40),
                ("shop::tests::serves::{{closure}}", "/home/me/shop/src/lib.rs", 50),
            ],
        );
        let site = chain.await_site();
        assert_eq!(shown(&site), ["src/queue.rs:9:9   in shop::Queue::poll", "src/lib.rs:20:20   in shop::serve"]);
        assert_eq!((site.leaf, site.lines), (None, Lines::Present));
        assert_eq!(chain.innermost().unwrap().to_string(), "src/queue.rs:5:5   in shop::Queue::register");
    }

    #[test]
    fn a_leaf_is_what_the_innermost_await_polls_first() {
        let paths = Paths::at("/home/me/shop");
        let stack = [
            ("reveille::site::Stack::capture", OURS, 1),
            ("tokio::sync::notify::Notified::poll_notified", "tokio-1.50.0/src/sync/notify.rs", 3),
            (
                "<tokio::sync::notify::Notified as core::future::future::Future>::poll",
                "tokio-1.50.0/src/sync/notify.rs",
                4,
            ),
            ("shop::serve::{{closure}}::{{closure}}", "tokio-1.50.0/src/macros/select.rs", 5),
            (
                "<core::pin::Pin<P> as core::future::future::Future>::poll",
                "/rustc/5980/library/core/src/future/future.rs",
                6,
            ),
            ("shop::serve::{{closure}}", "src/lib.rs", 20),
            ("reveille_executor::task::run::run", OURS, 30),
        ];
        let site = chain(&paths, &stack).await_site();
        assert_eq!(site.leaf.as_deref(), Some("tokio::sync::notify::Notified"));
        assert_eq!(shown(&site), ["src/lib.rs:20:20   in shop::serve"]);
    }

    /// As with nothing but line tables: the user's functions have bare names, and what a macro wrote into them has a whole one.
    #[test]
    fn what_a_macro_wrote_into_a_function_is_no_leaf_though_that_has_a_bare_name() {
        const TEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign.rs");
        let text = std::fs::read_to_string(TEST).unwrap();
        let body = text.lines().position(|line| line.starts_with("async fn waits_for_a_thread")).unwrap() as u32 + 2;
        let stack = [
            ("reveille::site::Stack::capture", OURS, 1),
            (
                "<tokio::sync::notify::Notified as core::future::future::Future>::poll",
                "tokio-1.50.0/src/sync/notify.rs",
                4,
            ),
            ("foreign::waits_for_a_thread::{{closure}}::{{closure}}", "tokio-1.50.0/src/macros/select.rs", 5),
            ("{async_fn#0}", TEST, body),
            ("reveille_executor::task::run::run", OURS, 30),
        ];
        let paths = Paths::at(env!("CARGO_MANIFEST_DIR"));
        let site = chain(&paths, &stack).await_site();
        assert!(shown(&site)[0].ends_with("   in foreign::waits_for_a_thread"), "{site:?}");
        assert_eq!(site.leaf.as_deref(), Some("tokio::sync::notify::Notified"));
    }

    #[test]
    fn wrappers_give_way_to_what_they_wrap() {
        let paths = Paths::at("/home/me/shop");
        let sleep =
            ("<tokio::time::sleep::Sleep as core::future::future::Future>::poll", "tokio-1.50.0/src/time/sleep.rs", 3);
        let timeout = (
            "<tokio::time::timeout::Timeout<T> as core::future::future::Future>::poll",
            "tokio-1.50.0/src/time/timeout.rs",
            4,
        );
        let user = ("shop::serve::{{closure}}", "src/lib.rs", 20);
        let leaf = |stack: &[_]| chain(&paths, stack).await_site().leaf;
        assert_eq!(leaf(&[sleep, timeout, user]).as_deref(), Some("tokio::time::sleep::Sleep"));
        assert_eq!(leaf(&[timeout, user]).as_deref(), Some("tokio::time::timeout::Timeout"));
        let ours = ("<reveille::time::timeout::Timeout<F> as core::future::future::Future>::poll", OURS, 4);
        let walk = ("reveille::site::Stack::capture", OURS, 1);
        assert_eq!(leaf(&[walk, sleep, ours, user]).as_deref(), Some("tokio::time::sleep::Sleep"));
    }

    #[test]
    fn recursion_is_kept_and_a_macro_on_the_same_place_is_not() {
        let paths = Paths::at("/home/me/shop");
        for (closure, body) in
            [("shop::walk::{{closure}}::{{closure}}", "shop::walk::{{closure}}"), ("{closure#0}", "{async_fn#0}")]
        {
            let stack = [closure, body, closure, body, body].map(|symbol| (symbol, "src/lib.rs", 8));
            assert_eq!(chain(&paths, &stack).await_site().frames.len(), 3, "{body}");
        }
    }

    #[test]
    fn without_lines_there_are_names_at_best_and_never_a_line() {
        let paths = Paths::at("/home/me/shop");
        let named = [
            ("reveille::site::Stack::capture", "", 0),
            ("core::option::Option<T>::map", "/rustc/5980/library/core/src/option.rs", 7),
            ("<tokio::sync::notify::Notified as core::future::future::Future>::poll", "", 0),
            ("shop::serve::{{closure}}", "", 0),
            ("reveille_executor::task::run::run", "", 0),
            ("shop::tests::serves", "", 0),
            ("start_thread", "./nptl/pthread_create.c", 442),
        ];
        let site = chain(&paths, &named).await_site();
        assert_eq!(site.lines, Lines::Missing);
        assert_eq!(shown(&site), ["   in shop::serve"]);
        assert_eq!(site.leaf.as_deref(), Some("tokio::sync::notify::Notified"));

        let stripped = [("start_thread", "./nptl/pthread_create.c", 442), ("clone3", "./misc/clone3.S", 81)];
        let chain = chain(&paths, &stripped);
        assert_eq!(
            chain.await_site(),
            AwaitSite { frames: vec![], owned: vec![], leaf: None, children: None, lines: Lines::Missing }
        );
        assert_eq!(chain.innermost(), None);
    }
}
