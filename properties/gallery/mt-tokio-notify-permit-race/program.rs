//! A hotel at night.
//!
//! Guests who come late write their names into the book at the desk and ring the bell, and the night porter shows them
//! to their rooms. Now and then the kitchen tells everybody who listens that there is soup; at dawn the porter, having
//! looked into the book once more, goes home.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use reveille::{spawn, yield_now};
use tokio::sync::Notify;

const GUESTS: u32 = 6;

#[derive(Default)]
struct Desk {
    bell: Notify,
    book: RefCell<VecDeque<u32>>,
    dawn: Cell<bool>,
}

pub async fn program() {
    let desk = Rc::new(Desk::default());
    let porter = spawn(keep_watch(Rc::clone(&desk)));
    let kitchen = spawn({
        let desk = Rc::clone(&desk);
        async move {
            for _pot in 0..4 {
                yield_now().await; // It simmers.
                desk.bell.notify_waiters();
            }
        }
    });
    let guests: Vec<_> = (0..GUESTS).map(|guest| spawn(arrive(guest, Rc::clone(&desk)))).collect();

    for guest in guests {
        guest.await.expect("a guest got lost");
    }
    kitchen.await.expect("the soup boiled over");
    desk.dawn.set(true);
    desk.bell.notify_one();
    let mut in_bed = porter.await.expect("the porter fell asleep");
    in_bed.sort_unstable();
    assert_eq!(in_bed, Vec::from_iter(0..GUESTS), "every guest has a bed");
}

async fn arrive(guest: u32, desk: Rc<Desk>) {
    yield_now().await; // Out of the taxi.
    desk.book.borrow_mut().push_back(guest);
    desk.bell.notify_one();
}

/// Shows guests to their rooms until dawn. Returns who is in bed.
async fn keep_watch(desk: Rc<Desk>) -> Vec<u32> {
    let mut in_bed = Vec::new();
    loop {
        let next = desk.book.borrow_mut().pop_front();
        match next {
            Some(guest) => {
                yield_now().await; // Up the stairs.
                in_bed.push(guest);
            }
            None if desk.dawn.get() => return in_bed,
            None => desk.bell.notified().await,
        }
    }
}
