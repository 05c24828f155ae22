//! A restaurant kitchen.
//!
//! Three cooks put plates on the pass, which has room for two, and a waiter carries them out one by one. The grill
//! cook does not stand about when the pass is full: he fetches the sauce in the meantime, and the sauce cook makes it
//! once her own soup is on the pass.

use std::{pin::pin, time::Duration};

use async_channel::{Receiver, Sender, bounded};
use reveille::{
    spawn,
    time::{sleep, timeout},
};

/// Plates that fit on the pass.
const PASS: usize = 2;
/// What the waiter needs for one plate.
const ROUND: Duration = Duration::from_secs(60);

pub async fn program() {
    let (pass, plates) = bounded(PASS);
    let (ladle, sauce) = bounded(1);
    let waiter = spawn(carry(plates));
    let cooks =
        [spawn(make_salads(pass.clone())), spawn(grill(pass.clone(), sauce)), spawn(cook_soup_and_sauce(pass, ladle))];

    for cook in cooks {
        cook.await.expect("a cook gave notice");
    }
    let mut menu = waiter.await.expect("the waiter gave notice");
    menu.sort_unstable();
    assert_eq!(menu, ["salad", "salad", "salad", "soup", "steak", "steak with sauce"]);
}

async fn make_salads(pass: Sender<&'static str>) {
    for _guest in 0..3 {
        pass.send("salad").await.expect("the waiter is there");
    }
}

async fn grill(pass: Sender<&'static str>, sauce: Receiver<()>) {
    let mut plain = pin!(pass.send("steak"));
    let served = timeout(ROUND / 2, &mut plain).await;
    // Either way the next guest wants sauce: better fetched now than later.
    sauce.recv().await.expect("the sauce does not curdle");
    if served.is_err() {
        plain.await.expect("the waiter is there");
    }
    pass.send("steak with sauce").await.expect("the waiter is there");
}

async fn cook_soup_and_sauce(pass: Sender<&'static str>, ladle: Sender<()>) {
    pass.send("soup").await.expect("the waiter is there");
    ladle.send(()).await.expect("somebody wants sauce");
}

/// Carries plates until the kitchen is closed. Returns what was on them.
async fn carry(plates: Receiver<&'static str>) -> Vec<&'static str> {
    let mut menu = Vec::new();
    while let Ok(plate) = plates.recv().await {
        menu.push(plate);
        sleep(ROUND).await;
    }
    menu
}
