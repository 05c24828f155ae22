//! Workers and their queues: what each does next, whoever it is that moves them.
//!
//! A [`Worker`] does not know what runs its entries. A [`Pool`](super::Pool) moves each on a thread of its own, with entries
//! that are tasks; a simulation moves them one step at a time, with entries that are names of tasks; a test, or a model, with
//! numbers. The decisions are the same code.
//!
//! # One step
//!
//! Every 61st step a worker looks at the injector first. Else it takes the front of its own queue; if that is empty, a
//! share of the injector; if that is too, the older half of another worker's queue. The interval is counted, never
//! clocked. What a worker pushes goes to the back of its own queue, and to the injector if that is full.
//!
//! On threads a worker hesitates before it steals (see `hesitate`), which changes nothing of what it does then.
//!
//! # How long an entry waits
//!
//! Let there be *n* workers, let a *round* be any stretch of steps in which each of them moves at least once, and let *R* be
//! the entries that are ahead of this one in the injector when it is pushed. Then it is handed out within
//! `61·(R/n + 1) + 2·256` rounds, whatever is pushed behind it:
//!
//! * *In the injector.* Each worker takes at least one entry from its front in any 61 steps of its own, as long as there is
//!   one. So in 61 rounds *n* entries go, and this one is at the front after at most `R/n` times that, and taken within
//!   another 61 rounds. What is taken is handed out, or put into the taker's own queue.
//! * *In a worker's own queue,* behind at most 255 others. Entries are taken from its front only, and none goes back to the
//!   injector. In a round the worker moves, and an entry before this one goes, unless the step is one that looks at the
//!   injector first, which two in a row are not; so within 2·256 rounds it is handed out. A thief that comes in between
//!   takes the older half. If this entry is not in it, it has moved on by that much. If it is, it now stands behind at most
//!   as many as before, less the one that the thief was handed at once: the theft itself made up for a step that the
//!   thief's queue, being new to the entry, may lose to the injector.
//!
//! For *R* much larger than 256·*n* that is about `61·R` steps, and a load that keeps every queue busy comes to just that.
//! Without the 61st step an injector that is never reached because every queue is busy would wait for ever.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc as StdArc;

use super::driver::{Driver, Driving, Inside};
use super::idle::{Idle, WORKERS_MAX};
use super::injector::Injector;
use super::queue::LocalQueue;
use super::ring::Ring;
use crate::TaskId;
use crate::park::Parker;
use crate::sync::{Arc, AtomicBool, Count, Ordering, yield_thread};

/// How many steps of a worker it takes until it looks at the injector first.
///
/// Go's number: small enough to matter, large enough not to, and prime, so that it is in step with nothing.
///
/// ```
/// use reveille_executor::{INJECTOR_INTERVAL, TaskId, Workers};
///
/// let (all, workers) = Workers::new(1);
/// (1..=100).for_each(|n| workers[0].push(TaskId::new(n)));
/// all.inject(TaskId::new(0));
/// let taken = (1..=100).find(|_| workers[0].step(|_| 0) == Some(TaskId::new(0)));
/// assert_eq!(taken, Some(INJECTOR_INTERVAL));
/// ```
pub const INJECTOR_INTERVAL: u32 = 61;

/// Where the count of steps begins: near its end under loom, so that models come there.
const FIRST_TICK: u32 = if cfg!(all(loom, feature = "loom-models")) { INJECTOR_INTERVAL - 4 } else { 0 };

/// How often a searcher looks on before it robs somebody of the only entry, or sleeps. A few tens of microseconds; none under
/// loom, where to look on is as good as to come late.
const GLANCES_MAX: u32 = if cfg!(all(loom, feature = "loom-models")) { 0 } else { 8 };
const YIELDS_PER_GLANCE: u32 = 8;

/// What waits in the queues of workers: as good as a pointer.
///
/// # Safety
/// `from_raw` gives back what `into_raw` was called on.
///
/// ```
/// use reveille_executor::{Entry, Workers};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Number(usize);
///
/// // SAFETY: the number there and back.
/// unsafe impl Entry for Number {
///     fn into_raw(self) -> *mut () {
///         std::ptr::without_provenance_mut(self.0)
///     }
///
///     unsafe fn from_raw(raw: *mut ()) -> Self {
///         Self(raw.addr())
///     }
/// }
///
/// let (all, workers) = Workers::new(1);
/// all.inject(Number(7));
/// assert_eq!(workers[0].step(|_| 0), Some(Number(7)));
/// ```
pub unsafe trait Entry: Copy + Send + 'static {
    /// The entry as a pointer.
    fn into_raw(self) -> *mut ();

    /// The entry again.
    ///
    /// # Safety
    /// `raw` came from [`into_raw`](Self::into_raw).
    unsafe fn from_raw(raw: *mut ()) -> Self;
}

