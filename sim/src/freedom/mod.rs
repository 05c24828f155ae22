//! Freedoms: what an executor may do, and most executors seldom do. Code that counts on their manners breaks elsewhere.
//!
//! The contract between a future and who polls it is short, and it is read generously by whoever has only met one executor.
//! A run may take what it allows: each [`Freedom`] is a question of its own, asked of the choices at each occasion, so it is
//! on the tape, is shrunk away where a failure does without it, and a failure that needs it says so. Answer 0 is always that
//! it is not taken; where no freedom is on nothing is asked, and a run is the one that it was without this module.
//!
//! *Which are on.* Under the default strategy the seed says which of the default freedoms are (a swarm: Groce and others,
//! ISSTA 2012), and most seeds have none. Others are on if they are [asked for](crate::Explore::freedoms).
//!
//! *Polls from elsewhere than last time* are those of [`Freedom::InlineWake`] and [`Freedom::WithinSpawn`]: a task that the loop of the
//! run has polled is polled next deeper in the stack, within a poll of another task, or the other way round.
//!
//! Deliberately absent: an order of wakes (the schedule is that: any task that was woken may be polled first); polls on
//! another thread (futures of a run need not be [`Send`], and one that is `Send` cannot tell but by its thread-locals); a future that moves
//! from one task to another (programs do that, executors do not; `StaleWakers` is what it meets then); a second poll of a future that is being
//! polled (the contract forbids it).

mod asked;
mod held;
mod inline;
mod late;
mod needed;
mod spurious;
mod swarm;
mod wakers;
mod within_spawn;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use reveille_executor::{Hint, Kind, Point};

pub(crate) use asked::asked;
pub(crate) use inline::woken;
pub(crate) use late::{Late, polls_before_drop};
pub(crate) use needed::{answers_without, lines, needed, taken};
pub(crate) use swarm::of_seed;

use crate::kinds;
use crate::run::Run;

/// Something odd that an executor may do.
///
/// ```
/// use reveille::Freedom;
///
/// assert_eq!(Freedom::Spurious.to_string(), "spurious");
/// assert!(Freedom::ALL.iter().any(|freedom| !freedom.is_default()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Freedom {
    /// A task is polled although nobody woke it. `spurious`, on by default.
    ///
    /// [`Future::poll`] promises a poll after a wake, and nowhere that there is none without: whoever polls a `join!` polls
    /// all of its branches.
    Spurious,
    /// A task is polled with another waker than last time, for which [`Waker::will_wake`](std::task::Waker::will_wake) is false; both wake
    /// it. `fresh-wakers`, on by default.
    ///
    /// `will_wake` "works on a best-effort basis": false says nothing.
    FreshWakers,
    /// The same, and what is woken through the waker of an earlier poll is not heard. `stale-wakers`, on request.
    ///
    /// [`Future::poll`]: "only the `Waker` from the `Context` passed to the most recent call" has to be woken. A future that
    /// moves from one task to another meets this in ordinary programs.
    StaleWakers,
    /// A task that could run is held back until time has moved on. `held-back`, on request.
    ///
    /// The contract names no time within which a woken task is polled: a time-out may strike although what it waited for has
    /// come.
    HeldBack,
    /// The future of a task that completed or was aborted is dropped a while later. `late-drops`, on request.
    ///
    /// No sentence says when an executor drops a future that it polls no more.
    LateDrops,
    /// A task is polled within the call that wakes it. `inline-wake`, on request only.
    ///
    /// [`Waker::wake`](std::task::Waker::wake) hands the task to its executor, and no sentence says that this returns before the poll. Who
    /// wakes while holding a lock hangs then if the woken task takes the same lock; well-known crates do, which is why
    /// this is never among the defaults. See [`guide::freedoms`](crate::guide::freedoms).
    InlineWake,
    /// Other tasks are polled within `spawn`, before it returns: up to eight, and within their spawns others, four deep.
    /// `within-spawn`, on request only.
    ///
    /// A task may run as soon as it is spawned; on many threads it does. Here the spawner is on the stack meanwhile, so what
    /// comes of this is a part of what threads bring about: only other tasks run, by whole polls. Who spawns with a `RefCell`
    /// borrowed or a lock held meets whoever wants the same.
    WithinSpawn,
}

