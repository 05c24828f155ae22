//! The same car park, and no patience written anywhere: the audit sends drivers away at every await.

use std::{cell::Cell, process::ExitCode, rc::Rc, time::Duration};

use mea::semaphore::Semaphore;
use reveille::{cancel::audit, time::sleep};

const PLACES: usize = 4;

struct CarPark {
    places: Semaphore,
    /// Places that have somebody on them, counted at the gate.
    taken: Cell<usize>,
}

/// Parks a vehicle that needs so many places.
async fn park(park: Rc<CarPark>, places: usize) {
    let _ticket = park.places.acquire(places).await;
    park.taken.set(park.taken.get() + places);
    assert!(park.taken.get() <= PLACES, "{} of {PLACES} places are taken", park.taken.get());
    let _leaves = Leaves(&park, places);
    sleep(Duration::from_secs(600)).await;
}

struct Leaves<'a>(&'a CarPark, usize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.taken.set(self.0.taken.get() - self.1);
    }
}

fn main() -> ExitCode {
    let package = env!("CARGO_PKG_NAME");
    let empty = || Rc::new(CarPark { places: Semaphore::new(PLACES), taken: Cell::new(0) });
    let audit = audit(|world| park(world, 3)).name(package).world(empty);
    let audit = audit.bystander("car", |world| park(world, 1)).bystander("van", |world| park(world, 2));
    gallery_harness::audited(
        package,
        audit.then(|park: Rc<CarPark>| async move {
            let _swept = park.places.acquire(PLACES).await;
        }),
    )
}
