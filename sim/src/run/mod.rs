//! One run: the world that a program lives in, from its first poll to the drop of its last task.
//!
//! A [`Run`] is glue: an executor, the choices, a clock, a record per task and what was noted. The same object serves run
//! after run and keeps its memory in between. It is driven in `drive.rs`; what its end means is decided in `judge.rs`.

mod clock;
mod drive;
mod notes;
mod order;
mod tasks;

use std::cell::{Cell, RefCell};
use std::num::NonZeroU64;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reveille_executor::{JoinHandle, LocalExecutor, Point, TaskId};

pub(crate) use clock::Clock;
pub(crate) use drive::{Ending, Limit};
pub(crate) use notes::{Hint, Misuse, Notes, PanicNote, Sometimes};
pub(crate) use tasks::{Origin, POLLS_MAX, Tasks};

use crate::choices::Choices;
use crate::digest::{Digest, Early, Fingerprint, Mark};
use crate::event::Event;
use crate::freedom::{self, Freedom, Freedoms};
use crate::fs::Disks;
use crate::leaf::Leaves;
use crate::lens::Clones;
use crate::livelock::{Progress, Quiet};
use crate::net::{Faults, Network};
use crate::node::Machines;
use crate::spin::Visits;
use crate::strategy::Source;
use crate::tape::Settings;
use crate::watch::{Onlooker, Watch};
use crate::watchdog::Pulse;

/// Tells a run from every other run of the process, so that a handle that outlived its run is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunId(NonZeroU64);

impl RunId {
    /// What no run has.
    pub(crate) const NO_MORE: Self = Self(NonZeroU64::MAX);

    /// So many numbers a world takes at once: a counter that all threads share is not for every run.
    const BLOCK: u64 = 1 << 20;

    /// What no other world has had.
    fn new() -> Self {
        static BLOCKS: AtomicU64 = AtomicU64::new(1);
        Self(NonZeroU64::MIN.saturating_add(BLOCKS.fetch_add(1, Ordering::Relaxed) * Self::BLOCK))
    }

    /// That of the next run in the same world.
    fn next(self) -> Self {
        let next = self.0.saturating_add(1);
        if next.get().is_multiple_of(Self::BLOCK) { Self::new() } else { Self(next) }
    }
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The program runs.
    Running,
    /// What is left of the program is being dropped; nothing new can start.
    TearingDown,
}

/// What of its tasks a run is asked to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Followed {
    /// Nothing.
    No,
    /// Who spawned them: the dullest run, which strategies are calibrated by.
    Parents,
    /// Their spawns and polls, as they come: what answers the choices depends on them.
    Closely,
    /// Their wakes as well.
    WithWakes,
}

/// How far a run may go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) polls: u64,
    pub(crate) time: Duration,
    /// How long, in real time, a stuck run waits for a wake from another thread before it is called stuck.
    pub(crate) patience: Duration,
    /// How long a leaf may be owed a poll, in virtual time and in polls of its task.
    pub(crate) starved_time: Duration,
    pub(crate) starved_polls: u64,
}

/// The most choices of one run: a poll that never ends must not eat the machine's memory.
const DRAWS_MAX: usize = 1 << 22;

/// The world of one run at a time.
pub(crate) struct Run {
    pub(crate) executor: LocalExecutor,
    pub(crate) choices: RefCell<Choices>,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) notes: Notes,
    /// How often leaves are polled within one poll.
    pub(crate) visits: Visits,
    /// What was cancelled, and what that took with it.
    pub(crate) cancel: crate::cancel::Record,
    pub(crate) network: Network,
    pub(crate) disks: Disks,
    /// Futures that know whether they were polled since they were woken.
    pub(crate) leaves: Leaves,
    /// Which task runs on which node.
    pub(crate) nodes: Machines,
    /// When something came of the polls.
    pub(crate) progress: Progress,
    /// What odd things the executor may do.
    pub(crate) freedoms: Freedoms,
    /// What looks on: present in replays and where the user brought oracles.
    pub(crate) watch: Option<Watch>,
    /// Shows the watchdog where the run is.
    pulse: Arc<Pulse>,
    settings: Settings,
    limits: Limits,
    id: Cell<RunId>,
    phase: Cell<Phase>,
    /// The task being polled.
    current: Cell<Option<TaskId>>,
    /// How many polls there were, the current one included.
    step: Cell<u64>,
    digest: Cell<Digest>,
    /// What it was after some of the polls.
    early: Early,
    /// Not every task that is picked is polled: the root has ended, or a node is paused.
    looks_closer: Cell<bool>,
    /// The step in which the root ended.
    root_ended_at: Cell<Option<u64>>,
    /// The step before which half of the time that the run may take had not passed.
    half_time: Cell<Option<u64>>,
    /// How many generators the program has taken.
    generators: Cell<u64>,
    followed: Cell<Followed>,
    /// This is the replay that is made for a person to read.
    explaining: Cell<bool>,
}