// SAFETY: the number there and back.
unsafe impl Entry for TaskId {
    fn into_raw(self) -> *mut () {
        std::ptr::without_provenance_mut(self.index())
    }

    unsafe fn from_raw(raw: *mut ()) -> Self {
        Self::new(raw.addr() as u32)
    }
}

/// The queues of a number of workers, and who of them sleeps.
///
/// ```
/// use reveille_executor::{TaskId, Workers};
///
/// let (workers, seats) = Workers::new(2);
/// let [one, two] = &seats[..] else { unreachable!() };
/// for n in 0..4 {
///     workers.inject(TaskId::new(n));
/// }
/// // The share of the first is 0 and 1; it is handed 0 and keeps 1, until the second robs it.
/// assert_eq!(one.step(|_| 0), Some(TaskId::new(0)));
/// assert_eq!([two.step(|_| 0), two.step(|_| 0)], [Some(TaskId::new(2)), Some(TaskId::new(3))]);
/// assert_eq!(two.step(|_| 0), Some(TaskId::new(1)));
/// assert_eq!(two.step(|_| 0), None);
/// ```
pub struct Workers<T: Entry, Q: LocalQueue<T> = Ring<T>> {
    injector: Injector<T>,
    seats: Box<[Seat<Q>]>,
    idle: Idle,
    /// What one of those that sleep waits in.
    driving: Option<Driving>,
    /// Whether the workers are to stop.
    closing: AtomicBool,
}

/// What others see of a worker.
#[repr(align(128))] // Two cache lines, since they are fetched in pairs: one worker's writes do not disturb the next's.
struct Seat<Q> {
    queue: Q,
    parker: Parker,
    inside: Inside,
    steals: Count,
    sleeps: Count,
}

/// One of the workers: moved by one thread at a time.
///
/// ```
/// use reveille_executor::{TaskId, Workers};
///
/// let (_, workers) = Workers::new(3);
/// (0..6).for_each(|n| workers[2].push(TaskId::new(n)));
/// // Whom to rob is the caller's to say: of the two others, the second.
/// assert_eq!((workers[0].index(), workers[0].step(|_| 1)), (0, Some(TaskId::new(0))));
/// ```
pub struct Worker<T: Entry, Q: LocalQueue<T> = Ring<T>> {
    all: Arc<Workers<T, Q>>,
    index: usize,
    /// How many steps it has made.
    ticks: Cell<u32>,
    /// Whether it counts as a searcher.
    searching: Cell<bool>,
    /// Whether it sleeps in the driver, or is called from there.
    in_driver: Cell<bool>,
    /// Whom it robs first next time.
    victim: Cell<usize>,
}

impl<T: Entry> Workers<T> {
    /// `count` workers with empty queues, all awake.
    ///
    /// # Panics
    /// If `count` is 0 or above 65,535.
    #[must_use]
    pub fn new(count: usize) -> (Arc<Self>, Vec<Worker<T>>) {
        Self::with(count, Injector::new(), None)
    }

    /// The same, with one queue for all, from which entries are taken by their ranks; every 61st time the oldest.
    pub(super) fn ordered(count: usize, driver: Option<StdArc<dyn Driver>>) -> (Arc<Self>, Vec<Worker<T>>) {
        Self::with(count, Injector::ordered(), driver.map(Driving::new))
    }

    /// The same as [`new`](Self::new), with a driver that one of the workers that sleep waits in.
    #[must_use]
    pub fn with_driver(count: usize, driver: StdArc<dyn Driver>) -> (Arc<Self>, Vec<Worker<T>>) {
        Self::with(count, Injector::new(), Some(Driving::new(driver)))
    }
}

