//! A handle with exclusive open, whose destructor closes it in a task that it spawns.

use std::cell::Cell;
use std::rc::Rc;

use reveille::cancel::cancellable;
use reveille::time::{Duration, sleep};
use reveille::{Scope, explore, scope, spawn, yield_now};

use super::Told;

#[derive(Default)]
struct Database {
    is_open: Cell<bool>,
}

struct Handle(Option<Rc<Database>>);

impl Handle {
    async fn open(database: &Rc<Database>) -> Result<Self, &'static str> {
        yield_now().await;
        if database.is_open.replace(true) { Err("locked") } else { Ok(Self(Some(Rc::clone(database)))) }
    }

    async fn close(mut self) {
        if let Some(database) = self.0.take() {
            yield_now().await;
            database.is_open.set(false);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let database = self.0.take();
        if let Some(database) = database {
            drop(spawn(Handle(Some(database)).close()));
        }
    }
}

fn reopened(awaited: bool) -> Told {
    let run = explore().name("database").run(move || async move {
        let database = Rc::<Database>::default();
        for _ in 0..2 {
            let handle = Handle::open(&database).await?;
            sleep(Duration::from_millis(1)).await;
            if awaited {
                handle.close().await;
            } else {
                drop(handle);
                yield_now().await;
            }
        }
        Ok::<(), &str>(())
    });
    run.into()
}

/// On some schedules it is opened again before the task has closed it.
pub(crate) fn broken() -> Told {
    reopened(false)
}

/// An awaited close.
pub(crate) fn mended() -> Told {
    reopened(true)
}

/// A handle whose destructor closes it in a scope, which waits for that.
struct InScope<'env> {
    handle: Option<Handle>,
    scope: Scope<'env>,
}

impl<'env> InScope<'env> {
    async fn open(database: &Rc<Database>, scope: &Scope<'env>) -> Result<Self, &'static str> {
        Ok(Self { handle: Some(Handle::open(database).await?), scope: scope.clone() })
    }
}

impl Drop for InScope<'_> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            drop(self.scope.spawn(handle.close()));
        }
    }
}

/// A scope does not wait for what a destructor spawns elsewhere.
pub(crate) fn broken_beside_a_scope() -> Told {
    let run = explore().name("database_beside_a_scope").run(|| async {
        let database = Rc::<Database>::default();
        for _ in 0..2 {
            scope(async |_| {
                let handle = Handle::open(&database).await?;
                let used = async move {
                    sleep(Duration::from_millis(1)).await;
                    drop(handle);
                };
                cancellable(used).await;
                Ok::<(), &str>(())
            })
            .await?;
        }
        Ok::<(), &str>(())
    });
    run.into()
}

/// It does for what is spawned in it, also if its user was cancelled.
pub(crate) fn mended_by_a_scope() -> Told {
    let run = explore().name("database_in_a_scope").deny_detached().run(|| async {
        let database = Rc::<Database>::default();
        for _ in 0..2 {
            scope(async |scope| {
                let handle = InScope::open(&database, &scope).await?;
                let used = async move {
                    sleep(Duration::from_millis(1)).await;
                    drop(handle);
                };
                cancellable(used).await;
                Ok::<(), &str>(())
            })
            .await?;
        }
        Ok::<(), &str>(())
    });
    run.into()
}
