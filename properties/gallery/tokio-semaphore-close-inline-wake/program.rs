//! A ferry on a stormy day.
//!
//! There are two cabins, and whoever has one keeps it for the crossing. In the afternoon the harbour master closes the
//! harbour: who is aboard arrives, who still waits on the quay is told to go home.

use std::{rc::Rc, time::Duration};

use reveille::{spawn, time::sleep};
use tokio::sync::Semaphore;

const CABINS: usize = 2;
const PASSENGERS: usize = 5;

pub async fn program() {
    let cabins = Rc::new(Semaphore::new(CABINS));
    let passengers: Vec<_> = (0..PASSENGERS).map(|_| spawn(cross(Rc::clone(&cabins)))).collect();

    sleep(Duration::from_secs(20 * 60)).await;
    cabins.close();

    let mut arrived = 0;
    for passenger in passengers {
        if passenger.await.expect("a passenger fell overboard") {
            arrived += 1;
        }
    }
    assert_eq!(arrived, CABINS, "only who was aboard has crossed");
}

/// Takes a cabin and crosses. False if the harbour is closed before there is one.
async fn cross(cabins: Rc<Semaphore>) -> bool {
    let Ok(_cabin) = cabins.acquire().await else { return false };
    sleep(Duration::from_secs(60 * 60)).await;
    true
}
