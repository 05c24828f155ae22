//! What timers promise, one claim a test, and all of it against a model that is too simple to be wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use reveille_reactor::{Instant, TimerKey, Timers};

/// A waker that is known by its number of wakes.
#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn waker() -> Waker {
    Arc::new(Count::default()).into()
}

fn at(nanos: u64) -> Instant {
    Instant::ZERO + Duration::from_nanos(nanos)
}

/// Which of `wakers` the due ones are.
fn names(due: &[Waker], wakers: &[Waker]) -> Vec<usize> {
    due.iter().map(|due| wakers.iter().position(|waker| waker.will_wake(due)).unwrap()).collect()
}

#[test]
fn all_timers_of_an_instant_fire_together_in_the_order_of_arming() {
    let wakers: Vec<Waker> = (0..6).map(|_| waker()).collect();
    let mut timers = Timers::default();
    for (waker, nanos) in wakers.iter().zip([20, 10, 20, 10, 30, 10]) {
        timers.insert(at(nanos), waker.clone());
    }
    let mut due = Vec::new();
    assert_eq!(timers.fire_next(&mut due), Some(at(10)));
    assert_eq!(names(&due, &wakers), [1, 3, 5]);
    // Wakers are appended: what is in the vector stays.
    assert_eq!(timers.fire_next(&mut due), Some(at(20)));
    assert_eq!(names(&due, &wakers), [1, 3, 5, 0, 2]);
    assert_eq!(timers.len(), 1);
}

#[test]
fn a_removed_timer_moves_no_time() {
    let mut timers = Timers::default();
    let early = timers.insert(at(1), waker());
    timers.insert(at(2), waker());
    assert!(timers.remove(early).is_some());
    assert_eq!(timers.next_deadline(), Some(at(2)));
    assert_eq!(timers.fire_next(&mut Vec::new()), Some(at(2)));
    assert_eq!(timers.fire_next(&mut Vec::new()), None);
    assert!(timers.is_empty());
}

#[test]
fn a_reset_timer_goes_behind_its_peers() {
    let wakers: Vec<Waker> = (0..3).map(|_| waker()).collect();
    let mut timers = Timers::default();
    let keys: Vec<TimerKey> = wakers.iter().map(|waker| timers.insert(at(5), waker.clone())).collect();
    assert!(timers.reset(keys[0], at(5)));
    let mut due = Vec::new();
    timers.fire_next(&mut due);
    assert_eq!(names(&due, &wakers), [1, 2, 0]);
    assert!(!timers.reset(keys[0], at(9)));
    assert!(timers.is_empty());
}

#[test]
fn a_renewed_timer_hands_out_the_waker_it_had() {
    let (count, other) = (Arc::new(Count::default()), waker());
    let first = Waker::from(count.clone());
    let mut timers = Timers::default();
    let key = timers.insert(at(5), first.clone());
    let references = Arc::strong_count(&count);
    assert!(timers.holds(key, &first) && !timers.holds(key, &other));
    assert_eq!(Arc::strong_count(&count), references, "no clone");
    assert!(timers.update(key, other.clone()).will_wake(&first));
    assert!(timers.remove(key).unwrap().will_wake(&other));
    assert!(!timers.holds(key, &other));
    assert!(timers.update(key, first.clone()).will_wake(&first), "the key is stale");
}

#[test]
fn stale_keys_are_harmless_even_when_the_slot_is_used_again() {
    let mut timers = Timers::default();
    let old = timers.insert(at(1), waker());
    timers.fire_next(&mut Vec::new());
    let new = timers.insert(at(2), waker());
    assert_ne!(old, new);
    assert!(!timers.is_armed(old) && timers.is_armed(new));
    assert!(timers.remove(old).is_none() && !timers.reset(old, at(9)) && !timers.holds(old, &waker()));
    assert_eq!(timers.next_deadline(), Some(at(2)));
    let mut wakers = Vec::new();
    timers.clear(&mut wakers);
    assert_eq!(wakers.len(), 1);
    assert!(!timers.is_armed(new));
    let newer = timers.insert(at(3), waker());
    assert!(newer != new && newer != old && !timers.is_armed(new));
}

/// What timers are, with a map for a heap.
#[derive(Default)]
struct Model {
    /// By deadline and order of arming; the value is the waker's number.
    armed: BTreeMap<(Instant, u64), usize>,
    /// Each key ever handed out, and where its timer is in `armed`.
    keys: Vec<(TimerKey, Option<(Instant, u64)>)>,
    order: u64,
    /// When a timer fired last.
    now: u64,
}

impl Model {
    fn insert(&mut self, timers: &mut Timers, deadline: Instant, (who, waker): (usize, &Waker)) {
        let rank = (deadline, self.next_order());
        self.armed.insert(rank, who);
        self.keys.push((timers.insert(deadline, waker.clone()), Some(rank)));
    }