impl<T: Entry, Q: LocalQueue<T>> Workers<T, Q> {
    /// The same as [`new`](Workers::new), with queues of this type.
    ///
    /// # Panics
    /// If `count` is 0 or above 65,535.
    ///
    /// ```
    /// use reveille_executor::{Locked, NoQueue, TaskId, Workers};
    ///
    /// let (_, seats) = Workers::<TaskId, Locked<TaskId>>::with_queues(2);
    /// seats[0].push(TaskId::new(0));
    /// assert_eq!(seats[1].step(|_| 0), Some(TaskId::new(0)));
    ///
    /// // Without queues of their own the workers share what there is all the same.
    /// let (_, seats) = Workers::<TaskId, NoQueue>::with_queues(2);
    /// seats[0].push(TaskId::new(0));
    /// assert_eq!(seats[1].step(|_| 0), Some(TaskId::new(0)));
    /// ```
    #[must_use]
    pub fn with_queues(count: usize) -> (Arc<Self>, Vec<Worker<T, Q>>) {
        Self::with(count, Injector::new(), None)
    }

    fn with(count: usize, injector: Injector<T>, driving: Option<Driving>) -> (Arc<Self>, Vec<Worker<T, Q>>) {
        assert!((1..=WORKERS_MAX).contains(&count), "expected 1 to {WORKERS_MAX} workers, got {count}");
        let seat = || Seat {
            queue: Q::new(),
            parker: Parker::new(),
            inside: Inside::new(),
            steals: Count::new(),
            sleeps: Count::new(),
        };
        let all = Arc::new(Self {
            injector,
            driving,
            seats: (0..count).map(|_| seat()).collect(),
            idle: Idle::new(count),
            closing: AtomicBool::new(false),
        });
        let worker = |index| Worker {
            all: Arc::clone(&all),
            index,
            ticks: Cell::new(FIRST_TICK),
            searching: Cell::new(false),
            in_driver: Cell::new(false),
            victim: Cell::new(index + 1),
        };
        let seats = (0..count).map(worker).collect();
        (all, seats)
    }

    /// Leaves an entry for any worker, on any thread, and wakes one if need be. False if the workers have stopped.
    pub fn inject(&self, entry: T) -> bool {
        self.inject_ranked(entry, 0)
    }

    /// The same, with a rank: for workers that take entries by it, the least first.
    pub(super) fn inject_ranked(&self, entry: T, rank: u64) -> bool {
        let is_taken = self.injector.push(entry, rank);
        if is_taken {
            self.wake_one();
        }
        is_taken
    }

    /// Wakes a worker for what has been pushed, if need be.
    #[inline]
    fn wake_one(&self) {
        if let Some(sleeper) = self.idle.take_sleeper() {
            self.unpark(&self.seats[sleeper]);
        }
    }

    fn unpark(&self, seat: &Seat<Q>) {
        seat.parker.unpark();
        if let Some(driving) = &self.driving {
            driving.signal(&seat.inside);
        }
    }

    /// Ends the sleep of who is in the driver, if somebody is: it looks for work, and comes back.
    pub fn interrupt_driver(&self) {
        if let Some(driving) = &self.driving {
            self.seats.iter().for_each(|seat| driving.signal(&seat.inside));
        }
    }

    /// Whether there is a driver and nobody in it.
    fn is_driver_free(&self) -> bool {
        self.driving.as_ref().is_some_and(Driving::is_free)
    }

    /// Whether there is an entry in any queue.
    fn has_entries(&self) -> bool {
        self.injector.len() > 0 || self.seats.iter().any(|seat| seat.queue.len() > 0)
    }

    /// Has every worker stop at its next step, and wakes those that sleep.
    pub fn stop(&self) {
        // A read-modify-write: whoever stops sees what came before the first of several calls.
        self.closing.swap(true, Ordering::AcqRel);
        self.seats.iter().for_each(|seat| self.unpark(seat));
    }

    /// Whether [`stop`](Self::stop) was called.
    ///
    /// ```
    /// use reveille_executor::{TaskId, Workers};
    ///
    /// let (all, _workers) = Workers::<TaskId>::new(1);
    /// assert!(!all.is_stopping());
    /// all.stop();
    /// assert!(all.is_stopping());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Takes out all entries, and refuses more.
    ///
    /// # Safety
    /// No worker moves any more.
    pub(super) unsafe fn drain(&self, mut f: impl FnMut(T)) {
        self.injector.close().into_iter().for_each(&mut f);
        for seat in &self.seats {
            // SAFETY: the queue's owner does not move any more, and the caller is in its place.
            while let Some(entry) = unsafe { seat.queue.pop() } {
                f(entry);
            }
        }
    }

