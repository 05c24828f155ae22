//! A print shop at closing time.
//!
//! Three clerks serve customers in turn. A clerk books a slot at the press before talking to a customer, so that
//! whoever orders is sure of a place in the queue; a customer who changes their mind gives the slot back. The press
//! stops taking bookings when its paper runs low, prints everything that was promised before, and the shop then
//! compares what was sold with what was printed.

use reveille::{spawn, yield_now};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Bookings that the press accepts ahead of what it is printing: more than a day brings.
const SLOTS: usize = 32;
/// Posters after which the press stops taking bookings.
const PAPER_LOW: usize = 6;
const CLERKS: usize = 3;
/// Customers of a clerk on the busiest day so far.
const CUSTOMERS: usize = 8;

struct Poster {
    copies: usize,
}

pub async fn program() {
    let (desk, orders) = channel(SLOTS);
    let press = spawn(print_until_closed(orders));
    let clerks: Vec<_> = (0..CLERKS).map(|clerk| spawn(serve_customers(clerk, desk.clone()))).collect();

    let printed = press.await.expect("the press jammed");
    let mut sold = 0;
    for clerk in clerks {
        sold += clerk.await.expect("a clerk walked out");
    }
    assert_eq!(sold, printed, "every copy that was paid for has been printed");
    // The shop keeps its own end of the queue: there will be a tomorrow.
    drop(desk);
}

/// Serves one customer after another until the press takes no more bookings. Returns the copies sold.
async fn serve_customers(clerk: usize, mut desk: Sender<Poster>) -> usize {
    let mut sold = 0;
    for customer in clerk..clerk + CUSTOMERS {
        let Ok(slot) = desk.reserve_owned().await else { break };
        yield_now().await; // The customer looks at the samples.
        desk = if customer % 3 == 2 {
            slot.release()
        } else {
            let poster = Poster { copies: 10 + customer };
            sold += poster.copies;
            slot.send(poster)
        };
        yield_now().await; // The next customer comes in.
    }
    sold
}

/// Prints orders as they come, closing the queue once paper is low. Returns the copies printed.
async fn print_until_closed(mut orders: Receiver<Poster>) -> usize {
    let (mut posters, mut copies) = (0, 0);
    while let Some(poster) = orders.recv().await {
        posters += 1;
        copies += poster.copies;
        if posters == PAPER_LOW {
            orders.close();
        }
        yield_now().await; // The press is running.
    }
    copies
}
