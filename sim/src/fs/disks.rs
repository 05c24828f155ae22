//! The disks of one run, and how a file finds them.

use std::cell::{Cell, RefCell};
use std::io;
use std::task::{Context, Poll};

use reveille_reactor::disk::{Damage, Operation, OperationId, Outcome, Storage};
use reveille_reactor::file::{AmbientRing, Ring};
use reveille_reactor::net::{NodeId, Paths};
use reveille_reactor::{FileId, Instant};

use crate::context;
use crate::event::{Event, Told};
use crate::net::Asks;
use crate::run::{Phase, Run, RunId};
use crate::spin::visit;

/// All disks and what is under way on them. Costs nothing until the first use.
#[derive(Debug, Default)]
pub(crate) struct Disks {
    storage: RefCell<Storage>,
    used: Cell<bool>,
}

impl Disks {
    /// Works on the disks, and wakes and drops, after the borrow has ended, whom that concerns. `None` if they are being worked on
    /// already, which only an oracle can bring about.
    fn with<R>(&self, run: &Run, work: impl FnOnce(&mut Storage) -> R) -> Option<R> {
        self.with_then(run, work, |result| result)
    }

    /// The same, with something to do before anybody is woken.
    fn with_then<R, S>(&self, run: &Run, work: impl FnOnce(&mut Storage) -> R, then: impl FnOnce(R) -> S) -> Option<S> {
        let mut storage = self.storage.try_borrow_mut().ok()?;
        self.used.set(true);
        let result = work(&mut storage);
        let wakers = storage.take_wakers();
        drop(storage);
        let result = then(result);
        wakers.wake.into_iter().for_each(|waker| run.wake(waker));
        Some(result)
    }

    /// Whether anything can be done on them.
    #[inline]
    pub(crate) fn are_used(&self) -> bool {
        self.used.get()
    }

    /// When something will be done next.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        if self.used.get() { self.storage.try_borrow_mut().ok()?.next_event() } else { None }
    }

    /// Does everything that is due. Returns how many operations that were.
    #[inline]
    pub(crate) fn advance(&self, run: &Run) -> u64 {
        if self.used.get() { self.perform_due(run) } else { 0 }
    }

    fn perform_due(&self, run: &Run) -> u64 {
        let work = |storage: &mut Storage| {
            storage.tell(run.watch.is_some());
            let done = storage.advance(run.clock.now(), run.network.faults(run), &mut Asks(run), run.network.struck());
            (done, storage.take_told())
        };
        let tell = |(count, told): (u64, Vec<String>)| {
            told.iter().for_each(|told| run.emit(Event::FileOperation { what: Told::new(told) }));
            count
        };
        self.with_then(run, work, tell).unwrap_or(0)
    }

    /// The node loses its power, and comes up again. Never unwinds: who asks on behalf of a task ends its poll if the tape does not
    /// fit.
    pub(crate) fn crash(&self, run: &Run, node: NodeId) {
        if self.used.get() {
            let crash = |storage: &mut Storage| storage.crash(node, &mut Asks(run), run.network.struck());
            self.with_then(run, crash, |damage| {
                if damage != Damage::default() {
                    run.emit(Event::FileOperation { what: Told::new(&damage.to_string()) });
                }
            });
        }
    }

    pub(crate) fn stall(&self, run: &Run, node: NodeId) {
        self.with(run, |storage| storage.stall(node));
    }

    pub(crate) fn release(&self, run: &Run, node: NodeId) {
        self.with(run, |storage| storage.release(run.clock.now(), node));
    }

    pub(crate) fn set_capacity(&self, run: &Run, node: NodeId, bytes: u64) {
        self.with(run, |storage| storage.set_capacity(node, bytes));
    }

    pub(crate) fn heal(&self, run: &Run) {
        if self.used.get() {
            self.with(run, |storage| storage.heal(run.clock.now()));
        }
    }

    /// Works on the names of the disk of `node`, as a socket that is bound to one does. `None` if the disks are being worked on
    /// already.
    pub(crate) fn with_paths<R>(&self, run: &Run, node: NodeId, work: impl FnOnce(&mut dyn Paths) -> R) -> Option<R> {
        self.with(run, |storage| work(storage.paths(node)))
    }

    /// How many files are open, on all nodes.
    pub(crate) fn open_files(&self) -> usize {
        self.storage.try_borrow().map_or(0, |storage| storage.open_files())
    }

    /// The operation in words.
    pub(crate) fn describe(&self, operation: OperationId) -> Option<String> {
        self.storage.try_borrow().ok()?.describe(operation)
    }

    /// Makes empty disks for the next run.
    pub(crate) fn clear(&self) -> bool {
        let used = self.used.replace(false);
        if used {
            let wakers = self.storage.borrow_mut().clear();
            drop(wakers);
        }
        used
    }
}

