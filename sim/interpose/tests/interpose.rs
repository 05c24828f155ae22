//! What the standard library asks the C library for, and who answers.

#![cfg(all(target_os = "linux", not(loom)))]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the calls that no simulation sees are the subject"
)]

use std::cell::Cell;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reveille_interpose::{Source, within};

/// Counts, and says so if it is asked for the time.
struct Counter {
    byte: Cell<u8>,
    asked: Cell<u32>,
}

impl Source for Counter {
    fn entropy(&self, bytes: &mut [u8]) {
        self.asked.set(self.asked.get() + 1);
        for byte in bytes {
            *byte = self.byte.replace(self.byte.get().wrapping_add(1));
        }
    }

    fn time(&self) -> Duration {
        self.asked.set(self.asked.get() + 1);
        Duration::new(1_000_000, 5)
    }
}

fn counter() -> Rc<Counter> {
    Rc::new(Counter { byte: Cell::new(3), asked: Cell::new(0) })
}

/// Keys are made once a thread, so each try has one.
fn on_a_new_thread<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(f).join().unwrap())
}

fn order() -> Vec<u32> {
    (0..100).collect::<HashSet<_>>().into_iter().collect()
}

#[test]
fn the_order_of_a_hash_set_is_the_sources() {
    let seeded = || on_a_new_thread(|| within(counter(), order));
    assert_eq!(seeded(), seeded());
    assert_ne!(on_a_new_thread(order), on_a_new_thread(order), "100! orders, and twice the same");
}

#[test]
fn clocks_are_the_sources_inside_and_real_outside() {
    let source = counter();
    let (instants, now) = within(source.clone(), || ((Instant::now(), Instant::now()), SystemTime::now()));
    assert_eq!(instants.0, instants.1);
    assert_eq!(now.duration_since(UNIX_EPOCH).unwrap(), Duration::new(1_000_000, 5));
    assert_eq!(source.asked.get(), 3);
    let (one, two) = (Instant::now(), SystemTime::now());
    std::thread::sleep(Duration::from_millis(2));
    assert!(one.elapsed() >= Duration::from_millis(2) && two.elapsed().unwrap() >= Duration::from_millis(2));
}

#[test]
fn another_thread_is_not_inside() {
    within(counter(), || {
        let elsewhere = on_a_new_thread(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
        assert!(elsewhere > Duration::from_secs(1_700_000_000));
    });
}

/// It must not end the process, nor hang it.
#[test]
fn a_source_that_panics_or_asks_is_passed_over() {
    struct Careless;

    impl Source for Careless {
        fn entropy(&self, bytes: &mut [u8]) {
            let hash = RandomState::new().hash_one(1);
            bytes.fill(hash as u8);
        }

        fn time(&self) -> Duration {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            assert!(now > Duration::from_secs(1_700_000_000), "asked itself");
            std::panic::resume_unwind(Box::new("no idea"))
        }
    }

    let now = within(Rc::new(Careless), || SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
    assert!(now > Duration::from_secs(1_700_000_000));
    on_a_new_thread(|| within(Rc::new(Careless), order));
}

#[test]
fn the_source_from_before_comes_back() {
    let (outer, inner) = (counter(), counter());
    let unwound = within(outer.clone(), || {
        let inner = inner.clone();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            within(inner, || {
                let _ = Instant::now();
                std::panic::resume_unwind(Box::new(()));
            });
        }))
        .map_err(|_| Instant::now())
    });
    assert!(unwound.is_err());
    assert_eq!((outer.asked.get(), inner.asked.get()), (1, 1));
}
