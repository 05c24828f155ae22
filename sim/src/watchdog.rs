//! Notices a poll that never returns. The thread that is in it cannot say so, and nothing can stop it: another thread says
//! what is known and ends the process.
//!
//! The run's thread shows where it is by two relaxed stores a poll ([`Pulse`]). The watchdog looks a few times per limit; if a
//! pulse stands still for all of it, the program hangs: in a `loop {}` without an await, on a `std` lock that its own thread
//! holds, in a call that blocks. What a replay has to add is found out in another process where one can be started, else on another thread of
//! this one.
//!
//! Deliberately absent: any effect on runs. What a run does depends on no real clock, this one included.

#[cfg(unix)]
use std::fs::File;
use std::io::Write as _;
#[cfg(unix)]
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use reveille_executor::TaskId;

use crate::tape::Tape;
use crate::thread_state::{ThreadPlace, ThreadState};

/// How often the watchdog looks within its limit.
const LOOKS: u32 = 8;
/// How long a replay that looks into the poll may take until it says something, or something more. It takes less than a second, where it
/// has a processor to itself; the thread that hangs may well be busy, and be one of many.
pub(crate) const DETAILS: Duration = Duration::from_secs(5);
/// The exit status of a test process that failed.
const EXIT: i32 = 101;

/// Where the thread of a run is.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// Whether seeds say which run it is; else a tape is being repeated.
    is_seeded: bool,
    /// Counts performances, so that two that look alike are told apart.
    performance: AtomicU64,
    seed: AtomicU64,
    /// The task and the step of the poll under way, or one of the marks below.
    at: AtomicU64,
    /// Which poll of its task it is, counted from 1.
    ordinal: AtomicU64,
    /// The poll in whose `wake` that one is, in the same form, or [`BETWEEN`]; 0 if it is in none.
    within: AtomicU64,
    /// The thread that it is of.
    thread: ThreadPlace,
}

/// The program is about to begin: no task has step 0.
const BEGINNING: u64 = 0;
/// Between performances.
const RESTING: u64 = u64::MAX;
/// It is in a `wake` that no poll made.
const BETWEEN: u64 = u64::MAX;
/// The world is being dropped.
const TEARDOWN: u64 = u64::MAX - 1;

impl Pulse {
    pub(crate) fn begin(&self, seed: u64) {
        self.seed.store(seed, Ordering::Relaxed);
        // This thread is the only one that writes.
        self.performance.store(self.performance.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.at.store(BEGINNING, Ordering::Relaxed);
    }

    /// The poll of `task` begins that is number `step` of the run and number `ordinal` of the task, both counted from 1.
    #[inline]
    pub(crate) fn poll(&self, task: TaskId, step: u64, ordinal: u64) {
        self.at.store(((task.index() as u64) << 32) | (step & 0xffff_ffff), Ordering::Relaxed);
        self.ordinal.store(ordinal, Ordering::Relaxed);
    }

    /// The polls from here on are made within the poll under way, or between two: in a `wake` of it, which is worth telling, or in a spawn.
    /// Returns what [`leave`](Self::leave) wants to know.
    pub(crate) fn enter(&self, in_wake: bool, is_polling: bool) -> Beat {
        let outer = self.beat();
        if in_wake {
            self.within.store(if is_polling { outer.at } else { BETWEEN }, Ordering::Relaxed);
        }
        outer
    }

    /// Back in the poll that was under way before.
    pub(crate) fn leave(&self, outer: Beat) {
        self.within.store(outer.within, Ordering::Relaxed);
        self.at.store(outer.at, Ordering::Relaxed);
        self.ordinal.store(outer.ordinal, Ordering::Relaxed);
    }

    pub(crate) fn tear_down(&self) {
        self.at.store(TEARDOWN, Ordering::Relaxed);
    }

    pub(crate) fn rest(&self) {
        self.at.store(RESTING, Ordering::Relaxed);
    }

    fn beat(&self) -> Beat {
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        let seed = self.is_seeded.then(|| load(&self.seed));
        Beat {
            performance: load(&self.performance),
            seed,
            at: load(&self.at),
            ordinal: load(&self.ordinal),
            within: load(&self.within),
        }
    }
}

/// A pulse at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    performance: u64,
    seed: Option<u64>,
    at: u64,
    ordinal: u64,
    within: u64,
}

