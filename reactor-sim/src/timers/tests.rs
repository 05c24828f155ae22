//! Of timers, what is seen from inside only: the count of orders that begins anew, and where they wait.

use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

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
    now: Instant,
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
        let now = self.now;
        let third = |deadline: Instant| now + deadline.duration_since(now) / 3;
        (0..2).for_each(|owner| timers.move_all(owner, third));
        self.armed.iter_mut().for_each(|armed| armed.0 = third(armed.0));
    }

    fn fire_next(&mut self, timers: &mut Timers) {
        let mut fired = Vec::new();
        let first = timers.next_deadline();
        assert_eq!(first, self.armed.iter().map(|armed| armed.0).min());
        self.now = first.unwrap_or(self.now);
        while let Some(next) = timers.pop_due(first.unwrap_or_default()) {
            assert_eq!(Some(next.deadline), first);
            fired.push((next.batch, next.waker));
        }
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
        if step.is_multiple_of(40) {
            timers.next_order = timers.next_order.max(u32::MAX - below(8) as u32);
        }
        let before = timers.next_order;
        let mut is_reset = false;
        // At few instants; at few of the ticks that come; beyond the wheel.
        let now = model.now.as_nanos();
        let deadline = Instant::from_nanos(match below(4) {
            0 => now + below(6),
            1 | 2 => ((now >> 20) + 1 + below(3)) << 20,
            _ => now + (below(6) << 30),
        });
        let at = (!model.armed.is_empty()).then(|| below(model.armed.len() as u64) as usize);
        match (below(12), at) {
            (0..4, _) | (_, None) => model.insert(&mut timers, deadline),
            (4..7, Some(at)) => {
                is_reset = true;
                model.reset(&mut timers, at, deadline);
            }
            (7..8, Some(at)) => model.remove(&mut timers, at),
            _ if step.is_multiple_of(29) => model.crowd(&mut timers),
            _ => model.fire_next(&mut timers),
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

/// Where timers are shows in nothing but how long they take.
#[test]
fn what_is_due_soon_is_on_the_wheel_whatever_was_before() {
    let mut timers = Timers::default();
    let mut wakers = Vec::new();
    for _ in 0..3 {
        let mut now = Instant::ZERO;
        // Far more seconds than the wheel has.
        for _ in 0..10 {
            for millis in 100..=600 {
                timers.insert(now + Duration::from_millis(millis), Waker::noop().clone());
            }
            timers.insert(now + Duration::from_secs(10), Waker::noop().clone());
            let elsewhere = timers.soon.len() + timers.heap.entries().len();
            assert!(elsewhere < 10, "{elsewhere} of 501");
            now = std::iter::from_fn(|| timers.fire_next(&mut wakers)).last().unwrap();
            // Time that passes without one.
            now += Duration::from_secs(10);
            assert!(timers.pop_due(now).is_none());
        }
        timers.insert(Instant::MAX, Waker::noop().clone());
        timers.clear(&mut wakers);
    }
}

#[test]
fn a_long_list_is_not_searched() {
    let mut timers = Timers::default();
    timers.insert(Instant::ZERO, Waker::noop().clone());
    let tick = Instant::from_nanos(5 << 20);
    for nth in 0..1_000 {
        timers.insert(tick + Duration::from_nanos(nth), Waker::noop().clone());
    }
    timers.fire_next(&mut Vec::new());
    assert_eq!((timers.soon.len(), timers.heap.entries().len()), (SOON_MAX, 1_000 - SOON_MAX));
    let due = std::iter::from_fn(|| timers.pop_due(Instant::MAX)).map(|fired| fired.deadline);
    assert!(due.eq((0..1_000).map(|nth| tick + Duration::from_nanos(nth))));
}

#[test]
fn timers_that_were_cleared_are_on_no_list() {
    let mut timers = Timers::default();
    let soon = Instant::from_nanos(1 << 29);
    for count in (1..10).rev() {
        // One that comes next, so that the others are on the wheel.
        timers.insert(Instant::ZERO, Waker::noop().clone());
        for _ in 0..count {
            timers.insert(soon, Waker::noop().clone());
        }
        let mut wakers = Vec::new();
        if count % 2 == 1 {
            assert_eq!(timers.fire_next(&mut wakers), Some(Instant::ZERO));
            assert_eq!(timers.fire_next(&mut wakers), Some(soon));
        }
        timers.clear(&mut wakers);
        assert_eq!(wakers.len(), count + 1);
    }
}

/// Time also passes where nothing is ever armed: by what comes in from elsewhere.
#[test]
fn time_that_passed_without_any_timer_is_forgotten_as_well() {
    let mut timers = Timers::default();
    assert!(timers.pop_due(Instant::from_nanos(1 << 40)).is_none());
    timers.clear(&mut Vec::new());
    timers.insert(Instant::ZERO, Waker::noop().clone());
    for millis in 1..=500 {
        timers.insert(Instant::ZERO + Duration::from_millis(2 * millis), Waker::noop().clone());
    }
    let elsewhere = timers.soon.len() + timers.heap.entries().len();
    assert!(elsewhere < 10, "{elsewhere} of 501");
}