    /// How often workers have stolen.
    #[must_use]
    pub fn steals(&self) -> u64 {
        self.seats.iter().map(|seat| seat.steals.get()).sum()
    }

    /// How often a worker that slept in the driver was woken by a signal to it: at most once for each sleep.
    #[must_use]
    pub fn signals(&self) -> u64 {
        self.driving.as_ref().map_or(0, Driving::signals)
    }

    /// How often workers have gone to sleep.
    #[must_use]
    pub fn sleeps(&self) -> u64 {
        self.seats.iter().map(|seat| seat.sleeps.get()).sum()
    }
}

impl<T: Entry, Q: LocalQueue<T>> Worker<T, Q> {
    /// Which worker this is, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    fn seat(&self) -> &Seat<Q> {
        &self.all.seats[self.index]
    }

    /// Puts an entry at the back of the worker's own queue, or into the injector if that is full. Wakes another worker, if
    /// need be: this one may be busy for long.
    #[inline]
    pub fn push(&self, entry: T) {
        // SAFETY: the queue is this worker's, of whom there is one, and which one thread at a time can use.
        match unsafe { self.seat().queue.push(entry) } {
            // On the way out of the driver it will look at its queue, and then wake others if need be.
            Ok(()) if self.in_driver.get() => {}
            Ok(()) => self.all.wake_one(),
            Err(entry) => {
                self.all.inject(entry);
            }
        }
    }

    /// The same, for an entry that takes the place of the one that this worker was handed last, and if this worker moves
    /// next: then nobody need be woken, as there is no more to do than before.
    ///
    /// ```
    /// use reveille_executor::{TaskId, Workers};
    ///
    /// let (_all, workers) = Workers::new(1);
    /// let worker = &workers[0];
    /// (0..2).for_each(|n| worker.push(TaskId::new(n)));
    /// let first = worker.step(|_| 0).unwrap();
    /// worker.push_back(first); // it yielded
    /// let order = [worker.step(|_| 0), worker.step(|_| 0)];
    /// assert_eq!(order, [Some(TaskId::new(1)), Some(first)]);
    /// ```
    #[inline]
    pub fn push_back(&self, entry: T) {
        // SAFETY: as in `push`.
        if let Err(entry) = unsafe { self.seat().queue.push(entry) } {
            self.all.inject(entry);
        }
    }

    /// One decision: what this worker runs next, or nothing. `victim` says whom it robs first if it comes to that: an
    /// index below the number of workers that it is given. The others follow in their order.
    pub fn step(&self, victim: impl FnOnce(usize) -> usize) -> Option<T> {
        self.step_if(|| true, victim)
    }

    #[inline]
    fn step_if(&self, may_steal: impl FnOnce() -> bool, victim: impl FnOnce(usize) -> usize) -> Option<T> {
        let ticks = self.ticks.get().wrapping_add(1);
        self.ticks.set(ticks);
        if ticks.is_multiple_of(INJECTOR_INTERVAL) {
            if let Some(driving) = &self.all.driving {
                self.look_into(driving);
            }
            if let Some(entry) = self.all.injector.pop() {
                return Some(entry);
            }
        }
        // SAFETY: as in `push`.
        unsafe { self.seat().queue.pop() }
            .or_else(|| self.take_share())
            .or_else(|| may_steal().then(|| self.steal(victim)).flatten())
    }

    #[cold]
    fn look_into(&self, driving: &Driving) {
        driving.poll();
        // Who fell asleep meanwhile found the driver taken.
        if driving.is_free() {
            self.all.wake_one();
        }
    }

    /// Takes a share of the injector; this worker's own queue is empty.
    fn take_share(&self) -> Option<T> {
        let queue = &self.seat().queue;
        // SAFETY: as in `push`.
        let keep = |mut rest: &mut dyn Iterator<Item = T>| unsafe { queue.extend(&mut rest) };
        self.all.injector.pop_share(self.all.seats.len(), Q::ROOM / 2, keep)
    }

    #[cold]
    fn steal(&self, victim: impl FnOnce(usize) -> usize) -> Option<T> {
        let seats = &self.all.seats;
        let first = victim(seats.len());
        let others = (0..seats.len()).map(|offset| (first + offset) % seats.len()).filter(|index| *index != self.index);
        for index in others {
            // SAFETY: as in `push`; `others` leaves this worker's own queue out.
            if let Some(entry) = unsafe { seats[index].queue.steal_into(&self.seat().queue) } {
                self.seat().steals.add();
                return Some(entry);
            }
        }
        // Something may have come in while we looked elsewhere.
        self.take_share()
    }

    /// What this worker runs next. Sleeps while there is nothing; `None` once the workers are to stop.
    ///
    /// ```
    /// use reveille_executor::{TaskId, Workers};
    ///
    /// let (workers, mut seats) = Workers::new(1);
    /// let worker = seats.remove(0);
    /// let thread = std::thread::spawn(move || std::iter::from_fn(|| worker.next()).take(3).count());
    /// for n in 0..3 {
    ///     workers.inject(TaskId::new(n));
    /// }
    /// assert_eq!(thread.join().unwrap(), 3);
    /// ```
    #[inline]
    pub fn next(&self) -> Option<T> {
        loop {
            if self.all.is_stopping() {
                return None;
            }
            let may_steal = || {
                let is_searching = self.start_searching();
                if is_searching {
                    self.hesitate();
                }
                is_searching
            };
            if let Some(entry) = self.step_if(may_steal, |_| self.next_victim()) {
                if self.searching.get() {
                    self.stop_searching();
                }
                return Some(entry);
            }
            self.sleep();
        }
    }

    /// Victims come by rotation: no randomness, and none is spared.
    fn next_victim(&self) -> usize {
        let victim = self.victim.get() % self.all.seats.len();
        self.victim.set(victim + 1);
        victim
    }

    fn start_searching(&self) -> bool {
        if !self.searching.get() {
            self.searching.set(self.all.idle.start_searching());
        }
        self.searching.get()
    }

    /// Leaves to the others, for a moment, what they will have done by then.
    ///
    /// A task that wakes another often waits next, and its worker takes up the other: who robs it, or sleeps and is woken,
    /// is in the way of both. So a searcher looks on while there is no more than one entry in each queue, up to a count, and
    /// for as long as entries are being taken. While it looks on, no push wakes anybody.
    #[cold]
    fn hesitate(&self) {
        if self.all.is_driver_free() {
            return;
        }
        let mut before = None;
        for _ in 0..GLANCES_MAX {
            if self.all.is_stopping() || self.all.injector.len() > 0 {
                return;
            }
            let mut taken = None;
            for seat in &self.all.seats {
                match seat.queue.len() {
                    0 => {}
                    1 => taken = Some(seat.queue.taken().wrapping_add(taken.unwrap_or(0))),
                    _ => return,
                }
            }
            if taken.is_some() && taken == before {
                return;
            }
            before = taken;
            (0..YIELDS_PER_GLANCE).for_each(|_| yield_thread());
        }
    }

    #[cold]
    fn stop_searching(&self) {
        self.searching.set(false);
        if self.all.idle.stop_searching() && (self.all.has_entries() || self.all.is_driver_free()) {
            self.all.wake_one();
        }
    }

    #[cold]
    fn sleep(&self) {
        let seat = self.seat();
        if self.all.idle.fall_asleep(self.index, self.searching.get()) && self.all.has_entries() {
            // This may wake ourselves.
            self.all.wake_one();
        }
        seat.sleeps.add();
        match &self.all.driving {
            Some(driving) if driving.try_take() => {
                self.in_driver.set(true);
                driving.sleep(&seat.inside, &seat.parker);
                self.in_driver.set(false);
                if !self.all.idle.rise(self.index) {
                    // The token of who took us out of the list.
                    seat.parker.park();
                }
            }
            _ => seat.parker.park(),
        }
        // Who woke us counts us as a searcher; unless all are to stop, and then nobody counts.
        self.searching.set(true);
    }
}

impl<T: Entry, Q: LocalQueue<T>> fmt::Debug for Workers<T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("count", &self.seats.len()).field("injected", &self.injector.len()).finish()
    }
}

impl<T: Entry, Q: LocalQueue<T>> fmt::Debug for Worker<T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("index", &self.index).field("ticks", &self.ticks.get()).finish_non_exhaustive()
    }
}
