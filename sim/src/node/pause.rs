//! Nodes that are paused: what of theirs could run, since when, and for how long in all.
//!
//! A task of a paused node that is picked is kept here instead of being polled, and is put back on the run queue when the node
//! goes on. So all that wakes a task works as ever, timers too; nothing is asked and nothing costs while no node is paused.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use reveille_executor::{Runnable, TaskId};
use reveille_reactor::Instant;
use reveille_reactor::net::NodeId;

use super::Node;
use crate::event::{Event, Told};
use crate::run::{Hint, Run};

/// The pauses of one run.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    any: Cell<bool>,
    of_node: RefCell<BTreeMap<NodeId, Pause>>,
}

#[derive(Debug, Default)]
struct Pause {
    /// The test asked for it, and not a fault.
    is_asked_for: bool,
    /// Since when it is paused, if it is.
    since: Option<Instant>,
    /// How long it was before that.
    before: Duration,
    /// Its tasks that could run, in the order in which their turns came.
    held: Vec<Runnable>,
}

impl Pauses {
    /// Whether any node is paused.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.any.get()
    }

    pub(super) fn is_paused(&self, node: NodeId) -> bool {
        self.any.get() && self.of_node.borrow().get(&node).is_some_and(|pause| pause.since.is_some())
    }

    /// Whether a node is paused since the test asked for it.
    pub(super) fn is_asked_for(&self, node: NodeId) -> bool {
        self.is_paused(node) && self.of_node.borrow().get(&node).is_some_and(|pause| pause.is_asked_for)
    }

    /// Pauses a node; true if it was going.
    fn begin(&self, node: NodeId, now: Instant, is_asked_for: bool) -> bool {
        let mut all = self.of_node.borrow_mut();
        let pause = all.entry(node).or_default();
        let was_going = pause.since.is_none();
        pause.since.get_or_insert(now);
        pause.is_asked_for |= is_asked_for;
        self.any.set(true);
        was_going
    }

    /// Ends the pause of a node, and hands out what it held; `None` if it was going.
    fn end(&self, node: NodeId, now: Instant) -> Option<Vec<Runnable>> {
        let mut all = self.of_node.borrow_mut();
        let pause = all.get_mut(&node)?;
        pause.before += now - pause.since.take()?;
        pause.is_asked_for = false;
        let held = std::mem::take(&mut pause.held);
        self.any.set(all.values().any(|pause| pause.since.is_some()));
        Some(held)
    }

    /// How long a node has been paused, in all.
    fn time(&self, node: NodeId, now: Instant) -> Duration {
        let of_node = self.of_node.borrow();
        let pause = of_node.get(&node);
        pause.map_or(Duration::ZERO, |pause| pause.before + pause.since.map_or(Duration::ZERO, |since| now - since))
    }

    /// The nodes that are paused, with the time since when.
    fn all(&self) -> Vec<(NodeId, Instant)> {
        let of_node = self.of_node.borrow();
        of_node.iter().filter_map(|(node, pause)| Some((*node, pause.since?))).collect()
    }

    /// Forgets all, for the next run. What was held goes back to its executor, which is about to drop it.
    pub(crate) fn clear(&self) {
        self.any.set(false);
        // Dropped outside of the borrow: a task that was aborted is dropped right here.
        if !self.of_node.borrow().is_empty() {
            drop(self.of_node.take());
        }
    }
}

impl Run {
    /// Whether the node of `task` is paused.
    #[inline]
    pub(crate) fn is_paused(&self, task: TaskId) -> bool {
        self.nodes.pauses.any() && self.nodes.pauses.is_paused(self.nodes.current(Some(task)))
    }

    /// How long the node of `task` has been paused, in all.
    pub(crate) fn time_paused(&self, task: TaskId) -> Duration {
        self.nodes.pauses.time(self.nodes.current(Some(task)), self.clock.now())
    }

