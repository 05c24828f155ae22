//! A greenhouse thermometer.
//!
//! Only the newest reading matters, so the probe publishes through a `Signal`. A round of measuring begins with
//! throwing away what is left of the last one, and ends with a fresh reading; the display shows each reading that it
//! gets hold of and switches itself off after the last round. A fan is told by the display when it gets too warm.

use std::rc::Rc;

use embassy_sync::{blocking_mutex::raw::NoopRawMutex, signal::Signal};
use reveille::{spawn, yield_now};

const ROUNDS: u32 = 5;
/// Temperature in degrees above which the fan runs.
const TOO_WARM: u32 = 23;

#[derive(Clone, Copy)]
struct Reading {
    round: u32,
    degrees: u32,
}

type Line<T> = Rc<Signal<NoopRawMutex, T>>;

pub async fn program() {
    let readings: Line<Reading> = Rc::default();
    let fan_switch: Line<bool> = Rc::default();

    let probe = spawn(measure(Rc::clone(&readings)));
    let fan = spawn(run_fan(Rc::clone(&fan_switch)));
    let display = spawn(show(readings, fan_switch));

    probe.await.expect("the probe broke");
    let shown = display.await.expect("the display broke");
    assert_eq!(shown, 20 + ROUNDS, "the display ends on the newest temperature");
    fan.await.expect("the fan broke");
}

/// Measures for a few rounds, the greenhouse growing warmer by a degree in each.
async fn measure(readings: Line<Reading>) {
    for round in 1..=ROUNDS {
        readings.reset(); // Whoever looks from now on shall not see a stale temperature.
        yield_now().await; // The probe settles.
        readings.signal(Reading { round, degrees: 20 + round });
        yield_now().await;
    }
}

/// Shows readings until the last round. Returns the temperature then on display.
async fn show(readings: Line<Reading>, fan_switch: Line<bool>) -> u32 {
    loop {
        let Reading { round, degrees } = readings.wait().await;
        if degrees > TOO_WARM {
            fan_switch.signal(true);
        }
        if round == ROUNDS {
            return degrees;
        }
    }
}

async fn run_fan(switch: Line<bool>) {
    while !switch.wait().await {}
}
