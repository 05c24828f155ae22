//! A telephone box in a village street.
//!
//! One person at a time can make a call. Some people have time and wait for the box to be free; others look at the
//! clock, and walk on when it takes too long.

use std::{rc::Rc, time::Duration};

use reveille::{
    spawn,
    time::{sleep, timeout},
};
use tokio::sync::Mutex;

/// The box holds the number of calls that were made from it.
type PhoneBox = Rc<Mutex<u32>>;

pub async fn program() {
    let phone = PhoneBox::default();
    // Name, minutes of the call, minutes of patience.
    let people = [("Asta", 5, None), ("Bo", 2, Some(3)), ("Cleo", 4, None), ("Dag", 1, Some(6)), ("Eli", 3, None)];
    let callers = people.map(|(name, length, patience)| (name, spawn(call(Rc::clone(&phone), length, patience))));

    let mut calls = 0;
    for (name, caller) in callers {
        let got_through = caller.await.expect("a caller fainted");
        assert!(got_through || name == "Bo" || name == "Dag", "{name} has time to wait");
        calls += u32::from(got_through);
    }
    assert_eq!(*phone.lock().await, calls, "the meter counts each call");
}

/// Makes a call as soon as the box is free. Returns false if that took too long.
async fn call(phone: PhoneBox, length: u64, patience: Option<u64>) -> bool {
    let minutes = |count| Duration::from_secs(60 * count);
    let mut meter = match patience {
        None => phone.lock().await,
        Some(patience) => match timeout(minutes(patience), phone.lock()).await {
            Ok(meter) => meter,
            Err(_) => return false,
        },
    };
    sleep(minutes(length)).await;
    *meter += 1;
    true
}
