//! What is known by name: a few types of widely used crates that stand between an await and what it waits for.

use super::origin::is_ours;

/// The path of `Waker`'s own functions.
pub(super) const WAKER: [&str; 4] = ["core", "task", "wake", "Waker"];

/// The modules of the executor that poll a task's future and drop it: all below belongs to no task.
pub(super) const EXECUTOR_ENTRIES: [[&str; 3]; 2] =
    [["reveille_executor", "task", "cell"], ["reveille_executor", "task", "run"]];

/// Futures and streams that poll their children with wakers of their own: the task's waker says nothing of which child
/// is waited for, and a child that nobody marked is not polled.
const SUB_EXECUTORS: [&str; 12] = [
    "futures_util::stream::futures_unordered::FuturesUnordered",
    "futures_util::stream::futures_ordered::FuturesOrdered",
    "futures_util::future::join_all::JoinAll",
    "futures_util::future::try_join_all::TryJoinAll",
    "futures_util::stream::stream::buffered::Buffered",
    "futures_util::stream::stream::buffer_unordered::BufferUnordered",
    "futures_util::stream::select_all::SelectAll",
    "futures_util::future::future::shared::Shared",
    "futures_concurrency::",
    "futures_buffered::",
    "tokio::task::local::LocalSet",
    "async_executor::",
];

/// Wrappers that only pass a poll on; the report names what is inside.
const ADAPTERS: [&str; 13] = [
    "futures_util::future::",
    "futures_util::stream::",
    "futures_util::sink::",
    "futures_util::io::",
    "futures_lite::",
    "event_listener_strategy::",
    "tokio::future::",
    "tokio::task::coop::",
    "tokio::time::timeout::",
    "tokio_stream::",
    "tracing::instrument::",
    "reveille::time::timeout::",
    "reveille::leaf::",
];

/// Whether the future or stream `path` polls children with wakers of its own.
pub(super) fn is_sub_executor(path: &str) -> bool {
    SUB_EXECUTORS.iter().any(|known| path.starts_with(known))
}

/// Whether `path` only passes a poll on.
pub(super) fn is_adapter(path: &str) -> bool {
    ADAPTERS.iter().any(|known| path.starts_with(known))
}

/// Our futures by the name of their type, and what a user writes to await one.
const OURS: [(&str, &str); 14] = [
    ("Sleep", "reveille::time::sleep"),
    ("Timeout", "reveille::time::timeout"),
    ("Tick", "reveille::time::Interval::tick"),
    ("Interval", "reveille::time::Interval::tick"),
    ("JoinHandle", "reveille::JoinHandle"),
    ("JoinNext", "reveille::JoinSet::join_next"),
    ("JoinSet", "reveille::JoinSet"),
    ("YieldNow", "reveille::yield_now"),
    // Of which family it is does not stand in a symbol; for what it waits says it.
    ("Stream", "a stream of reveille::net"),
    ("Listener", "a listener of reveille::net"),
    ("ChildHandle", "a child of a reveille::scope"),
    ("CancelScope", "reveille::Scope::cancel"),
    ("Leaf", "reveille::leaf"),
    ("Tally", "the children of a reveille::scope"),
];

/// `path` as the user writes it, if it is a future of ours.
pub(super) fn public_name(path: &str) -> &str {
    let mut parts = path.split("::");
    if !parts.next().is_some_and(is_ours) {
        return path;
    }
    let public = parts.find_map(|part| OURS.iter().find(|(name, _)| *name == part));
    public.map_or(path, |(_, public)| public)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_futures_have_the_names_that_users_write() {
        assert_eq!(public_name("reveille::time::sleep::Sleep"), "reveille::time::sleep");
        assert_eq!(public_name("reveille_executor::task::join::JoinHandle"), "reveille::JoinHandle");
        assert_eq!(public_name("reveille::task::join_set::JoinNext"), "reveille::JoinSet::join_next");
        assert_eq!(public_name("tokio::time::sleep::Sleep"), "tokio::time::sleep::Sleep");
        assert_eq!(public_name("reveille_driver::Sleep"), "reveille_driver::Sleep");
    }
}
