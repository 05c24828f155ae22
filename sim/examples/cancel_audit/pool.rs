//! The pools, and the audits of them.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use reveille::{
    cancel::{self, Report},
    time::{Duration, sleep},
};
use tokio::sync::{Notify, Semaphore};

struct Connection;

/// Opening a connection takes a moment, and so does using one.
async fn connect() -> Connection {
    sleep(Duration::from_millis(20)).await;
    Connection
}

async fn query(_: &Connection) -> u32 {
    sleep(Duration::from_millis(5)).await;
    42
}

/// At most one connection, counted by hand.
#[derive(Default)]
struct Pool {
    idle: RefCell<Vec<Connection>>,
    open: Cell<usize>,
    returned: Notify,
}

impl Pool {
    async fn get(&self) -> Connection {
        loop {
            let idle = self.idle.borrow_mut().pop();
            if let Some(connection) = idle {
                return connection;
            }
            if self.open.get() < 1 {
                self.open.set(self.open.get() + 1);
                return connect().await;
            }
            self.returned.notified().await;
        }
    }

    fn put(&self, connection: Connection) {
        self.idle.borrow_mut().push(connection);
        self.returned.notify_one();
    }
}

async fn ask(pool: Rc<Pool>) -> u32 {
    let connection = pool.get().await;
    let answer = query(&connection).await;
    pool.put(connection);
    answer
}

/// The same with a permit for each connection, which gives itself back.
struct Mended {
    idle: RefCell<Vec<Connection>>,
    permits: Semaphore,
}

async fn ask_mended(pool: Rc<Mended>) -> u32 {
    let _permit = pool.permits.acquire().await.expect("nobody closes the pool");
    let idle = pool.idle.borrow_mut().pop();
    let connection = match idle {
        Some(connection) => connection,
        None => connect().await,
    };
    let answer = query(&connection).await;
    pool.idle.borrow_mut().push(connection);
    answer
}

/// Whoever gives up while the connection is being opened takes the only place with them.
pub(crate) fn broken() -> Report {
    cancel::audit(ask).name("ask").world(Rc::<Pool>::default).bystander("customer", ask).run().unwrap()
}

/// The place is a permit, which is given back by whoever is dropped.
pub(crate) fn mended() -> Report {
    let world = || Rc::new(Mended { idle: RefCell::default(), permits: Semaphore::new(1) });
    cancel::audit(ask_mended).name("ask_mended").world(world).bystander("customer", ask_mended).run().unwrap()
}
