//! A bus stop.
//!
//! Each bus has a few free seats and calls in as many passengers. Passengers wait until there is a seat; those who
//! are in a hurry walk after some minutes. Buses come until everybody who waited has been taken home.

use std::{cell::Cell, rc::Rc, time::Duration};

use event_listener::Event;
use reveille::{
    spawn,
    time::{sleep, timeout},
};

const SEATS: usize = 1;

#[derive(Default)]
struct Stop {
    bus: Event,
    free_seats: Cell<usize>,
}

impl Stop {
    /// Takes a seat if there is one.
    fn board(&self) -> bool {
        let free = self.free_seats.get();
        self.free_seats.set(free.saturating_sub(1));
        free > 0
    }
}

pub async fn program() {
    let stop = Rc::new(Stop::default());
    // Minutes at which passengers come to the stop, and how many of them they are willing to wait.
    let passengers = [(0, None), (1, None), (12, Some(5)), (14, None), (21, Some(3)), (26, None)];
    let patient = passengers.iter().filter(|(_, patience)| patience.is_none()).count();
    let passengers = passengers.map(|(arrival, patience)| spawn(travel(Rc::clone(&stop), arrival, patience)));
    let driver = spawn(drive(Rc::clone(&stop), passengers.len()));

    let mut by_bus = 0;
    for passenger in passengers {
        by_bus += usize::from(passenger.await.expect("a passenger got lost"));
    }
    driver.await.expect("the bus broke down");
    assert!(by_bus >= patient, "whoever has time goes by bus");
}

/// Waits for a seat. Returns false if the passenger walked instead.
async fn travel(stop: Rc<Stop>, arrival: u64, patience: Option<u64>) -> bool {
    sleep(minutes(arrival)).await;
    loop {
        let bus = stop.bus.listen();
        if stop.board() {
            return true;
        }
        match patience {
            None => bus.await,
            Some(patience) if timeout(minutes(patience), bus).await.is_ok() => {}
            Some(_) => return false,
        }
    }
}

/// Sends a bus every ten minutes, one for each passenger that there may be.
async fn drive(stop: Rc<Stop>, buses: usize) {
    for _bus in 0..buses {
        sleep(minutes(10)).await;
        stop.free_seats.set(stop.free_seats.get() + SEATS);
        stop.bus.notify(SEATS);
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
