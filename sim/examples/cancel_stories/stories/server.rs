//! Graceful shutdown with a ledger: every request that was accepted is answered or written off.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use reveille::cancel::{Imbalance, Ledger, audit};
use reveille::time::{Duration, sleep};

use super::Told;

#[derive(Clone)]
struct Server {
    requests: Rc<RefCell<VecDeque<u32>>>,
    ledger: Ledger,
}

impl Server {
    /// Three requests have been accepted.
    fn new() -> Self {
        let ledger = Ledger::new("requests");
        ledger.issue(3);
        Self { requests: Rc::new(RefCell::new((0..3).collect())), ledger }
    }

    async fn balance(self) -> Result<(), Imbalance> {
        self.ledger.balance()
    }
}

/// A request that was taken off the queue goes with who is cut.
pub(crate) fn broken() -> Told {
    let takes_first = audit(|Server { requests, ledger }: Server| async move {
        while let Some(_request) = { requests.borrow_mut().pop_front() } {
            sleep(Duration::from_millis(5)).await;
            ledger.settle(1);
        }
    });
    takes_first.name("server").world(Server::new).then(Server::balance).run().into()
}

/// It is taken off when it has been answered.
pub(crate) fn mended() -> Told {
    let looks_first = audit(|Server { requests, ledger }: Server| async move {
        while !requests.borrow().is_empty() {
            sleep(Duration::from_millis(5)).await;
            requests.borrow_mut().pop_front();
            ledger.settle(1);
        }
    });
    looks_first.name("server_mended").world(Server::new).then(Server::balance).run().into()
}