    fn next_order(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    fn forget(&mut self, rank: (Instant, u64)) {
        for (_, place) in &mut self.keys {
            *place = place.filter(|place| *place != rank);
        }
    }
}

/// Marsaglia's xorshift: enough to pick operations.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % bound
    }
}

/// How long a list of the wheel is, and how many there are: what is special to timers is around these numbers.
const TICK: u64 = 1 << 20;
const TICKS: u64 = 1 << 10;

/// A deadline that shares its instant, its tick or nothing with others, within reach of the wheel, about as far as that, beyond it, or in
/// the past.
fn deadline(random: &mut Random, now: u64) -> Instant {
    let mut below = |bound: u64| random.below(bound as usize) as u64;
    let this_tick = now / TICK * TICK;
    at(match below(8) {
        0 => below(40),
        1 => now + below(3),
        2 => this_tick + below(4) * TICK / 2,
        3 => this_tick + below(3) * TICK + below(TICK),
        4 => this_tick + below(TICKS) * TICK,
        5 => this_tick + (TICKS - 2 + below(4)) * TICK + below(2) * (TICK - 1),
        6 => now + below(3 * TICKS * TICK),
        _ => now + (1 << below(50)),
    })
}

/// Makes one random operation on both, and compares what can be seen.
fn step(random: &mut Random, timers: &mut Timers, model: &mut Model, wakers: &[Waker]) {
    let deadline = deadline(random, model.now);
    let pick = random.below(model.keys.len().max(1));
    let known = model.keys.get(pick).copied();
    let who = random.below(wakers.len());
    match (random.below(100), known) {
        (0..45, _) | (_, None) => {
            // One, or so many of one tick that they are not put in order as few are.
            let many = if random.below(40) == 0 { 50 + random.below(40) } else { 1 };
            for nth in 0..many {
                let deadline = deadline + Duration::from_nanos(nth as u64 * 7 % 5);
                model.insert(timers, deadline, (who, &wakers[who]));
            }
        }
        (45..60, Some((key, rank))) => {
            let removed = timers.remove(key);
            let expected = rank.and_then(|rank| model.armed.remove(&rank));
            assert_eq!(removed.map(|waker| names(&[waker], wakers)[0]), expected);
            model.keys[pick].1 = None;
        }
        (60..70, Some((key, rank))) => {
            assert_eq!(timers.reset(key, deadline), rank.is_some());
            if let Some(waker) = rank.and_then(|rank| model.armed.remove(&rank)) {
                let rank = (deadline, model.next_order());
                model.armed.insert(rank, waker);
                model.keys[pick].1 = Some(rank);
            }
        }
        (70..80, Some((key, rank))) => {
            let replaced = names(&[timers.update(key, wakers[who].clone())], wakers)[0];
            let present = rank.and_then(|rank| model.armed.insert(rank, who));
            assert_eq!(replaced, present.unwrap_or(who));
            assert_eq!(timers.holds(key, &wakers[who]), rank.is_some());
        }
        (80..99, _) => {
            let mut due = Vec::new();
            let fired = timers.fire_next(&mut due);
            assert_eq!(fired, model.armed.keys().next().map(|rank| rank.0));
            model.now = fired.map_or(model.now, Instant::as_nanos);
            let ranks: Vec<_> = model.armed.keys().copied().filter(|rank| Some(rank.0) == fired).collect();
            let expected: Vec<usize> = ranks.iter().filter_map(|rank| model.armed.remove(rank)).collect();
            ranks.into_iter().for_each(|rank| model.forget(rank));
            assert_eq!(names(&due, wakers), expected);
        }
        _ => {
            let mut dropped = Vec::new();
            timers.clear(&mut dropped);
            assert_eq!(dropped.len(), model.armed.len());
            (model.now, model.order) = (0, 0);
            model.armed.clear();
            model.keys.iter_mut().for_each(|(_, rank)| *rank = None);
        }
    }
    assert_eq!(timers.len(), model.armed.len());
    assert_eq!(timers.next_deadline(), model.armed.keys().next().map(|rank| rank.0));
}

#[test]
fn any_sequence_of_operations_does_what_the_model_does() {
    let wakers: Vec<Waker> = (0..8).map(|_| waker()).collect();
    for seed in 1..=400 {
        let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let (mut timers, mut model) = (Timers::default(), Model::default());
        for _ in 0..250 {
            step(&mut random, &mut timers, &mut model, &wakers);
            for (key, rank) in &model.keys {
                assert_eq!(timers.is_armed(*key), rank.is_some(), "seed {seed}");
            }
        }
    }
}
