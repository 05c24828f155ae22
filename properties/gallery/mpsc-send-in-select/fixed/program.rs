//! A weather station on a mountain.
//!
//! Readings come from a sensor and are passed on to the valley over a slow link. Whenever the link has been stuck for
//! a second, the station notes that it is still alive, and goes on. In the evening the valley compares what it has
//! received with what the sensor has stored.

use std::time::Duration;

use reveille::{
    spawn,
    time::{sleep, timeout},
};
use tokio::sync::mpsc::{Receiver, Sender, channel};

type Pressure = u32;

const READINGS: u32 = 6;
/// Readings that the link holds at a time.
const LINK: usize = 1;

pub async fn program() {
    let (wire, sensor) = channel(READINGS as usize);
    let (link, valley) = channel(LINK);
    let stored = spawn(measure(wire));
    let station = spawn(pass_on(sensor, link));
    let office = spawn(collect(valley));

    station.await.expect("the station is snowed in");
    let received = office.await.expect("the office is closed");
    assert_eq!(received, stored.await.expect("the sensor froze"), "what was measured has arrived");
}

/// Takes readings, and returns them in the end.
async fn measure(wire: Sender<Pressure>) -> Vec<Pressure> {
    let mut stored = Vec::new();
    for reading in 0..READINGS {
        let pressure = 900 + reading;
        stored.push(pressure);
        wire.send(pressure).await.expect("the station runs");
        sleep(Duration::from_millis(400)).await;
    }
    stored
}

/// Passes readings on until the sensor has no more. Returns how often the link was stuck.
async fn pass_on(mut sensor: Receiver<Pressure>, link: Sender<Pressure>) -> u32 {
    let mut stuck = 0;
    loop {
        match timeout(Duration::from_secs(1), pass_on_one(&mut sensor, &link)).await {
            Ok(true) => {}
            Ok(false) => return stuck,
            Err(_) => stuck += 1,
        }
    }
}

/// Passes on one reading. Returns false if there are no more.
async fn pass_on_one(sensor: &mut Receiver<Pressure>, link: &Sender<Pressure>) -> bool {
    let place = link.reserve().await.expect("the valley listens");
    let Some(pressure) = sensor.recv().await else { return false };
    place.send(pressure);
    true
}

async fn collect(mut valley: Receiver<Pressure>) -> Vec<Pressure> {
    let mut received = Vec::new();
    while let Some(pressure) = valley.recv().await {
        received.push(pressure);
        sleep(Duration::from_millis(1_500)).await; // It goes through a lot of relays.
    }
    received
}
