//! The same weather station, and no patience written anywhere: the audit stops passing readings on at every await.

use std::{cell::RefCell, collections::VecDeque, process::ExitCode, rc::Rc, time::Duration};

use reveille::{cancel::audit, task, time::sleep};
use tokio::sync::mpsc::{Sender, channel};

const READINGS: u32 = 4;

#[derive(Clone)]
struct Station {
    sensor: Rc<RefCell<VecDeque<u32>>>,
    link: Sender<u32>,
    received: Rc<RefCell<Vec<u32>>>,
}

fn station() -> Station {
    let (link, mut valley) = channel(1);
    let received = Rc::new(RefCell::new(Vec::new()));
    let book = Rc::clone(&received);
    let collect = async move {
        while let Some(pressure) = valley.recv().await {
            book.borrow_mut().push(pressure);
            sleep(Duration::from_millis(1_500)).await;
        }
    };
    drop(task::Builder::new().name("valley").daemon(true).spawn(collect));
    Station { sensor: Rc::new(RefCell::new((0..READINGS).collect())), link, received }
}

async fn pass_on(station: Station) {
    while let Some(reading) = { station.sensor.borrow_mut().pop_front() } {
        station.link.send(reading).await.expect("the valley listens");
    }
}

fn main() -> ExitCode {
    let package = env!("CARGO_PKG_NAME");
    gallery_harness::audited(
        package,
        audit(pass_on).name(package).world(station).then(|station: Station| async move {
            sleep(Duration::from_secs(60)).await;
            assert_eq!(*station.received.borrow(), (0..READINGS).collect::<Vec<_>>(), "what was measured has arrived");
        }),
    )
}
