//! Timers: an indexed heap over a slab.
//!
//! The slab holds the wakers; a key names a slot and the slot's generation, so that a key kept too long names nothing. The
//! heap holds deadline, order of arming and slot as one number, and the place in it of each slot is kept, which is what makes removal
//! `O(log n)`: a timer that is dropped leaves nothing behind, neither a heap entry to be skipped later nor a reason for
//! time to move.
//!
//! Three arrays grow to the largest number of timers armed at once; after that, no operation allocates.

use std::task::Waker;

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
    /// Invariant: a heap in which each entry has up to [`CHILDREN`], the least first.
    heap: Vec<Entry>,
    slots: Vec<Slot>,
    /// By slot: the index of its entry in the heap, if it is armed. Apart from the slots, since moving entries about
    /// touches nothing else of them.
    places: Vec<u32>,
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

/// How many entries of the heap have a parent in common: they lie side by side, and it is half as deep as one of pairs.
const CHILDREN: usize = 4;

/// The deadline (64 bits), then when it was armed, counted in timers (32), then the slot (32): as one number it is compared without a
/// branch, and moved at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u128);

impl Entry {
    fn new(deadline: Instant, order: u32, slot: u32) -> Self {
        Self((u128::from(deadline.as_nanos()) << 64) | (u128::from(order) << 32) | u128::from(slot))
    }

    fn deadline(self) -> Instant {
        Instant::from_nanos((self.0 >> 64) as u64)
    }

    fn order(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn slot(self) -> u32 {
        self.0 as u32
    }
}

#[derive(Debug)]
struct Slot {
    /// Counts the timers that this slot has held.
    generation: u32,
    /// Whose timer it holds.
    owner: u16,
    /// What it was armed with.
    batch: u16,
    state: State,
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
    /// With 2^32 timers armed.
    pub fn insert(&mut self, deadline: Instant, waker: Waker) -> TimerKey {
        self.insert_for(0, 0, deadline, waker)
    }

    /// The same for one of several owners, whose timers can be [moved](Self::move_all) together, and in one of several batches, which
    /// [`fire_next_batches`](Self::fire_next_batches) tells. [`insert`](Self::insert) is for owner 0, in batch 0.
    ///
    /// # Panics
    /// With 2^32 timers armed.
    pub fn insert_for(&mut self, owner: u16, batch: u16, deadline: Instant, waker: Waker) -> TimerKey {
        let place = self.heap.len();
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
            None => {
                let slot = index(self.slots.len());
                self.slots.push(Slot { generation: self.first_generation, owner, batch, state });
                self.places.push(0);
                slot
            }
        };
        let order = self.take_order();
        self.heap.push(Entry::new(deadline, order, slot));
        self.sift_up(place);
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
        if self.place(key).is_none() {
            return false;
        }
        // This may give all of them other places.
        let order = self.take_order();
        let place = self.places[key.slot as usize] as usize;
        let before = self.heap[place];
        let after = Entry::new(deadline, order, key.slot);
        self.heap[place] = after;
        if after < before {
            self.sift_up(place);
        } else {
            self.settle(place);
        }
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
        let slots = &self.slots;
        for entry in self.heap.iter_mut().filter(|entry| slots[entry.slot() as usize].owner == owner) {
            *entry = Entry::new(to(entry.deadline()), entry.order(), entry.slot());
        }
        self.sort();
    }

    /// Puts all entries in order, which makes a heap of them.
    fn sort(&mut self) {
        self.heap.sort_unstable();
        for (place, entry) in self.heap.iter().enumerate() {
            self.places[entry.slot() as usize] = index(place);
        }
    }

