//! A regatta.
//!
//! The boats gather at the line, the harbour master sounds the horn for all of them, and later the first boat that is
//! home sounds it for the harbour master, who then knows that there is a winner to be written on the board.

use std::{cell::RefCell, rc::Rc};

use reveille::{spawn, yield_now};
use tokio::sync::{Barrier, Notify};

const BOATS: [&str; 4] = ["Albatross", "Bittern", "Cormorant", "Dunlin"];
/// Buoys to be rounded between the start and the harbour.
const BUOYS: usize = 2;

struct Regatta {
    line: Barrier,
    horn: Notify,
    /// Names of the boats that are home, in the order in which they arrived.
    home: RefCell<Vec<&'static str>>,
}

pub async fn program() {
    let regatta =
        Rc::new(Regatta { line: Barrier::new(BOATS.len() + 1), horn: Notify::new(), home: RefCell::new(Vec::new()) });
    let boats = BOATS.map(|name| spawn(sail(name, Rc::clone(&regatta))));

    regatta.line.wait().await;
    regatta.horn.notify_waiters(); // They are off!
    yield_now().await; // The harbour master walks over to the finish.

    regatta.horn.notified().await;
    let winner = regatta.home.borrow()[0];
    for boat in boats {
        boat.await.expect("a boat sank");
    }
    let home = regatta.home.borrow();
    assert_eq!(winner, home[0], "the name on the board is that of the first boat home");
    assert_eq!(home.len(), BOATS.len(), "every boat came home");
}

async fn sail(name: &'static str, regatta: Rc<Regatta>) {
    // Listen for the horn before reporting at the line: the start cannot be missed.
    let start = regatta.horn.notified();
    regatta.line.wait().await;
    start.await;

    for _buoy in 0..BUOYS {
        yield_now().await;
    }

    let mut home = regatta.home.borrow_mut();
    home.push(name);
    if home.len() == 1 {
        regatta.horn.notify_one();
    }
}