    /// Keeps a task that was picked if its node is paused; else it comes back to the caller.
    pub(crate) fn unless_paused(&self, runnable: Runnable) -> Option<Runnable> {
        let task = runnable.id();
        if !self.is_paused(task) {
            return Some(runnable);
        }
        self.emit(Event::Suspended { task });
        let mut all = self.nodes.pauses.of_node.borrow_mut();
        all.entry(self.nodes.current(Some(task))).or_default().held.push(runnable);
        None
    }

    /// Pauses a node: the test asks for it, or it is a fault.
    pub(super) fn pause(&self, node: NodeId, is_asked_for: bool) {
        if self.nodes.pauses.begin(node, self.clock.now(), is_asked_for) {
            self.tell_of_node(node, "is paused");
        }
        self.look_closer_if_need_be();
    }

    /// Lets a node go on, if it is paused. Also between polls.
    pub(super) fn resume(&self, node: NodeId) {
        let Some(held) = self.nodes.pauses.end(node, self.clock.now()) else { return };
        self.look_closer_if_need_be();
        self.tell_of_node(node, "goes on");
        for runnable in held {
            self.emit(Event::Continued { task: runnable.id() });
            match runnable.is_cancelled() {
                // It was aborted meanwhile, and is dropped as in any other turn of its own.
                true => self.poll_within(runnable, false),
                false => drop(runnable),
            }
        }
    }

    /// Notes which nodes are paused at the end of the run: that may explain what is wrong with it.
    pub(crate) fn note_pauses(&self) {
        for (node, since) in self.nodes.pauses.all() {
            self.notes.hint(Hint::Paused { node: Told::new(&self.network.name(node)), since });
        }
    }

    /// Lets all nodes go on.
    pub(crate) fn resume_all(&self) {
        for (node, _) in self.nodes.pauses.all() {
            self.resume(node);
        }
    }
}

impl Node {
    /// Stops the node in its tracks, as `SIGSTOP` does a process, or a long collection of garbage: none of its tasks is polled until it
    /// is [resumed](Self::resume). A task that pauses its own node goes on to its next await.
    ///
    /// The world goes on: timers that expire meanwhile are found to have expired on resume, all of them; its sockets receive until
    /// their windows are full; others connect to it until its backlog is; operations on files that are under way are done. Its
    /// [crash](Self::crash) ends the pause, and so does [`heal`](crate::net::heal).
    ///
    /// What waits for a paused node waits rightly: its own tasks are called neither stuck nor starved for it. Others that wait
    /// for it without a time-out, when nothing else can happen, are stuck, and the report names the pause.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant, sleep, timeout};
    ///
    /// reveille::explore()
    ///     .run(|| async {
    ///         let db = reveille::node("db");
    ///         let mut answer = db.spawn(async {
    ///             sleep(Duration::from_secs(1)).await;
    ///             Instant::now()
    ///         });
    ///         sleep(Duration::from_millis(500)).await;
    ///         let start = Instant::now();
    ///         db.pause();
    ///         assert!(timeout(Duration::from_secs(60), &mut answer).await.is_err());
    ///         db.resume();
    ///         assert_eq!(answer.await.unwrap() - start, Duration::from_secs(60));
    ///     })
    ///     .unwrap();
    /// ```
    #[track_caller]
    pub fn pause(self) {
        self.with("Node::pause", |run| run.pause(self.id, true));
    }

    /// Lets a [paused](Self::pause) node go on; nothing if it is not.
    ///
    /// ```
    /// use reveille::{node, time::{Duration, sleep}};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = node("db");
    /// db.pause();
    /// let task = db.spawn(async {});
    /// sleep(Duration::from_secs(60)).await;
    /// assert!(!task.is_finished());
    /// db.resume();
    /// task.await.unwrap();
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn resume(self) {
        self.with("Node::resume", |run| run.resume(self.id));
    }

    /// Whether it is [paused](Self::pause).
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = reveille::node("db");
    /// db.pause();
    /// assert!(db.is_paused() && !reveille::node("main").is_paused());
    /// db.resume();
    /// assert!(!db.is_paused());
    /// # }).unwrap();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn is_paused(self) -> bool {
        self.with("Node::is_paused", |run| run.nodes.pauses.is_paused(self.id))
    }
}