impl Run {
    pub(crate) fn new(
        source: Box<dyn Source>,
        settings: Settings,
        limits: Limits,
        watch: Option<Watch>,
        pulse: Arc<Pulse>,
    ) -> Rc<Self> {
        let is_observed = watch.is_some() || settings.freedoms.has(Freedom::InlineWake);
        let executor = match is_observed {
            true => LocalExecutor::with_observer(Arc::new(Onlooker)),
            false => LocalExecutor::new(),
        };
        let mut choices = Choices::new(source);
        if watch.is_some() {
            choices.watch();
        }
        Rc::new(Self {
            executor,
            choices: RefCell::new(choices),
            clock: Clock::default(),
            tasks: Tasks::default(),
            notes: Notes::default(),
            visits: Visits::default(),
            cancel: crate::cancel::Record::default(),
            network: Network::default(),
            disks: Disks::default(),
            leaves: Leaves::default(),
            nodes: Machines::default(),
            progress: Progress::default(),
            freedoms: Freedoms::default(),
            watch,
            pulse,
            settings,
            limits,
            id: Cell::new(RunId::new()),
            phase: Cell::new(Phase::TearingDown),
            current: Cell::new(None),
            step: Cell::new(0),
            digest: Cell::new(Digest::EMPTY),
            early: Early::default(),
            looks_closer: Cell::new(false),
            root_ended_at: Cell::new(None),
            half_time: Cell::new(None),
            generators: Cell::new(0),
            followed: Cell::new(Followed::No),
            explaining: Cell::new(false),
        })
    }

    /// Makes an empty world for the run of `seed`.
    pub(crate) fn begin(&self, seed: u64) {
        self.id.set(self.id.get().next());
        self.pulse.begin(seed);
        self.followed.set({
            let mut choices = self.choices.borrow_mut();
            choices.begin(seed);
            self.freedoms.begin(match self.settings.freedoms {
                freedom::Set::BY_SEED => choices.freedoms(),
                set => set,
            });
            match seed {
                0 => Followed::Parents,
                _ if choices.follows() && choices.follows_wakes() => Followed::WithWakes,
                _ if choices.follows() => Followed::Closely,
                _ => Followed::No,
            }
        });
        self.nodes.trouble.begin(&self.settings.faults);
        self.clock.restart();
        self.tasks.clear();
        self.notes.clear();
        self.visits.clear();
        self.cancel.clear();
        self.leaves.clear();
        self.step.set(0);
        self.progress.clear();
        self.digest.set(Digest::EMPTY);
        self.early.clear();
        self.looks_closer.set(false);
        self.root_ended_at.set(None);
        self.half_time.set(None);
        self.generators.set(0);
        self.phase.set(Phase::Running);
    }

    /// Drops what is left of the program. Its destructors still find the run, but can start nothing in it. The result is
    /// whether one of them panicked.
    pub(crate) fn tear_down(&self) -> bool {
        self.phase.set(Phase::TearingDown);
        self.pulse.tear_down();
        self.freedoms.clear();
        self.nodes.pauses.clear();
        let panicked = self.executor.reset();
        self.clock.clear();
        let used_disks = self.disks.clear();
        self.network.clear(used_disks || self.nodes.trouble.is_on());
        self.nodes.clear();
        self.pulse.rest();
        panicked > 0
    }

