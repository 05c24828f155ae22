//! Timers: a timing wheel for what is due soon, a heap for the rest, over a slab.
//!
//! The slab holds the wakers; a key names a slot and the slot's generation, so that a key kept too long names nothing. What is due within about a
//! second, though not in the very tick that comes next, waits on the wheel, in a list for each tick of about a millisecond: putting it there takes
//! the same few instructions however much else waits, and compares nothing. When its tick comes next, the list is put in order, which is seldom
//! anything to do. The heap has what is due later than the wheel reaches, what was armed for the tick that comes next or an earlier one, and
//! what is too much of a list.
//!
//! Wherever a timer is, it is found there in little time: one that is dropped leaves nothing behind, neither an entry to be skipped later
//! nor a reason for time to move.
//!
//! The arrays grow to the largest number of timers armed at once, and the lists are made when they are first needed; after that, no
//! operation allocates.

mod entry;
mod heap;
#[cfg(all(test, not(loom)))]
mod tests;
mod wheel;

use std::task::Waker;

use self::entry::Entry;
use self::heap::Heap;
use self::wheel::{Link, Wheel};
use crate::Instant;

/// Timers, ordered by deadline and, within one instant, by when they were armed.
///
/// See the [crate's example](crate).
///
/// ```
/// use std::task::Waker;
/// use std::time::Duration;
/// use reveille_reactor::{Instant, Timers};
///
/// let mut timers = Timers::default();
/// let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
/// for seconds in [3, 1, 1] {
///     timers.insert(at(seconds), Waker::noop().clone());
/// }
/// let mut due = Vec::new();
/// assert_eq!((timers.fire_next(&mut due), due.len(), timers.len()), (Some(at(1)), 2, 1));
/// ```
#[derive(Debug, Default)]
pub struct Timers {
    /// A list of the wheel whose tick comes next, or what there is room for of one, the latest first.
    soon: Vec<Entry>,
    heap: Heap,
    /// Invariant: what is on it has a later tick than what is in `soon`; if that is empty, than the first in the heap, which is not empty then.
    wheel: Wheel,
    slots: Vec<Slot>,
    armed: usize,
    /// The first free slot.
    free: Option<u32>,
    /// The order of the next timer to be armed.
    next_order: u32,
    /// The generation of a slot that has not been used since the timers were new or cleared.
    first_generation: u32,
}

/// Names an armed timer. A key whose timer has fired or was removed names nothing, for ever: the slot may be used again,
/// under another generation. (After 2^32 uses of one slot a key comes back; it must have been kept that long to matter.)
///
/// ```
/// use std::task::Waker;
/// use std::time::Duration;
/// use reveille_reactor::{Instant, Timers};
///
/// let mut timers = Timers::default();
/// let key = timers.insert(Instant::ZERO + Duration::from_secs(1), Waker::noop().clone());
/// assert!(timers.remove(key).is_some());
/// assert!(timers.remove(key).is_none()); // it names nothing any more
/// assert_eq!(timers.next_deadline(), None); // and leaves nothing behind
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerKey {
    slot: u32,
    generation: u32,
}

/// A timer that has fired: see [`pop_due`](Timers::pop_due).
///
/// ```
/// use std::task::Waker;
/// use reveille_reactor::{Fired, Instant, Timers};
///
/// let mut timers = Timers::default();
/// timers.insert_for(0, 7, Instant::ZERO, Waker::noop().clone());
/// let Fired { deadline, batch, waker } = timers.pop_due(Instant::MAX).unwrap();
/// assert_eq!((deadline, batch), (Instant::ZERO, 7));
/// waker.wake();
/// ```
#[derive(Debug)]
#[must_use = "who waits for it is to be woken"]
pub struct Fired {
    /// When it was due.
    pub deadline: Instant,
    /// What it was armed with.
    pub batch: u16,
    /// Whom to wake.
    pub waker: Waker,
}

/// What is more goes to the heap, since who drops one of these timers looks through all of them.
const SOON_MAX: usize = 64;

#[derive(Debug)]
struct Slot {
    /// Counts the timers that this slot has held.
    generation: u32,
    /// Whose timer it holds.
    owner: u16,
    /// What it was armed with.
    batch: u16,
    state: State,
    link: Link,
}

#[derive(Debug)]
enum State {
    Armed(Waker),
    Free { next: Option<u32> },
}

impl Timers {
    /// Arms a timer: `waker` comes back from [`fire_next`](Self::fire_next) when `deadline` is the earliest, or from
    /// [`remove`](Self::remove).
    ///
    /// # Panics
    /// With 2^32 - 1 timers armed.
    pub fn insert(&mut self, deadline: Instant, waker: Waker) -> TimerKey {
        self.insert_for(0, 0, deadline, waker)
    }

