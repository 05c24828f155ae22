//! A car park.
//!
//! A car takes one place, a van two and a coach three. Drivers who find no room within their patience drive on to
//! the next town. At night the car park is swept, for which it has to be empty.

use std::{cell::Cell, rc::Rc, time::Duration};

use mea::semaphore::Semaphore;
use reveille::{
    spawn,
    time::{sleep, timeout},
};

const PLACES: usize = 4;

struct CarPark {
    places: Semaphore,
    /// Places that have somebody on them, counted at the gate.
    taken: Cell<usize>,
}

impl CarPark {
    fn drive_in(&self, places: usize) {
        self.taken.set(self.taken.get() + places);
        assert!(self.taken.get() <= PLACES, "{} of {PLACES} places are taken", self.taken.get());
    }

    fn drive_out(&self, places: usize) {
        self.taken.set(self.taken.get() - places);
    }
}

pub async fn program() {
    let park = Rc::new(CarPark { places: Semaphore::new(PLACES), taken: Cell::new(0) });
    // Places needed, minute of arrival, minutes of stay, minutes of patience.
    let vehicles = [(1, 0, 30, 5), (1, 2, 20, 5), (3, 4, 10, 10), (2, 8, 30, 15), (3, 9, 30, 10), (1, 12, 5, 20)];
    let vehicles = vehicles.map(|(places, arrival, stay, patience)| {
        let park = Rc::clone(&park);
        spawn(async move {
            sleep(minutes(arrival)).await;
            if let Ok(ticket) = timeout(minutes(patience), park.places.acquire(places)).await {
                park.drive_in(places);
                sleep(minutes(stay)).await;
                park.drive_out(places);
                drop(ticket);
            }
        })
    });

    for vehicle in vehicles {
        vehicle.await.expect("a car broke down");
    }
    let _swept = park.places.acquire(PLACES).await;
    assert_eq!(park.taken.get(), 0, "nobody is in the way of the broom");
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
