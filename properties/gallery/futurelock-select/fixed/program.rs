//! An office with one coffee machine.
//!
//! Everybody makes a cup when they come in. The boss is impatient: when her cup is not there after a minute she turns
//! away, and starts over with a new one.

use std::{rc::Rc, time::Duration};

use reveille::{
    spawn,
    time::{sleep, timeout},
};
use tokio::sync::Mutex;

/// The machine holds the number of cups that it has made.
type Machine = Rc<Mutex<u32>>;

pub async fn program() {
    let machine = Machine::default();
    let staff: Vec<_> = (0..3).map(|desk| spawn(come_in(desk, Rc::clone(&machine)))).collect();
    let boss = spawn(boss(Rc::clone(&machine)));

    for colleague in staff {
        colleague.await.expect("a colleague is ill");
    }
    let for_boss = boss.await.expect("the boss is ill");
    assert_eq!(*machine.lock().await, 3 + for_boss, "every cup went to somebody");
}

async fn come_in(desk: u64, machine: Machine) {
    sleep(Duration::from_secs(20 * desk)).await;
    make_cup(&machine).await;
}

/// Returns the number of cups that the boss had.
async fn boss(machine: Machine) -> u32 {
    if timeout(Duration::from_secs(60), make_cup(&machine)).await.is_err() {
        make_cup(&machine).await;
    }
    1
}

async fn make_cup(machine: &Mutex<u32>) {
    let mut cups = machine.lock().await;
    sleep(Duration::from_secs(50)).await;
    *cups += 1;
}