    /// The same for one of several owners, whose timers can be [moved](Self::move_all) together, and in one of several batches, which
    /// [`pop_due`](Self::pop_due) tells. [`insert`](Self::insert) is for owner 0, in batch 0.
    ///
    /// # Panics
    /// With 2^32 - 1 timers armed.
    #[inline]
    pub fn insert_for(&mut self, owner: u16, batch: u16, deadline: Instant, waker: Waker) -> TimerKey {
        let state = State::Armed(waker);
        let slot = match self.free {
            Some(slot) => {
                let free = &mut self.slots[slot as usize];
                let State::Free { next } = std::mem::replace(&mut free.state, state) else {
                    unreachable!("the list of free slots holds an armed one")
                };
                (self.free, free.owner, free.batch) = (next, owner, batch);
                slot
            }
            None => self.add_slot(Slot { generation: self.first_generation, owner, batch, state, link: Link::NONE }),
        };
        self.armed += 1;
        self.arm(slot, deadline);
        TimerKey { slot, generation: self.slots[slot as usize].generation }
    }

    /// Whether the timer is armed and its waker wakes what `waker` does ([`Waker::will_wake`]), so that it need not be
    /// renewed.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::{Instant, Timers};
    ///
    /// let (mut timers, waker) = (Timers::default(), Waker::noop());
    /// let key = timers.insert(Instant::MAX, waker.clone());
    /// assert!(timers.holds(key, waker)); // who is polled again with the same waker has nothing to do
    /// drop(timers.remove(key));
    /// assert!(!timers.holds(key, waker));
    /// ```
    #[must_use]
    pub fn holds(&self, key: TimerKey, waker: &Waker) -> bool {
        let slot = self.slots.get(key.slot as usize).filter(|slot| slot.generation == key.generation);
        slot.is_some_and(|slot| matches!(&slot.state, State::Armed(present) if present.will_wake(waker)))
    }

    /// Gives the timer another waker.
    ///
    /// Returns the waker that is no longer needed, for the caller to drop when it holds no borrow: the one before, or
    /// `waker` itself if the key is stale.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::task::{Wake, Waker};
    /// use reveille_reactor::{Instant, Timers};
    ///
    /// struct Alarm;
    /// impl Wake for Alarm {
    ///     fn wake(self: Arc<Self>) {}
    /// }
    ///
    /// let mut timers = Timers::default();
    /// let key = timers.insert(Instant::MAX, Waker::noop().clone());
    /// let alarm = Waker::from(Arc::new(Alarm));
    /// let before = timers.update(key, alarm.clone());
    /// assert!(before.will_wake(Waker::noop()) && timers.holds(key, &alarm));
    /// ```
    #[must_use = "a waker may run user code when it is dropped: drop it outside of any borrow"]
    pub fn update(&mut self, key: TimerKey, waker: Waker) -> Waker {
        match self.slot_mut(key).map(|slot| &mut slot.state) {
            Some(State::Armed(present)) => std::mem::replace(present, waker),
            _ => waker,
        }
    }

    /// Moves a timer to another deadline, and behind those of that instant which are armed already, as if it were new.
    /// Returns whether there was such a timer: a stale key does nothing.
    ///
    /// ```
    /// use std::task::Waker;
    /// use std::time::Duration;
    /// use reveille_reactor::{Instant, Timers};
    ///
    /// let (mut timers, soon) = (Timers::default(), Instant::ZERO + Duration::from_secs(1));
    /// let key = timers.insert(soon, Waker::noop().clone());
    /// assert!(timers.reset(key, soon + Duration::from_secs(1)));
    /// assert_eq!(timers.next_deadline(), Some(soon + Duration::from_secs(1)));
    /// drop(timers.remove(key));
    /// assert!(!timers.reset(key, soon)); // there is no such timer any more
    /// ```
    pub fn reset(&mut self, key: TimerKey, deadline: Instant) -> bool {
        if !self.is_armed(key) {
            return false;
        }
        self.disarm(key.slot);
        self.arm(key.slot, deadline);
        true
    }

