//! A bakery counter with numbered tickets.
//!
//! Customers are let in one at a time and queue up in a channel; whichever of the shop assistants is free calls the
//! next ticket. However many assistants there are, tickets are called in the order in which they were drawn.

use std::{cell::Cell, rc::Rc};

use reveille::{spawn, yield_now};

const CUSTOMERS: u32 = 8;
const ASSISTANTS: usize = 3;

/// The display above the counter.
#[derive(Default)]
struct Display {
    now_serving: Cell<u32>,
}

impl Display {
    fn call(&self, ticket: u32) {
        let last = self.now_serving.replace(ticket);
        assert!(last < ticket, "ticket {ticket} is called after ticket {last}");
    }
}

pub async fn program() {
    let (door, queue) = flume::unbounded();
    let display = Rc::new(Display::default());
    let assistants: Vec<_> = (0..ASSISTANTS).map(|_| spawn(serve(queue.clone(), Rc::clone(&display)))).collect();
    drop(queue);

    let doorman = spawn(async move {
        for ticket in 1..=CUSTOMERS {
            door.send_async(ticket).await.expect("somebody is at the counter");
            if ticket % 2 == 0 {
                yield_now().await; // People tend to come in pairs.
            }
        }
    });

    doorman.await.expect("the doorman fell asleep");
    let mut served = 0;
    for assistant in assistants {
        served += assistant.await.expect("an assistant went home");
    }
    assert_eq!(served, CUSTOMERS, "nobody leaves without bread");
}

/// Serves customers until the shop is empty and the door shut. Returns how many were served.
async fn serve(queue: flume::Receiver<u32>, display: Rc<Display>) -> u32 {
    let mut served = 0;
    while let Ok(ticket) = queue.recv_async().await {
        display.call(ticket);
        yield_now().await; // Two rolls and a loaf of rye, sliced.
        served += 1;
    }
    served
}
