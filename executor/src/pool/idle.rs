//! Who sleeps, who looks for work, and who is to be woken.
//!
//! Waking a worker is dear, and one that finds nothing was woken in vain. So a push wakes one only if somebody sleeps and
//! nobody is *searching*, that is, on the way to look into all queues; and who is woken is a searcher from the start. The
//! protocol is that of Go's scheduler and of tokio's, told as rules:
//!
//! 1. **The push.** Who has pushed an entry makes a fence and then looks at the word. If nobody searches and somebody
//!    sleeps, it wakes one.
//! 2. **The last one.** A worker with nothing to do searches, if not half of the workers do already, or else sleeps at once.
//!    Who stops searching or falls asleep changes the word, and if that leaves no searcher makes a fence and then looks into
//!    every queue; if there is something left, it does as who has pushed. This holds also if it stops since it has found
//!    something, and if it falls asleep without having searched: those to whom it left that may have stopped meanwhile.
//!
//! *No entry is overlooked.* Take the last change of the word that leaves no searcher and after which somebody sleeps. The
//! fence that follows it and the one of the push stand in one order. If the push's comes first, the look finds the entry. If
//! it comes second, the push sees that change: nobody searches, somebody sleeps, whom it wakes. While somebody searches
//! such a change is still to come, and while all are awake each of them looks before it sleeps.
//!
//! 3. **One word.** The counts are changed by read-modify-write only, and that of the sleepers together with the list of
//!    who they are, under its lock. Who takes a worker out of the list owes it one token of its parker, and no token comes
//!    from elsewhere but the close; so parkers and list do not drift apart.

use crate::sync::{AtomicUsize, Mutex, Ordering, fence};

/// One worker that searches.
const SEARCHING: usize = 1;
/// One worker that is awake, searching or not; the bits from here up are a count.
const AWAKE: usize = 1 << 16;

/// The most workers that there can be.
pub(super) const WORKERS_MAX: usize = AWAKE - 1;

/// Which workers sleep and how many search.
pub(super) struct Idle {
    /// How many workers search and how many are awake.
    word: AtomicUsize,
    /// The workers that sleep, or are about to; the last one is woken first, as its memory is warmest.
    sleepers: Mutex<Vec<usize>>,
    workers: usize,
}

impl Idle {
    /// All workers are awake, and none searches.
    pub(super) fn new(workers: usize) -> Self {
        Self { word: AtomicUsize::new(workers * AWAKE), sleepers: Mutex::new(Vec::with_capacity(workers)), workers }
    }

    /// Takes out of the list a worker that is to be woken for what has just been pushed; `None` if nobody need be.
    #[inline]
    pub(super) fn take_sleeper(&self) -> Option<usize> {
        // Rule 1: between what the caller has pushed and the look.
        fence(Ordering::SeqCst);
        if self.wants_one() { self.take_sleeper_locked() } else { None }
    }

    #[inline]
    fn wants_one(&self) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        word.is_multiple_of(AWAKE) && word / AWAKE < self.workers
    }

    #[cold]
    fn take_sleeper_locked(&self) -> Option<usize> {
        let mut sleepers = self.sleepers.lock();
        // Another may have seen to it meanwhile.
        if !self.wants_one() {
            return None;
        }
        let sleeper = sleepers.pop()?;
        self.word.fetch_add(AWAKE + SEARCHING, Ordering::AcqRel);
        Some(sleeper)
    }

    /// The caller wants to search; false if enough workers do.
    pub(super) fn start_searching(&self) -> bool {
        let enough = |word: usize| 2 * (word % AWAKE) >= self.workers;
        let start = |word| if enough(word) { None } else { Some(word + SEARCHING) };
        self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, start).is_ok()
    }

    /// A searcher has found something. Whether it has to look into the queues (rule 2).
    pub(super) fn stop_searching(&self) -> bool {
        let before = self.word.fetch_sub(SEARCHING, Ordering::AcqRel);
        debug_assert_ne!(before % AWAKE, 0, "only a searcher stops searching");
        Self::leaves_none(before, SEARCHING)
    }

    /// `worker` goes to sleep. Whether it has to look into the queues first (rule 2).
    pub(super) fn fall_asleep(&self, worker: usize, is_searching: bool) -> bool {
        let mut sleepers = self.sleepers.lock();
        sleepers.push(worker);
        let own = if is_searching { SEARCHING } else { 0 };
        let before = self.word.fetch_sub(AWAKE + own, Ordering::AcqRel);
        drop(sleepers);
        Self::leaves_none(before, own)
    }

    /// `worker`, which slept, is awake without having been woken: it takes itself out of the list, as a searcher. False if
    /// somebody has done so already, who owes it a token.
    pub(super) fn rise(&self, worker: usize) -> bool {
        let mut sleepers = self.sleepers.lock();
        let Some(place) = sleepers.iter().position(|sleeper| *sleeper == worker) else { return false };
        sleepers.remove(place);
        self.word.fetch_add(AWAKE + SEARCHING, Ordering::AcqRel);
        true
    }

    /// Whether nobody searches after a change that took `own` from the searchers.
    fn leaves_none(before: usize, own: usize) -> bool {
        let is_last = before % AWAKE == own;
        if is_last {
            // Rule 2: between the change of the word and the look.
            fence(Ordering::SeqCst);
        }
        is_last
    }
}
