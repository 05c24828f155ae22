//! Security at an airport.
//!
//! A passenger lays the boarding pass and then some trays on a belt, and goes to stand at the gate. The officer picks
//! up the pass, waits until its owner stands at the gate, and only then looks into the trays. The belt has room for
//! all trays of one passenger, so it is enough that the pass has been taken off it.

use reveille::{JoinHandle, spawn, yield_now};

/// Trays of one passenger, and the room on the belt.
const TRAYS: usize = 3;
const LANES: usize = 2;

#[derive(Debug, PartialEq)]
enum Item {
    Pass(&'static str),
    Tray(usize),
}

pub async fn program() {
    let lanes: Vec<_> = (0..LANES).map(|_| open_lane(vec!["Ada", "Grace"])).collect();
    for (passengers, officer) in lanes {
        passengers.await.expect("the passengers missed their flight");
        let seen = officer.await.expect("the officer left the lane");
        assert_eq!(seen, ["Ada", "Grace"], "passengers are let through in the order in which they came");
    }
}

/// Opens a lane: one task for the passengers, who go through it one after another, and one for the officer.
fn open_lane(names: Vec<&'static str>) -> (JoinHandle<()>, JoinHandle<Vec<&'static str>>) {
    let (belt, belt_end) = loole::bounded(TRAYS);
    let (gate, gate_post) = loole::unbounded();
    (spawn(pass_through(names, belt, gate)), spawn(inspect(belt_end, gate_post)))
}

async fn pass_through(names: Vec<&'static str>, belt: loole::Sender<Item>, gate: loole::Sender<&'static str>) {
    for name in names {
        belt.send_async(Item::Pass(name)).await.expect("the lane is open");
        for tray in 0..TRAYS {
            yield_now().await; // Keys, shoes, laptop: it takes a moment.
            belt.send_async(Item::Tray(tray)).await.expect("the lane is open");
        }
        gate.send_async(name).await.expect("the gate is open");
    }
}

/// Inspects passengers until no more come. Returns their names.
async fn inspect(belt: loole::Receiver<Item>, gate: loole::Receiver<&'static str>) -> Vec<&'static str> {
    let mut seen = Vec::new();
    while let Ok(Item::Pass(name)) = belt.recv_async().await {
        let at_gate = gate.recv_async().await.expect("the owner of the pass comes to the gate");
        assert_eq!(at_gate, name, "the pass belongs to whoever stands at the gate");
        for tray in 0..TRAYS {
            assert_eq!(belt.recv_async().await, Ok(Item::Tray(tray)), "trays come in the order of the belt");
        }
        seen.push(name);
    }
    seen
}
