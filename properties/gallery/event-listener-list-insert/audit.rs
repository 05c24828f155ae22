//! The same bus stop, and no patience written anywhere: the audit lets passengers walk at every await.

use std::{cell::Cell, process::ExitCode, rc::Rc, time::Duration};

use event_listener::Event;
use reveille::{cancel::audit, task, time::sleep};

#[derive(Default)]
struct Stop {
    bus: Event,
    free_seats: Cell<usize>,
}

/// Waits for a seat.
async fn travel(stop: Rc<Stop>) {
    loop {
        let bus = stop.bus.listen();
        let free = stop.free_seats.get();
        if free > 0 {
            stop.free_seats.set(free - 1);
            return;
        }
        bus.await;
    }
}

/// Comes to the stop after so many minutes.
async fn travel_at(stop: Rc<Stop>, minute: u64) {
    sleep(Duration::from_secs(60 * minute)).await;
    travel(stop).await;
}

/// A stop where a bus comes every ten minutes, until everybody is at home.
fn stop() -> Rc<Stop> {
    const BUSES: usize = 8;
    let stop = Rc::new(Stop::default());
    let drive = {
        let stop = Rc::clone(&stop);
        async move {
            for _ in 0..BUSES {
                sleep(Duration::from_secs(600)).await;
                stop.free_seats.set(1);
                stop.bus.notify(1);
            }
        }
    };
    drop(task::Builder::new().name("driver").daemon(true).spawn(drive));
    stop
}

fn main() -> ExitCode {
    let package = env!("CARGO_PKG_NAME");
    let audit = audit(|stop| travel_at(stop, 12)).name(package).world(stop);
    let early = audit.bystander("first", |stop| travel_at(stop, 0)).bystander("second", |stop| travel_at(stop, 1));
    let audit = early.bystander("third", |stop| travel_at(stop, 2));
    gallery_harness::audited(package, audit.bystander("fourth", |stop| travel_at(stop, 12)))
}
