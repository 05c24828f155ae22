//! Timers, as a map from deadline and order of arming.

use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use reveille_reactor::{Instant, TimerKey, Timers};

use super::Bytes;

/// A waker that is only told from others.
struct Known;

impl Wake for Known {
    fn wake(self: Arc<Self>) {}
}

/// When a timer is due, and how many were armed before it.
type Rank = (Instant, u64);

struct Pair {
    timers: Timers,
    /// The number of the waker of each armed timer.
    model: BTreeMap<Rank, usize>,
    /// Every key there ever was, and the timer it names, if that is armed.
    keys: Vec<(TimerKey, Option<Rank>)>,
    order: u64,
    /// What deadlines are counted from.
    now: Instant,
    wakers: Vec<Waker>,
}

/// Makes the operations that `bytes` say on [`Timers`] and on a map, and compares what can be seen after each.
///
/// # Panics
/// If they differ.
///
/// ```
/// reveille_properties::models::timers_agree(&[0, 5, 0, 0, 3, 1, 5, 5]);
/// ```
pub fn timers_agree(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let wakers = (0..4).map(|_| Arc::new(Known).into()).collect();
    let (timers, now) = (Timers::default(), Instant::ZERO);
    let mut pair = Pair { timers, model: BTreeMap::new(), keys: Vec::new(), order: 0, now, wakers };
    while !bytes.is_empty() {
        pair.operate(&mut bytes);
        pair.compare();
    }
}

impl Pair {
    fn operate(&mut self, bytes: &mut Bytes<'_>) {
        match bytes.below(9) {
            0 | 1 => self.insert(bytes),
            2 => self.remove(bytes),
            3 => self.reset(bytes),
            4 => self.update(bytes),
            5 => self.fire(),
            7 => self.pop(bytes),
            8 => self.move_all(bytes),
            _ => self.clear(),
        }
    }

    fn next_rank(&mut self, bytes: &mut Bytes<'_>) -> Rank {
        self.order += 1;
        (self.instant(bytes), self.order)
    }

    /// Few instants, so that timers share them; some far apart, and some about as far as the wheel of the timers reaches.
    fn instant(&mut self, bytes: &mut Bytes<'_>) -> Instant {
        let (value, scale) = (u64::from(bytes.byte() % 24), bytes.byte() % 6);
        let nanos = if scale == 5 { ((1 << 10) + value - 12) << 20 } else { value << (8 * scale) };
        self.now + Duration::from_nanos(nanos)
    }

    /// The number of `waker`.
    fn name(&self, waker: &Waker) -> Option<usize> {
        self.wakers.iter().position(|known| known.will_wake(waker))
    }

    fn insert(&mut self, bytes: &mut Bytes<'_>) {
        let (rank, waker) = (self.next_rank(bytes), bytes.below(self.wakers.len()));
        self.model.insert(rank, waker);
        let key = self.timers.insert(rank.0, self.wakers[waker].clone());
        self.keys.push((key, Some(rank)));
    }

    fn remove(&mut self, bytes: &mut Bytes<'_>) {
        let Some(at) = bytes.index(self.keys.len()) else { return };
        let (key, rank) = self.keys[at];
        let removed = self.timers.remove(key).and_then(|waker| self.name(&waker));
        assert_eq!(removed, rank.and_then(|rank| self.model.remove(&rank)), "what was removed");
        self.keys[at].1 = None;
    }

    fn reset(&mut self, bytes: &mut Bytes<'_>) {
        let Some(at) = bytes.index(self.keys.len()) else { return };
        let (key, rank) = self.keys[at];
        let later = self.next_rank(bytes);
        assert_eq!(self.timers.reset(key, later.0), rank.is_some(), "whether there was something to reset");
        if let Some(waker) = rank.and_then(|rank| self.model.remove(&rank)) {
            self.model.insert(later, waker);
            self.keys[at].1 = Some(later);
        }
    }

    fn update(&mut self, bytes: &mut Bytes<'_>) {
        let Some(at) = bytes.index(self.keys.len()) else { return };
        let (key, rank) = self.keys[at];
        let waker = bytes.below(self.wakers.len());
        let replaced = self.timers.update(key, self.wakers[waker].clone());
        let before = rank.and_then(|rank| self.model.insert(rank, waker));
        assert_eq!(self.name(&replaced), Some(before.unwrap_or(waker)), "the waker that is no longer needed");
        assert_eq!(self.timers.holds(key, &self.wakers[waker]), rank.is_some(), "whether it holds the new one");
    }

    fn fire(&mut self) {
        let mut due = Vec::new();
        let fired = self.timers.fire_next(&mut due);
        let first = self.model.keys().next().map(|rank| rank.0);
        assert_eq!(fired, first, "the instant that fires");
        self.now = first.unwrap_or(self.now);
        let ranks: Vec<Rank> = self.model.keys().copied().take_while(|rank| Some(rank.0) == first).collect();
        let expected: Vec<_> = ranks.iter().map(|rank| self.model.remove(rank)).collect();
        let names: Vec<_> = due.iter().map(|waker| self.name(waker)).collect();
        assert_eq!(names, expected, "the wakers of an instant, in the order of arming");
        self.keys.iter_mut().for_each(|(_, rank)| *rank = rank.filter(|rank| !ranks.contains(rank)));
    }

    /// One of those that are due at some instant.
    fn pop(&mut self, bytes: &mut Bytes<'_>) {
        let now = self.instant(bytes);
        let fired = self.timers.pop_due(now).map(|fired| (fired.deadline, self.name(&fired.waker)));
        let first = self.model.first_entry().filter(|first| first.key().0 <= now);
        let expected = first.map(OccupiedEntry::remove_entry);
        assert_eq!(fired, expected.map(|(rank, waker)| (rank.0, Some(waker))), "the first that is due");
        self.keys
            .iter_mut()
            .for_each(|(_, rank)| *rank = rank.filter(|rank| Some(*rank) != expected.map(|fired| fired.0)));
        self.now = now;
    }

    /// All timers are somebody's here; they are moved to where they share instants.
    fn move_all(&mut self, bytes: &mut Bytes<'_>) {
        let step = 1 << (8 * (bytes.byte() % 4));
        let to = |deadline: Instant| Instant::from_nanos(deadline.as_nanos() / step * step);
        self.timers.move_all(0, to);
        let moved = |rank: Rank| (to(rank.0), rank.1);
        self.model = std::mem::take(&mut self.model).into_iter().map(|(rank, waker)| (moved(rank), waker)).collect();
        self.keys.iter_mut().for_each(|(_, rank)| *rank = rank.map(moved));
    }

    fn clear(&mut self) {
        let mut dropped = Vec::new();
        self.timers.clear(&mut dropped);
        assert_eq!(dropped.len(), self.model.len(), "the wakers that are given back");
        self.model.clear();
        self.keys.iter_mut().for_each(|(_, rank)| *rank = None);
    }

    fn compare(&self) {
        assert_eq!(self.timers.len(), self.model.len(), "the number of armed timers");
        assert_eq!(self.timers.next_deadline(), self.model.keys().next().map(|rank| rank.0), "the next deadline");
        for (key, rank) in &self.keys {
            assert_eq!(self.timers.is_armed(*key), rank.is_some(), "whether {key:?} is armed");
        }
    }
}