    /// Spawns `future` with its origin on record.
    pub(crate) fn spawn<F>(&self, future: F, origin: Origin) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if self.phase.get() == Phase::TearingDown {
            self.notes.spawned_in_teardown(origin.site);
            // An executor that ends at once drops the future here and leaves a handle that says "cancelled".
            return LocalExecutor::new().spawn(future);
        }
        let is_free = self.freedoms.any();
        let handle = match is_free && self.freedoms.on().has(Freedom::LateDrops) {
            true => self.executor.spawn(freedom::Late::new(future)),
            false => self.executor.spawn(future),
        };
        let task = handle.id();
        self.fold(Mark::Spawn, task.index() as u64);
        self.progress.at(self.step.get());
        match self.followed.get() {
            Followed::No => {}
            Followed::Parents => self.tasks.add_parent(self.current.get()),
            Followed::Closely | Followed::WithWakes => {
                self.choices.borrow_mut().spawned(task, self.current.get(), origin.site);
            }
        }
        if origin.abortable {
            self.cancel.may_abort(task, handle.abort_handle());
        }
        if origin.audited {
            // Here already, since it may be polled, and cut, before the spawn returns.
            self.cancel.is_audited(handle.abort_handle());
        }
        if let Some(watch) = &self.watch {
            watch.spawned(task, self.current.get());
        }
        self.tasks.add(task, origin);
        self.nodes.spawned(task, self.current.get(), || handle.abort_handle());
        self.emit(Event::Spawned { task, by: self.current.get() });
        if is_free && self.freedoms.on().has(Freedom::WithinSpawn) {
            freedom::spawned(self);
        }
        handle
    }

    /// Asks for a decision of the program's own.
    pub(crate) fn decide(&self, point: Point<'_>) -> u32 {
        let answer = self.ask(point);
        self.end_if_refused();
        answer
    }

    /// Asks for a decision of the simulated world, which may be in the middle of something: never unwinds. Who asks on
    /// behalf of a task calls [`end_if_refused`](Self::end_if_refused) when it is done.
    pub(crate) fn ask(&self, point: Point<'_>) -> u32 {
        if self.phase.get() == Phase::TearingDown {
            return 0;
        }
        let answer = self.choices.borrow_mut().answer(point);
        self.emit(Event::Chose { kind: point.kind, bound: point.bound, answer });
        answer
    }

    /// The same about a freedom of the executor's; see [`Choices::choose_quietly`].
    pub(crate) fn ask_quietly(&self, point: Point<'_>) -> u32 {
        if self.phase.get() == Phase::TearingDown {
            return 0;
        }
        let answer = self.choices.borrow_mut().choose_quietly(point);
        self.emit(Event::Chose { kind: point.kind, bound: point.bound, answer });
        answer
    }

    /// Ends the current poll if the choices have no answers left.
    pub(crate) fn end_if_refused(&self) {
        let (refused, draws) = {
            let choices = self.choices.borrow();
            (choices.refused(), choices.draws().len())
        };
        if refused && !std::thread::panicking() {
            // The tape has no answer. The run is void, and the program may be in a loop that waits for one.
            std::panic::resume_unwind(Box::new("the tape does not fit the program"));
        }
        assert!(draws < DRAWS_MAX, "a run made {DRAWS_MAX} choices: it asks in a loop whose end depends on the answer");
    }

    pub(crate) fn emit(&self, event: Event) {
        if let Some(watch) = &self.watch {
            watch.event(self, event);
        }
    }

    fn fold(&self, mark: Mark, value: u64) {
        self.digest.set(self.digest.get().with(mark, value));
    }

    /// The hash of all that happened, choices included.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let whole = self.digest.get().with(Mark::Choice, self.choices.borrow().digest().value()).value();
        Fingerprint { whole, early: self.early.noted() }
    }

    /// Notes what the digest is after the first `polls`.
    fn note_early(&self, polls: u64) {
        self.early.note(polls, self.digest.get());
    }

    pub(crate) fn id(&self) -> RunId {
        self.id.get()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(crate) fn current(&self) -> Option<TaskId> {
        self.current.get()
    }

    pub(crate) fn step(&self) -> u64 {
        self.step.get()
    }

    /// The step up to which the first half of a run went that came to `limit`.
    pub(crate) fn half_way(&self, limit: Limit) -> u64 {
        match limit {
            Limit::Polls => self.limits.polls / 2,
            Limit::Time => self.half_time.get().unwrap_or_else(|| self.step.get()),
        }
    }

    /// Whether nothing came of the polls, now that there were as many as there may be.
    pub(crate) fn quiet(&self) -> Quiet {
        self.progress.at_the_limit(self.limits.polls)
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.settings.faults
    }

    /// What adds draws to this run.
    pub(crate) fn settings(&self) -> Settings {
        Settings { freedoms: self.freedoms.on(), ..self.settings }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether somebody looks where the task that is polled waits, so that leaves have to register strange wakers.
    pub(crate) fn is_looked_into(&self) -> bool {
        let in_focus = |watch: &Watch| watch.clones().is_some_and(Clones::is_collecting);
        self.watch.as_ref().is_some_and(in_focus) || self.cancel.is_looked_into()
    }

    pub(crate) fn next_generator(&self) -> u64 {
        let ordinal = self.generators.get();
        self.generators.set(ordinal + 1);
        ordinal
    }

    pub(crate) fn explaining(&self) -> bool {
        self.explaining.get()
    }

    pub(crate) fn explain(&self) {
        self.explaining.set(true);
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("step", &self.step.get()).field("phase", &self.phase.get()).finish_non_exhaustive()
    }
}

/// Where a future was made or a task spawned.
pub(crate) type Site = &'static Location<'static>;
