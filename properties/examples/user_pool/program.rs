//! The pool and its test. In a test one would write the body of `main` as
//!
//! ```text
//! proptest! {
//!     #[test]
//!     fn nobody_waits_for_ever(callers in callers(), world in cancellations()) {
//!         world.check(move || program(callers.clone()))?;
//!     }
//! }
//! ```
//!
//! and proptest would keep the failing case in its regression file, as ever.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, RngSeed, TestError, TestRunner};
use reveille::cancel::cancellable;
use reveille::{FindingKind, replay, spawn, yield_now};
use reveille_properties::cancellations;
use tokio::sync::Notify;

/// Hands out connections. A caller that finds none queues up, and is woken when one comes back.
struct Pool {
    idle: RefCell<Vec<u32>>,
    waiting: RefCell<VecDeque<Rc<Notify>>>,
}

impl Pool {
    async fn get(&self) -> u32 {
        loop {
            if let Some(connection) = self.idle.borrow_mut().pop() {
                return connection;
            }
            let turn = Rc::new(Notify::new());
            self.waiting.borrow_mut().push_back(turn.clone());
            turn.notified().await;
        }
    }

    fn put(&self, connection: u32) {
        self.idle.borrow_mut().push(connection);
        // The mistake: whoever is at the front may have given up, and its turn with it.
        if let Some(turn) = self.waiting.borrow_mut().pop_front() {
            turn.notify_one();
        }
    }
}

/// What a caller does: takes a connection, uses it for so many polls, and returns it; some give up while they wait.
#[derive(Clone, Debug)]
struct Caller {
    uses: u8,
    gives_up: bool,
}

fn callers() -> impl Strategy<Value = Vec<Caller>> {
    let caller = (0..4_u8, any::<bool>()).prop_map(|(uses, gives_up)| Caller { uses, gives_up });
    prop::collection::vec(caller, 1..=8)
}

/// Every caller that does not give up gets its connection.
async fn program(callers: Vec<Caller>) {
    let pool = Rc::new(Pool { idle: RefCell::new(vec![1]), waiting: RefCell::default() });
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|caller| {
            let pool = pool.clone();
            spawn(async move {
                let connection = if caller.gives_up { cancellable(pool.get()).await } else { Some(pool.get().await) };
                let Some(connection) = connection else { return };
                for _ in 0..caller.uses {
                    yield_now().await;
                }
                pool.put(connection);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

pub(crate) fn main() {
    let config = Config {
        // A fixed seed, so that the example says the same each time. A test leaves both out.
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    };
    let result = TestRunner::new(config)
        .run(&(callers(), cancellations()), |(callers, world)| world.check(move || program(callers.clone())));
    let Err(TestError::Fail(reason, (callers, world))) = result else { panic!("the mistake was not found") };
    println!("{reason}\n\nthe smallest case: {callers:#?}\n{world:?}");
    assert!(callers.len() <= 3, "one who holds the connection, one who gives up and one who waits are enough");
    let tape =
        reason.message().lines().find_map(|line| line.trim().strip_prefix("tape: ")).expect("it is in the report");
    let again = replay(tape, move || program(callers.clone())).expect_err("the tape is that of this case");
    assert_eq!(again.kind(), Some(FindingKind::Deadlock), "{again}");
}