    /// Disarms a timer. Returns its waker, for the caller to drop when it holds no borrow; `None` if the key is stale.
    #[must_use = "a waker may run user code when it is dropped: drop it outside of any borrow"]
    pub fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        let place = self.place(key)?;
        Some(self.take(place))
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.heap.first().map(|entry| entry.deadline())
    }

    /// Disarms all timers of the earliest instant, and appends their wakers to `due` in the order of arming. Returns the
    /// instant; `None` if no timer is armed.
    pub fn fire_next(&mut self, due: &mut Vec<Waker>) -> Option<Instant> {
        self.fire_next_batches(|_, waker| due.push(waker))
    }

    /// The same, with the batch in which each was armed.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::{Instant, Timers};
    ///
    /// let mut timers = Timers::default();
    /// for batch in [7, 7, 8] {
    ///     timers.insert_for(0, batch, Instant::MAX, Waker::noop().clone());
    /// }
    /// let mut batches = Vec::new();
    /// timers.fire_next_batches(|batch, _waker| batches.push(batch));
    /// assert_eq!(batches, [7, 7, 8]);
    /// ```
    pub fn fire_next_batches(&mut self, mut due: impl FnMut(u16, Waker)) -> Option<Instant> {
        let deadline = self.next_deadline()?;
        while self.next_deadline() == Some(deadline) {
            let batch = self.slots[self.heap[0].slot() as usize].batch;
            due(batch, self.take(0));
        }
        Some(deadline)
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
    #[must_use]
    pub fn is_armed(&self, key: TimerKey) -> bool {
        self.place(key).is_some()
    }

    /// How many timers are armed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether no timer is armed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Disarms all timers and appends their wakers to `wakers`, for the caller to drop when it holds no borrow. All keys are
    /// stale then; the memory is kept, and what follows goes as it would in new timers.
    pub fn clear(&mut self, wakers: &mut Vec<Waker>) {
        if self.next_order == 0 {
            // Nothing was armed since they were new or cleared.
            return;
        }
        self.heap.clear();
        self.free = None;
        self.next_order = 0;
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
        self.heap.sort_unstable_by_key(|entry| entry.order());
        for (order, entry) in self.heap.iter_mut().enumerate() {
            *entry = Entry::new(entry.deadline(), index(order), entry.slot());
        }
        self.next_order = index(self.heap.len());
        self.sort();
    }

    /// The slot that `key` names, unless it is stale.
    fn slot_mut(&mut self, key: TimerKey) -> Option<&mut Slot> {
        self.slots.get_mut(key.slot as usize).filter(|slot| slot.generation == key.generation)
    }

    /// The place in the heap of the timer that `key` names.
    fn place(&self, key: TimerKey) -> Option<usize> {
        let slot = self.slots.get(key.slot as usize)?;
        let armed = slot.generation == key.generation && matches!(slot.state, State::Armed(_));
        armed.then(|| self.places[key.slot as usize] as usize)
    }

    /// Takes out the timer at `place`.
    fn take(&mut self, place: usize) -> Waker {
        let entry = self.heap.swap_remove(place);
        if place < self.heap.len() {
            self.settle(place);
        }
        let slot = &mut self.slots[entry.slot() as usize];
        slot.generation = slot.generation.wrapping_add(1);
        let State::Armed(waker) = std::mem::replace(&mut slot.state, State::Free { next: self.free }) else {
            unreachable!("the heap holds a slot that is not armed")
        };
        self.free = Some(entry.slot());
        waker
    }

    fn sift_up(&mut self, place: usize) {
        sift_up(&mut self.heap, &mut self.places, place);
    }

    /// Moves the entry at `place` to where it belongs, above or below: down to the bottom, past the least child each time,
    /// and up again. What is moved is large as a rule (it was last in the heap), and not compared on the way down.
    fn settle(&mut self, place: usize) {
        let (heap, places) = (&mut self.heap[..], &mut self.places[..]);
        let entry = heap[place];
        let mut hole = place;
        while let Some((least, child)) = least_child(heap, hole) {
            put(heap, places, hole, child);
            hole = least;
        }
        heap[hole] = entry;
        sift_up(heap, places, hole);
    }
}

/// Moves the entry at `place` up to where it belongs.
#[inline]
fn sift_up(heap: &mut [Entry], places: &mut [u32], mut place: usize) {
    let entry = heap[place];
    while place > 0 {
        let parent = (place - 1) / CHILDREN;
        let above = heap[parent];
        if above <= entry {
            break;
        }
        put(heap, places, place, above);
        place = parent;
    }
    put(heap, places, place, entry);
}

/// The least child of the entry at `place`, and its place; `None` if that has none.
#[inline]
fn least_child(heap: &[Entry], place: usize) -> Option<(usize, Entry)> {
    let first = CHILDREN * place + 1;
    let lesser = |one: (usize, Entry), two: (usize, Entry)| if two.1 < one.1 { two } else { one };
    match heap.get(first..)? {
        &[a, b, c, d, ..] => Some(lesser(lesser((first, a), (first + 1, b)), lesser((first + 2, c), (first + 3, d)))),
        fewer => (first..).zip(fewer.iter().copied()).reduce(lesser),
    }
}

