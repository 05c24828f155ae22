//! `send(item)` in a `select!`, against `reserve` and then `send`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use reveille::cancel::{Tracked, audit, track};
use reveille::time::{Duration, sleep};
use tokio::sync::mpsc;

use super::Told;

#[derive(Clone)]
struct Relay {
    items: Rc<RefCell<VecDeque<Tracked<u32>>>>,
    sender: mpsc::Sender<Tracked<u32>>,
}

impl Relay {
    /// Room for one, and a consumer that takes its time.
    fn new() -> Self {
        let (sender, mut receiver) = mpsc::channel::<Tracked<u32>>(1);
        let consume = async move {
            while let Some(item) = receiver.recv().await {
                item.settle();
                sleep(Duration::from_secs(1)).await;
            }
        };
        drop(reveille::task::Builder::new().daemon(true).spawn(consume));
        Self { items: Rc::new(RefCell::new([track(0), track(1), track(2), track(3)].into())), sender }
    }
}

/// The item is in the future that waits for room.
pub(crate) fn broken() -> Told {
    let sending = audit(|Relay { items, sender }: Relay| async move {
        while let Some(item) = { items.borrow_mut().pop_front() } {
            sender.send(item).await.unwrap();
        }
    });
    sending.name("send").world(Relay::new).run().into()
}

/// It is taken from its queue when there is room.
pub(crate) fn mended() -> Told {
    let reserving = audit(|Relay { items, sender }: Relay| async move {
        while !items.borrow().is_empty() {
            let room = sender.reserve().await.unwrap();
            let item = items.borrow_mut().pop_front();
            if let Some(item) = item {
                room.send(item);
            }
        }
    });
    reserving.name("send_mended").world(Relay::new).run().into()
}