    /// Moves all timers of `owner` to where `to` says, which is given their deadlines. Those that come to one instant keep the order in
    /// which they were armed. Takes time in the number of all timers.
    ///
    /// ```
    /// use std::task::Waker;
    /// use std::time::Duration;
    /// use reveille_reactor::{Instant, Timers};
    ///
    /// let mut timers = Timers::default();
    /// let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
    /// timers.insert_for(7, 0, at(1), Waker::noop().clone());
    /// timers.insert(at(2), Waker::noop().clone());
    /// timers.move_all(7, |deadline| deadline + Duration::from_secs(5));
    /// assert_eq!(timers.fire_next(&mut Vec::new()), Some(at(2)));
    /// assert_eq!(timers.fire_next(&mut Vec::new()), Some(at(6)));
    /// ```
    pub fn move_all(&mut self, owner: u16, mut to: impl FnMut(Instant) -> Instant) {
        self.gather();
        let slots = &self.slots;
        self.heap.change_all(|entries| {
            for entry in entries.iter_mut().filter(|entry| slots[entry.slot() as usize].owner == owner) {
                *entry = Entry::new(to(entry.deadline()), entry.order(), entry.slot());
            }
        });
    }

    /// Disarms a timer. Returns its waker, for the caller to drop when it holds no borrow; `None` if the key is stale.
    #[inline]
    #[must_use = "a waker may run user code when it is dropped: drop it outside of any borrow"]
    pub fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        self.is_armed(key).then(|| {
            self.disarm(key.slot);
            self.release(key.slot).1
        })
    }

    /// When the next timer is due.
    #[inline]
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.first().map(Entry::deadline)
    }

    /// Disarms all timers of the earliest instant, and appends their wakers to `due` in the order of arming. Returns the
    /// instant; `None` if no timer is armed.
    pub fn fire_next(&mut self, due: &mut Vec<Waker>) -> Option<Instant> {
        let deadline = self.next_deadline()?;
        while let Some(fired) = self.pop_due(deadline) {
            due.push(fired.waker);
        }
        Some(deadline)
    }

    /// Disarms the next timer, if it is due by `now`: that with the earliest deadline and, of those, the one that was armed first.
    ///
    /// ```
    /// use std::task::Waker;
    /// use std::time::Duration;
    /// use reveille_reactor::{Instant, Timers};
    ///
    /// let mut timers = Timers::default();
    /// let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
    /// for (seconds, batch) in [(2, 7), (1, 7), (2, 8), (4, 9)] {
    ///     timers.insert_for(0, batch, at(seconds), Waker::noop().clone());
    /// }
    /// let due = std::iter::from_fn(|| timers.pop_due(at(3))).map(|fired| (fired.deadline, fired.batch));
    /// assert!(due.eq([(at(1), 7), (at(2), 7), (at(2), 8)]));
    /// ```
    #[inline]
    pub fn pop_due(&mut self, now: Instant) -> Option<Fired> {
        let Some(first) = self.first().filter(|first| first.deadline() <= now) else {
            // What is on the wheel is behind the first, which is behind this.
            self.wheel.turn(wheel::tick(now));
            return None;
        };
        self.wheel.turn(wheel::tick(first.deadline()));
        if self.soon.pop_if(|next| *next == first).is_none() {
            self.heap.take(0);
        }
        self.refill();
        let (batch, waker) = self.release(first.slot());
        Some(Fired { deadline: first.deadline(), batch, waker })
    }

    /// Whether the timer of `key` is armed: it has neither fired nor been removed.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::{Instant, Timers};
    ///
    /// let mut timers = Timers::default();
    /// let key = timers.insert(Instant::ZERO, Waker::noop().clone());
    /// assert!(timers.is_armed(key));
    /// timers.fire_next(&mut Vec::new());
    /// assert!(!timers.is_armed(key));
    /// ```
    #[inline]
    #[must_use]
    pub fn is_armed(&self, key: TimerKey) -> bool {
        let slot = self.slots.get(key.slot as usize);
        slot.is_some_and(|slot| slot.generation == key.generation && matches!(slot.state, State::Armed(_)))
    }

    /// How many timers are armed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.armed
    }

    /// Whether no timer is armed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.armed == 0
    }

    /// Disarms all timers and appends their wakers to `wakers`, for the caller to drop when it holds no borrow. All keys are
    /// stale then; the memory is kept, and what follows goes as it would in new timers.
    pub fn clear(&mut self, wakers: &mut Vec<Waker>) {
        // Has the time, also where nothing was armed.
        self.wheel.clear();
        if self.next_order == 0 {
            // Nothing was armed since they were new or cleared.
            return;
        }
        self.soon.clear();
        self.heap.clear();
        self.free = None;
        (self.armed, self.next_order) = (0, 0);
        // One more than any, for all of them: so their later uses are counted as in new timers.
        let used = self.slots.iter().map(|slot| slot.generation.wrapping_sub(self.first_generation)).max();
        self.first_generation = self.first_generation.wrapping_add(used.map_or(0, |used| used + 1));
        let generation = self.first_generation;
        // Backwards, so that the slots are handed out from the first again.
        for (at, slot) in self.slots.iter_mut().enumerate().rev() {
            let state = std::mem::replace(&mut slot.state, State::Free { next: self.free });
            self.free = Some(index(at));
            slot.generation = generation;
            if let State::Armed(waker) = state {
                wakers.push(waker);
            }
        }
    }

    /// A name for `key` that depends on what was done since the timers were new or cleared, and on nothing before: who does the
    /// same in other timers gets the same names.
    #[must_use]
    pub fn name(&self, key: TimerKey) -> u64 {
        u64::from(key.generation.wrapping_sub(self.first_generation)) << 32 | u64::from(key.slot)
    }

    #[inline]
    fn take_order(&mut self) -> u32 {
        if self.next_order == u32::MAX {
            self.count_anew();
        }
        let order = self.next_order;
        self.next_order += 1;
        order
    }

    /// Counts the timers that are armed from the beginning, in their order: once in 2^32 timers.
    #[cold]
    fn count_anew(&mut self) {
        self.gather();
        self.heap.change_all(|entries| {
            entries.sort_unstable_by_key(|entry| entry.order());
            for (order, entry) in entries.iter_mut().enumerate() {
                *entry = Entry::new(entry.deadline(), index(order), entry.slot());
            }
        });
        self.next_order = index(self.heap.entries().len());
    }

    /// The slot that `key` names, unless it is stale.
    fn slot_mut(&mut self, key: TimerKey) -> Option<&mut Slot> {
        self.slots.get_mut(key.slot as usize).filter(|slot| slot.generation == key.generation)
    }

    #[cold]
    fn add_slot(&mut self, new: Slot) -> u32 {
        // Not the last number there is, which names no slot.
        let slot = index(self.slots.len() + 1) - 1;
        self.soon.reserve(SOON_MAX - self.soon.len());
        self.slots.push(new);
        self.heap.add_slot();
        slot
    }

    /// What is due next.
    #[inline]
    fn first(&self) -> Option<Entry> {
        match (self.soon.last(), self.heap.first()) {
            (Some(soon), Some(other)) => Some(other.min(*soon)),
            (soon, other) => soon.copied().or(other),
        }
    }

    /// Puts the timer of `slot`, which is nowhere, where it belongs.
    #[inline]
    fn arm(&mut self, slot: u32, deadline: Instant) {
        let entry = Entry::new(deadline, self.take_order(), slot);
        // Of the tick that the wheel has to be behind.
        let next = self.soon.last().copied().or(self.heap.first());
        let is_behind = next.is_some_and(|next| wheel::tick(next.deadline()) < wheel::tick(deadline));
        if is_behind && self.wheel.covers(deadline) {
            self.wheel.insert(&mut self.slots, entry);
        } else {
            self.heap.push(entry);
        }
    }

    /// Takes the timer of `slot`, which is armed, from where it is.
    fn disarm(&mut self, slot: u32) {
        if let Some(place) = self.heap.place(slot) {
            self.heap.take(place);
        } else if let Some(place) = self.soon.iter().position(|entry| entry.slot() == slot) {
            self.soon.remove(place);
        } else {
            self.wheel.remove(&mut self.slots, slot);
            return;
        }
        self.refill();
    }

    /// Restores what is promised of the wheel, after something was taken from elsewhere.
    #[inline]
    fn refill(&mut self) {
        if !self.soon.is_empty() {
            return;
        }
        let Some(next) = self.wheel.first_tick() else { return };
        if self.heap.first().is_some_and(|first| wheel::tick(first.deadline()) < next) {
            return;
        }
        let (soon, heap) = (&mut self.soon, &mut self.heap);
        self.wheel.take(
            &self.slots,
            next,
            |entry| {
                if soon.len() < SOON_MAX { soon.push(entry) } else { heap.push(entry) }
            },
        );
        if !self.soon.is_sorted_by(|one, other| one > other) {
            self.soon.sort_unstable_by(|one, other| other.cmp(one));
        }
    }

    /// Puts all timers in the heap.
    fn gather(&mut self) {
        self.soon.drain(..).for_each(|entry| self.heap.push(entry));
        self.wheel.take_all(&self.slots, |entry| self.heap.push(entry));
    }

    /// Forgets the timer of `slot`. Returns its batch and its waker.
    #[inline]
    fn release(&mut self, at: u32) -> (u16, Waker) {
        let slot = &mut self.slots[at as usize];
        slot.generation = slot.generation.wrapping_add(1);
        let State::Armed(waker) = std::mem::replace(&mut slot.state, State::Free { next: self.free }) else {
            unreachable!("a timer is due whose slot is not armed")
        };
        self.free = Some(at);
        self.armed -= 1;
        (slot.batch, waker)
    }
}

/// An index into the slab or the heap in the width that entries have for it.
fn index(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2^32 timers are armed")
}