impl Freedom {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Spurious,
        Self::FreshWakers,
        Self::StaleWakers,
        Self::HeldBack,
        Self::LateDrops,
        Self::InlineWake,
        Self::WithinSpawn,
    ];

    /// The name, as [`Explore::freedoms`](crate::Explore::freedoms) takes it.
    ///
    /// ```
    /// use reveille::{Freedom, explore};
    ///
    /// let passed = explore().freedoms(Freedom::Spurious.name()).run(reveille::yield_now).unwrap();
    /// assert!(passed.exercised.contains_key(&Freedom::Spurious));
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spurious => "spurious",
            Self::FreshWakers => "fresh-wakers",
            Self::StaleWakers => "stale-wakers",
            Self::HeldBack => "held-back",
            Self::LateDrops => "late-drops",
            Self::InlineWake => "inline-wake",
            Self::WithinSpawn => "within-spawn",
        }
    }

    /// Whether it is among those that the default strategy draws from.
    ///
    /// ```
    /// use reveille::Freedom;
    ///
    /// let default: Vec<_> = Freedom::ALL.into_iter().filter(|freedom| freedom.is_default()).collect();
    /// assert_eq!(default, [Freedom::Spurious, Freedom::FreshWakers]);
    /// ```
    #[must_use]
    pub const fn is_default(self) -> bool {
        matches!(self, Self::Spurious | Self::FreshWakers)
    }

    /// What happened, and why that is no fault of the executor.
    pub(crate) const fn contract(self) -> &'static str {
        match self {
            Self::Spurious => {
                "a task was polled that nobody had woken; `Future::poll` never says that only a wake leads to a poll"
            }
            Self::FreshWakers => {
                "a task was polled with another waker than before; that `will_wake` is false says nothing (\"best-effort\")"
            }
            Self::StaleWakers => {
                "a wake through the waker of an earlier poll was not heard; `Future::poll` wants the one of \"the most recent call\" woken"
            }
            Self::HeldBack => {
                "a task that could run was held back while time moved on; no sentence says how soon it is polled"
            }
            Self::LateDrops => "a future that had ended was dropped a while later; no sentence says when it is",
            Self::InlineWake => {
                "a task was polled within the `wake` that woke it; no sentence says that `wake` returns first"
            }
            Self::WithinSpawn => "a task was polled before a `spawn` had returned; on many threads it may be",
        }
    }

    /// The kind of its questions; the letter is also that of the freedom in the header of a tape.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Spurious => kinds::SPURIOUS,
            Self::FreshWakers => kinds::FRESH_WAKER,
            Self::StaleWakers => kinds::STALE_WAKER,
            Self::HeldBack => kinds::HELD_BACK,
            Self::LateDrops => kinds::LATE_DROP,
            Self::InlineWake => kinds::INLINE_WAKE,
            Self::WithinSpawn => kinds::WITHIN_SPAWN,
        }
    }

    /// On how many of how many occasions it is taken, as far as a random strategy is concerned.
    const fn odds(self) -> (u32, u32) {
        match self {
            Self::Spurious | Self::HeldBack => (1, 16),
            Self::FreshWakers | Self::StaleWakers | Self::LateDrops | Self::InlineWake | Self::WithinSpawn => (1, 2),
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Freedom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Some of the freedoms, or the word that the seed says which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set(u8);

impl Set {
    pub(crate) const NONE: Self = Self(0);
    /// The source of the choices knows, run by run. Never in a tape.
    pub(crate) const BY_SEED: Self = Self(1 << 7);

    pub(crate) const fn has(self, freedom: Freedom) -> bool {
        self.0 & freedom.bit() != 0
    }

    pub(crate) const fn with(self, freedom: Freedom) -> Self {
        Self(self.0 | freedom.bit())
    }

    pub(crate) const fn without(self, freedom: Freedom) -> Self {
        Self(self.0 & !freedom.bit())
    }

    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Its members, in their order.
    pub(crate) fn iter(self) -> impl Iterator<Item = Freedom> {
        Freedom::ALL.into_iter().filter(move |freedom| self.has(*freedom))
    }
}

/// How often each freedom was really taken.
pub(crate) type Taken = [u64; Freedom::ALL.len()];

/// What a campaign tells of its freedoms: those asked for by name, taken or not, and those taken.
pub(crate) fn exercised(asked: Set, taken: &Taken) -> BTreeMap<Freedom, u64> {
    let counted = Freedom::ALL.into_iter().map(|freedom| (freedom, taken[freedom as usize]));
    counted.filter(|(freedom, count)| *count > 0 || asked.has(*freedom)).collect()
}

/// The freedoms of one run: which are on, and what they need to know.
#[derive(Debug, Default)]
pub(crate) struct Freedoms {
    on: Cell<Set>,
    wakers: wakers::Wakers,
    /// Somebody counts them: see `count_wakers`.
    wakers_are_counted: Cell<bool>,
    held: held::Held,
    limbo: late::Limbo,
    spurious: spurious::Spurious,
    inline: inline::Inline,
    within_spawn: within_spawn::WithinSpawn,
    /// Since somebody asked: in a campaign, not in a run.
    taken: Cell<Taken>,
}

impl Freedoms {
    /// Switches on those of `set`, for a run that begins.
    pub(crate) fn begin(&self, set: Set) {
        self.on.set(set);
        self.wakers_are_counted.set(false);
        if !set.is_none() {
            self.wakers.clear();
            self.spurious.clear();
        }
    }

    /// Forgets what belongs to the run that ends, before its world is dropped.
    pub(crate) fn clear(&self) {
        if !self.on.get().is_none() {
            self.held.clear();
            self.limbo.clear();
            self.wakers.clear();
        }
    }

    pub(crate) fn on(&self) -> Set {
        self.on.get()
    }

    /// Whether any freedom is on: the one question that a run without any has to answer.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        !self.on.get().is_none()
    }

    /// From here on the wakers of tasks are counted: no poll of this run has a new one any more. (What registers a waker for
    /// a task that is there under another one has registered two.)
    pub(crate) fn count_wakers(&self) {
        self.wakers_are_counted.set(true);
    }

    fn took(&self, freedom: Freedom) {
        let mut taken = self.taken.get();
        taken[freedom as usize] += 1;
        self.taken.set(taken);
    }

    /// How often each was taken since this was last asked.
    pub(crate) fn take_taken(&self) -> Taken {
        self.taken.take()
    }
}

/// Asks whether `freedom` is taken on this occasion.
fn is_taken(run: &Run, freedom: Freedom) -> bool {
    let (numerator, denominator) = freedom.odds();
    let hint = Hint::Rarely { numerator, denominator };
    run.freedoms.on().has(freedom) && run.ask_quietly(Point { kind: freedom.kind(), bound: 2, hint }) == 1
}

impl Run {
    /// What an executor may do before it picks a task. True if something was done, and there is to be another look.
    #[cold]
    pub(crate) fn take_liberties(&self) -> bool {
        late::drop_due(self);
        spurious::poll(self)
    }

    /// Gives back what was held back or kept for later, since there is nothing else to do. True if there was anything.
    #[cold]
    pub(crate) fn end_liberties(&self) -> bool {
        held::release(self) | late::drop_all(self)
    }

    /// Ends what may outlast no moment of time.
    pub(crate) fn time_has_passed(&self) {
        held::release(self);
    }
}

pub(crate) use held::hold;
pub(crate) use wakers::waker_for;
pub(crate) use within_spawn::spawned;
