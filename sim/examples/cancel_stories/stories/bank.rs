//! Read, await, write: "it has no locks because it is single-threaded".

use std::cell::Cell;
use std::rc::Rc;

use reveille::{explore, spawn, yield_now};

use super::Told;

async fn deposit(balance: Rc<Cell<u32>>, at_once: bool) {
    let before = balance.get();
    yield_now().await;
    let before = if at_once { balance.get() } else { before };
    balance.set(before + 10);
}

fn bank(at_once: bool) -> Told {
    let run = explore().name("bank").run(move || async move {
        let balance = Rc::new(Cell::new(0));
        let clerks = [(); 3].map(|()| spawn(deposit(Rc::clone(&balance), at_once)));
        for clerk in clerks {
            clerk.await.unwrap();
        }
        assert_eq!(balance.get(), 30, "a deposit was lost");
    });
    run.into()
}

/// Others come in between.
pub(crate) fn broken() -> Told {
    bank(false)
}

/// Nobody can, within one poll.
pub(crate) fn mended() -> Told {
    bank(true)
}
