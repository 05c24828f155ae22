//! The last ferry of the day.
//!
//! Cars wait on the quay until there is a place at the ramp, then drive aboard. When the deck is full the ferry closes
//! the ramp, lets those aboard who were given a place before, and leaves.

use reveille::{spawn, yield_now};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Cars on the ramp at one time.
const RAMP: usize = 2;
/// Cars on deck when the ferry closes the ramp.
const DECK: usize = 4;
const CARS: u32 = 7;

pub async fn program() {
    let (quay, ramp) = channel(RAMP);
    let ferry = spawn(load(ramp));
    let cars: Vec<_> = (0..CARS).map(|car| spawn(board(car, quay.clone()))).collect();

    let aboard = ferry.await.expect("the ferry sank");
    let mut boarded = Vec::new();
    for (number, car) in (0..CARS).zip(cars) {
        if car.await.expect("a car broke down") {
            boarded.push(number);
        }
    }
    assert_eq!(aboard, boarded, "the cars aboard are those that left the quay");
    // The quay does not vanish with the last car: tomorrow there is another ferry.
    drop(quay);
}

/// Returns whether the car came aboard; otherwise it stays on the quay for the night.
async fn board(car: u32, quay: Sender<u32>) -> bool {
    let Ok(place) = quay.reserve().await else { return false };
    yield_now().await; // Start the engine, release the handbrake.
    place.send(car);
    true
}

/// Takes cars on deck until the ramp is closed and empty. Returns their numbers, sorted.
async fn load(mut ramp: Receiver<u32>) -> Vec<u32> {
    let mut deck = Vec::new();
    while let Some(car) = ramp.recv().await {
        deck.push(car);
        if deck.len() == DECK {
            ramp.close();
        }
        yield_now().await; // Chocks under the wheels.
    }
    deck.sort_unstable();
    deck
}