/// The disk of a node, as files refer to it: by the run's identity, so that they are `Send` and recognise that their run is
/// over.
///
/// It is what [`File`](super::File) is made with. Code that is generic over it serves other disks as well:
///
/// ```
/// use reveille::fs::{self, Simulated};
/// use reveille_reactor::file::{File, Ring};
///
/// async fn magic<R: Ring>(file: &File<R>) -> std::io::Result<[u8; 4]> {
///     let mut magic = [0; 4];
///     file.read_exact_at(&mut magic, 0).await?;
///     Ok(magic)
/// }
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::write("f", "PNG!..").await?;
/// let file = File::<Simulated>::open("f").await?;
/// assert_eq!(magic(&file).await?, *b"PNG!");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Simulated {
    run: RunId,
    node: NodeId,
}

impl Simulated {
    /// Calls `f` with the run that the disk belongs to, as long as that goes on.
    fn in_its_run<R>(&self, f: impl FnOnce(&Run) -> Option<R>) -> Option<R> {
        context::try_with(|run| {
            let alive = run.id() == self.run && run.phase() == Phase::Running;
            if alive { f(run) } else { None }
        })
        .flatten()
    }
}

impl Ring for Simulated {
    fn submit(&self, operation: Operation) -> Option<OperationId> {
        self.in_its_run(|run| {
            let now = run.clock.now();
            let submitted = run.disks.with(run, |storage| storage.submit(now, self.node, operation, &mut Asks(run)));
            run.end_if_refused();
            submitted
        })
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<io::Result<Outcome>> {
        let polled = self.in_its_run(|run| {
            let taken = run
                .disks
                .with(run, |storage| (storage.take(operation), storage.is_waiting(operation, context.waker())))?;
            match taken {
                (Some(result), _) => return Some(Poll::Ready(result)),
                (None, true) => {}
                (None, false) => {
                    // Cloned outside of the borrow: a waker may be anybody's code.
                    let waker = context.waker().clone();
                    run.disks.with(run, |storage| storage.wait(operation, waker))?;
                }
            }
            if let Some(focus) = run.watch.as_ref().and_then(|watch| watch.focus()) {
                focus.waits_for(operation);
            }
            visit(run, "file");
            Some(Poll::Pending)
        });
        polled.unwrap_or_else(|| Poll::Ready(Err(io::Error::other("the file has outlived its run"))))
    }

    fn abandon(&self, operation: OperationId) {
        self.in_its_run(|run| run.disks.with(run, |storage| storage.abandon(operation)));
    }

    fn close(&self, file: FileId) {
        self.in_its_run(|run| run.disks.with(run, |storage| storage.close(self.node, file)));
    }
}

impl AmbientRing for Simulated {
    /// `what` is a name in [`fs`](crate::fs).
    #[track_caller]
    fn current(what: &'static str) -> Self {
        let current = context::try_with(|run| Self { run: run.id(), node: run.nodes.current(run.current()) });
        match current {
            Some(current) => current,
            None => context::missing(&format!("reveille::fs::{what}")),
        }
    }
}