/// Something that does not return.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endless {
    /// The seed of the run; `None` in a replay.
    pub(crate) seed: Option<u64>,
    pub(crate) what: What,
    /// What the thread that does not go on is doing, if the system tells.
    pub(crate) thread: Option<ThreadState>,
    /// How many other runs, on other threads, do not go on either.
    pub(crate) others: usize,
}

/// What does not return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The closure that makes the root future.
    Program,
    /// The poll of a task.
    Poll {
        task: TaskId,
        /// Which poll of the run, counted from 1.
        step: u64,
        /// Which poll of the task, counted from 1.
        ordinal: u64,
        /// The `wake` that this one is made in; see [`Freedom::InlineWake`](crate::Freedom::InlineWake).
        within: Option<Waking>,
    },
    /// A destructor, while the world is dropped.
    Destructor,
}

/// Who wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waking {
    /// A task, in the poll of that step.
    Task(TaskId, u64),
    /// Nobody's poll: a timer, a socket, a file.
    Between,
}

/// A poll, as a run with the same seed has it as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PollAt {
    pub(crate) seed: u64,
    pub(crate) task: TaskId,
    /// Which poll of the run, counted from 1.
    pub(crate) step: u64,
    /// Which poll of the task, counted from 1.
    pub(crate) ordinal: u64,
}

impl Beat {
    fn endless(self, thread: Option<ThreadState>) -> Endless {
        let what = match self.at {
            BEGINNING => What::Program,
            TEARDOWN => What::Destructor,
            at => {
                let (task, step) = unpacked(at);
                let within = match self.within {
                    BEGINNING => None,
                    BETWEEN => Some(Waking::Between),
                    at => {
                        let (task, step) = unpacked(at);
                        Some(Waking::Task(task, step))
                    }
                };
                What::Poll { task, step, ordinal: self.ordinal, within }
            }
        };
        Endless { seed: self.seed, what, thread, others: 0 }
    }
}

/// A task and a step.
fn unpacked(at: u64) -> (TaskId, u64) {
    (TaskId::new((at >> 32) as u32), at & 0xffff_ffff)
}

/// The pulses of the runs of one test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pulses {
    all: Arc<Mutex<Vec<Weak<Pulse>>>>,
    /// The run that is being repeated, compared, or made small, if there is one.
    repeated: Arc<Mutex<Option<Tape>>>,
}

impl Pulses {
    /// A pulse for a new world, in which runs are made from seeds or are repeated.
    pub(crate) fn add(&self, is_seeded: bool) -> Arc<Pulse> {
        let [performance, seed, ordinal, within] = [0; 4].map(AtomicU64::new);
        let pulse = Arc::new(Pulse {
            is_seeded,
            performance,
            seed,
            at: AtomicU64::new(RESTING),
            ordinal,
            within,
            // A replay is short, and asking takes as long as many of them.
            thread: if is_seeded { ThreadPlace::here() } else { ThreadPlace::default() },
        });
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&pulse));
        pulse
    }

    /// From here on `tape` is what is being repeated.
    pub(crate) fn repeats(&self, tape: &Tape) {
        *self.repeated.lock().unwrap_or_else(PoisonError::into_inner) = Some(tape.clone());
    }

    /// What is being repeated; with several jobs, what one of them repeated last.
    pub(crate) fn repeated(&self) -> Option<Tape> {
        self.repeated.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn beats(&self) -> Vec<Beat> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).map(|pulse| pulse.beat()).filter(|beat| beat.at != RESTING).collect()
    }

    /// What the thread with this pulse is doing.
    fn state(&self, beat: Beat) -> Option<ThreadState> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).find(|pulse| pulse.beat() == beat)?.thread.state()
    }
}

