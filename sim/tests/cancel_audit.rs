//! What an audit says of programs that a cut breaks, of some that none does, and of those that cannot be audited.

#![cfg(not(loom))]

use std::cell::Cell;
use std::rc::Rc;

use reveille::cancel::{Moment, Report, audit};
use reveille::time::{Duration, sleep};
use reveille::{FindingKind, yield_now};
use tokio::sync::{Mutex, Semaphore};

/// The distinct faults of a report, as the table has them.
fn faults(report: &Report) -> Vec<String> {
    let mut faults: Vec<_> = report.rows().iter().flat_map(|row| row.faults.keys().map(ToString::to_string)).collect();
    faults.sort();
    faults.dedup();
    faults
}

/// A permit that its holder has to give back by hand.
#[derive(Default)]
struct Permit(Cell<bool>);

impl Permit {
    async fn acquire(&self) {
        while self.0.replace(true) {
            yield_now().await;
        }
    }

    fn release(&self) {
        self.0.set(false);
    }
}

#[test]
fn a_permit_that_is_given_back_by_hand_leaks() {
    let report = audit(|permit: Rc<Permit>| async move {
        permit.acquire().await;
        sleep(Duration::from_secs(1)).await;
        permit.release();
    })
    .world(Rc::<Permit>::default)
    .limits(1_000, Duration::from_secs(100))
    .run()
    .unwrap();
    println!("{report}");
    assert_eq!(faults(&report), ["limit reached"]);
    let failure = report.failure().unwrap();
    assert_eq!(failure.kind(), Some(FindingKind::Limit));
    let at_await: Vec<_> = report.rows().iter().filter(|row| !row.faults.is_empty()).map(|row| row.moment).collect();
    assert!(at_await.iter().all(|moment| matches!(moment, Moment::AfterPending | Moment::AfterWake)));
    assert_eq!(report.exercised(), report.reachable());
}

#[test]
fn a_guard_is_enough() {
    let report = audit(|permits: Rc<Semaphore>| async move {
        let _permit = permits.acquire().await.unwrap();
        sleep(Duration::from_secs(1)).await;
    })
    .world(|| Rc::new(Semaphore::new(1)))
    .bystander("other", |permits: Rc<Semaphore>| async move {
        let _permit = permits.acquire().await.unwrap();
        yield_now().await;
    })
    .then(|permits: Rc<Semaphore>| async move { assert_eq!(permits.available_permits(), 1) })
    .run()
    .unwrap();
    report.assert_clean();
    println!("{report}");
    assert_eq!(report.exercised(), report.reachable());
    assert_eq!(report.reachable(), 2 * 2 + 2, "two awaits");
}

#[test]
fn a_state_that_is_taken_out_is_missed_by_the_next() {
    let report = audit(|machine: Rc<Mutex<Option<u32>>>| async move {
        let state = machine.lock().await.take().expect("the state is there");
        yield_now().await;
        machine.lock().await.replace(state);
    })
    .world(|| Rc::new(Mutex::new(Some(0))))
    .run()
    .unwrap();
    println!("{report}");
    assert_eq!(faults(&report), ["again panics"]);
    let failure = report.failure().unwrap();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    let again = audit(|machine: Rc<Mutex<Option<u32>>>| async move {
        let state = machine.lock().await.take().expect("the state is there");
        yield_now().await;
        machine.lock().await.replace(state);
    })
    .world(|| Rc::new(Mutex::new(Some(0))))
    .replay(failure.tape().unwrap().to_string())
    .run()
    .unwrap();
    assert_eq!(again.failure().unwrap().kind(), failure.kind());
}
