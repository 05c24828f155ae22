//! A timer costs no allocation once as many were armed before, whatever becomes of it.

use std::task::Waker;
use std::time::Duration;

use reveille_reactor::{Instant, TimerKey, Timers};

/// Arms a thousand timers, moves, renews, removes and fires them.
fn round(timers: &mut Timers, keys: &mut Vec<TimerKey>, due: &mut Vec<Waker>) {
    let start = Instant::ZERO;
    keys.extend(
        (0..1000_u64).map(|nth| timers.insert(start + Duration::from_nanos(nth * 7919 % 500), Waker::noop().clone())),
    );
    for (nth, key) in keys.drain(..).enumerate() {
        match nth % 4 {
            0 => drop(timers.remove(key)),
            1 => assert!(timers.reset(key, start + Duration::from_nanos(900))),
            2 => drop(timers.update(key, Waker::noop().clone())),
            _ => {}
        }
    }
    for _ in 0..100 {
        timers.fire_next(due);
    }
    due.clear();
    timers.clear(due);
    due.clear();
}

#[test]
fn steady_state_allocates_nothing() {
    let (mut timers, mut keys, mut due) = (Timers::default(), Vec::new(), Vec::new());
    let first = allocation_counter::measure(|| round(&mut timers, &mut keys, &mut due));
    assert!(first.count_total > 0, "the counter counts");
    let later = allocation_counter::measure(|| (0..10).for_each(|_| round(&mut timers, &mut keys, &mut due)));
    assert_eq!(later.count_total, 0, "10,000 timers made {} allocations", later.count_total);
}