/// Who says what does not return.
pub(crate) trait Describe: Sync {
    /// What is known without running anything: never waits.
    fn summary(&self, endless: Endless, limit: Duration) -> String;
    /// The poll, if a replay up to it may have something to add.
    fn repeatable(&self, endless: Endless) -> Option<PollAt>;
    /// Tells what a replay in another process has to add, bit by bit, and does not wait long for it. Returns whether it was anything.
    fn details_elsewhere(&self, poll: PollAt, tell: &mut dyn FnMut(String)) -> bool;
    /// Tells what a replay on this thread has to add. May hang, as the program does.
    fn details(&self, poll: PollAt, tell: Tell);
}

/// Tells a bit at once, from within a run.
pub(crate) type Tell = Box<dyn Fn(String) + Send>;

/// Calls `campaign` and watches `pulses` meanwhile. A poll that takes longer than `limit` of real time ends the process.
pub(crate) fn watched<R>(limit: Duration, pulses: &Pulses, describe: &dyn Describe, campaign: impl FnOnce() -> R) -> R {
    if limit.is_zero() {
        return campaign();
    }
    // A stuck run waits for other threads, for less than that.
    let limit = limit.max(Duration::from_secs(1));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = thread::Builder::new().name("reveille-watchdog".into());
        // Without a thread to spare there is no watchdog.
        let watcher = watcher.spawn_scoped(scope, || watch(limit, pulses, describe, &over)).ok();
        let _over = Over { flag: &over, watcher: watcher.as_ref().map(|watcher| watcher.thread().clone()) };
        campaign()
    })
}

/// Sends the watchdog home when dropped, also by a panic.
struct Over<'a> {
    flag: &'a AtomicBool,
    watcher: Option<Thread>,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.flag.store(true, Ordering::Release);
        if let Some(watcher) = &self.watcher {
            watcher.unpark();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a watchdog measures real time; no run sees it")]
fn watch(limit: Duration, pulses: &Pulses, describe: &dyn Describe, over: &AtomicBool) {
    let mut still: Vec<(Beat, Instant)> = Vec::new();
    while !over.load(Ordering::Acquire) {
        let now = Instant::now();
        let since = |beat: &Beat| still.iter().find(|(other, _)| other == beat).map_or(now, |(_, since)| *since);
        let beats: Vec<_> = pulses.beats().into_iter().map(|beat| (beat, since(&beat))).collect();
        let due: Vec<_> = beats.iter().filter(|(_, since)| now - *since >= limit).map(|(beat, _)| *beat).collect();
        let hung = due.iter().map(|beat| Endless { others: due.len() - 1, ..beat.endless(pulses.state(*beat)) });
        // One that waits for a lock may wait for another that hangs.
        if let Some(endless) = hung.min_by_key(|endless| endless.thread == Some(ThreadState::Lock)) {
            end_process(describe, endless, limit);
        }
        still = beats;
        thread::park_timeout(limit / LOOKS);
    }
}

/// Says what is known, then what can be found out, and ends the process.
fn end_process(describe: &dyn Describe, endless: Endless, limit: Duration) -> ! {
    say(&describe.summary(endless, limit));
    let told = |poll| describe.details_elsewhere(poll, &mut |text| say(&text));
    if let Some(poll) = describe.repeatable(endless).filter(|poll| !told(*poll)) {
        details_here(describe, poll);
    }
    std::process::exit(EXIT)
}

/// Lets a thread of this process find out about `poll`, and ends the process: that thread will hardly come back.
fn details_here(describe: &dyn Describe, poll: PollAt) -> ! {
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let details = move || describe.details(poll, Box::new(move |text| drop(tell.send(text))));
        // Without a thread to spare nobody tells anything.
        let _ = thread::Builder::new().spawn_scoped(scope, details);
        while let Ok(details) = told.recv_timeout(DETAILS) {
            say(&details);
        }
        std::process::exit(EXIT)
    })
}

/// Not `eprintln!`: a test harness that captures that shows it when the test has ended, which this one will not.
#[cfg(unix)]
fn say(text: &str) {
    // Past the lock of `Stderr`, which the thread that hangs may hold.
    if let Ok(out) = std::io::stderr().as_fd().try_clone_to_owned() {
        let _ = writeln!(File::from(out), "{text}");
    }
}

#[cfg(not(unix))]
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
