//! A taxi rank at night.
//!
//! Calls come in every few minutes, and whichever driver is free takes the next one. At the end of the shift the
//! office hangs up and the drivers go home.

use std::time::Duration;

use async_channel::{Receiver, unbounded};
use reveille::{spawn, time::sleep};

const DRIVERS: usize = 3;
const CALLS: u64 = 6;

pub async fn program() {
    let (office, radio) = unbounded();
    let drivers: Vec<_> = (0..DRIVERS).map(|_| spawn(drive(radio.clone()))).collect();

    for call in 0..CALLS {
        sleep(minutes(5 + call)).await;
        office.send(minutes(10 * (call % 3))).await.expect("a driver is on duty");
    }
    drop(office);

    let mut trips = 0;
    for driver in drivers {
        trips += driver.await.expect("a driver fell asleep");
    }
    assert_eq!(trips, CALLS, "everybody came home");
}

/// Takes calls until the shift is over. Returns how many.
async fn drive(radio: Receiver<Duration>) -> u64 {
    let mut trips = 0;
    while let Ok(trip) = radio.recv().await {
        sleep(trip).await;
        trips += 1;
    }
    trips
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