/// Writes `entry` to `place`, and the place to its slot.
#[inline]
fn put(heap: &mut [Entry], places: &mut [u32], place: usize, entry: Entry) {
    heap[place] = entry;
    // Below 2^32, as the slots are.
    places[entry.slot() as usize] = place as u32;
}

/// An index into the slab or the heap in the width that entries have for it.
fn index(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2^32 timers are armed")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    /// What is armed, as a list that is searched: `order` is never counted anew.
    #[derive(Default)]
    struct Model {
        armed: Vec<(Instant, u64, TimerKey, Waker)>,
        batches: Vec<(TimerKey, u16)>,
        order: u64,
    }

    impl Model {
        fn insert(&mut self, timers: &mut Timers, deadline: Instant) {
            let waker = Waker::from(Arc::new(Nobody));
            let key = timers.insert_for((self.order % 2) as u16, (self.order % 3) as u16, deadline, waker.clone());
            self.batches.push((key, (self.order % 3) as u16));
            self.armed.push((deadline, self.order, key, waker));
            self.order += 1;
        }

        fn reset(&mut self, timers: &mut Timers, at: usize, deadline: Instant) {
            let (due, order, key, _) = &mut self.armed[at];
            assert!(timers.reset(*key, deadline));
            (*due, *order) = (deadline, self.order);
            self.order += 1;
        }

        fn remove(&mut self, timers: &mut Timers, at: usize) {
            let (_, _, key, waker) = self.armed.swap_remove(at);
            assert!(timers.remove(key).is_some_and(|removed| removed.will_wake(&waker)));
        }

        /// All timers, of either owner, come to two instants.
        fn crowd(&mut self, timers: &mut Timers) {
            let third = |deadline: Instant| Instant::from_nanos(deadline.as_nanos() / 3);
            (0..2).for_each(|owner| timers.move_all(owner, third));
            self.armed.iter_mut().for_each(|armed| armed.0 = third(armed.0));
        }

        fn fire_next(&mut self, timers: &mut Timers) {
            let mut fired = Vec::new();
            let first = timers.fire_next_batches(|batch, waker| fired.push((batch, waker)));
            assert_eq!(first, self.armed.iter().map(|armed| armed.0).min());
            self.armed.sort_by_key(|armed| (armed.0, armed.1));
            let due = self.armed.iter().take_while(|armed| Some(armed.0) == first).count();
            let due: Vec<_> = self.armed.drain(..due).collect();
            assert_eq!(due.len(), fired.len());
            let is_same = |due: &(_, _, TimerKey, Waker), (batch, waker): &(u16, Waker)| {
                due.3.will_wake(waker) && self.batches.contains(&(due.2, *batch))
            };
            assert!(due.iter().zip(&fired).all(|(due, fired)| is_same(due, fired)));
            assert!(due.iter().all(|due| !timers.is_armed(due.2)));
        }
    }

    /// The count of timers comes to its end over and over, with timers of the same few instants armed before and after.
    #[test]
    fn who_is_armed_first_fires_first_also_where_the_count_begins_anew() {
        let mut word = 1_u64;
        let mut below = |bound: u64| {
            word ^= word << 13;
            word ^= word >> 7;
            word ^= word << 17;
            (word >> 32) % bound
        };
        let (mut timers, mut model) = (Timers::default(), Model::default());
        // By an insert, by a reset.
        let mut anew = [0; 2];
        for step in 0..20_000_u32 {
            if step.is_multiple_of(16) {
                timers.next_order = timers.next_order.max(u32::MAX - below(8) as u32);
            }
            let before = timers.next_order;
            let mut is_reset = false;
            let deadline = Instant::from_nanos(below(6));
            let at = (!model.armed.is_empty()).then(|| below(model.armed.len() as u64) as usize);
            match (below(12), at) {
                (0..5, _) | (_, None) => model.insert(&mut timers, deadline),
                (5..9, Some(at)) => {
                    is_reset = true;
                    model.reset(&mut timers, at, deadline);
                }
                (9..11, Some(at)) => model.remove(&mut timers, at),
                _ if step.is_multiple_of(5) => model.fire_next(&mut timers),
                _ if step.is_multiple_of(7) => model.crowd(&mut timers),
                _ => {}
            }
            if timers.next_order < before {
                anew[usize::from(is_reset)] += 1;
            }
            assert_eq!(timers.len(), model.armed.len());
        }
        while !timers.is_empty() {
            model.fire_next(&mut timers);
        }
        assert!(anew.iter().all(|times| *times > 100), "{anew:?}");
    }
}
