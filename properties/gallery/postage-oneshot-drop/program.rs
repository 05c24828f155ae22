//! A lost-property office.
//!
//! People send in what they have lost together with an envelope for the answer. The clerk looks through the shelves
//! and puts the shelf number into the envelope; where there is nothing to say, the envelope is thrown away, and
//! whoever waits for it learns in that way that the thing was not found.

use std::collections::BTreeMap;

use postage::{mpsc, oneshot, prelude::*};
use reveille::{spawn, yield_now};

struct Enquiry {
    thing: &'static str,
    envelope: oneshot::Sender<u32>,
}

pub async fn program() {
    let (counter, enquiries) = mpsc::channel(2);
    let clerk = spawn(answer(enquiries));

    let visits = [vec!["umbrella", "left glove"], vec!["tuba"], vec!["hat", "umbrella"]];
    let visitors = visits.map(|things| spawn(visit(things, counter.clone())));
    drop(counter);

    let mut found = 0;
    for visitor in visitors {
        found += visitor.await.expect("a visitor fainted");
    }
    clerk.await.expect("the clerk resigned");
    assert_eq!(found, 3, "two umbrellas and a hat are on the shelves");
}

/// Asks for each thing in turn. Returns how many of them were found.
async fn visit(things: Vec<&'static str>, mut counter: mpsc::Sender<Enquiry>) -> usize {
    let mut found = 0;
    for thing in things {
        let (envelope, mut answer) = oneshot::channel();
        if counter.send(Enquiry { thing, envelope }).await.is_err() {
            break; // The office is shut.
        }
        if let Some(_shelf) = answer.recv().await {
            found += 1;
        }
    }
    found
}

/// Answers enquiries until nobody is left who could ask.
async fn answer(mut enquiries: mpsc::Receiver<Enquiry>) {
    let shelves = BTreeMap::from([("hat", 3), ("umbrella", 7)]);
    while let Some(Enquiry { thing, mut envelope }) = enquiries.recv().await {
        yield_now().await; // It takes a while to walk along the shelves.
        if let Some(shelf) = shelves.get(thing) {
            // A visitor who has gone home needs no answer.
            envelope.send(*shelf).await.ok();
        }
    }
}
