//! What becomes of a task whose handle is dropped: that is the runtime's to say.

use std::cell::Cell;
use std::rc::Rc;

use crate::laziness::in_a_run;
use crate::{Claim, Shown};

pub(crate) const CLAIMS: &[Claim] = &[Claim {
    said: "to drop the handle of a task aborts it, or detaches it: it depends on the runtime",
    program: "handles::dropped_in_*",
    show: || {
        let of = [
            ("tokio", dropped_in_tokio()),
            ("async-executor", dropped_in_async_executor()),
            ("reveille", in_a_run(dropped_in_reveille)),
        ];
        let depends = of.iter().any(|(_, ended)| *ended) && of.iter().any(|(_, ended)| !ended);
        let verb = |ended| if ended { "detaches" } else { "aborts" };
        Shown::that(depends, of.map(|(runtime, ended)| format!("{runtime} {}", verb(ended))).join(", "))
    },
}];

/// A task that takes two polls, and notes its end.
fn noting() -> (impl Future<Output = ()> + 'static, Rc<Cell<bool>>) {
    let ended = Rc::new(Cell::new(false));
    let note = ended.clone();
    let task = async move {
        reveille_executor::yield_now().await;
        note.set(true);
    };
    (task, ended)
}

async fn some_turns() {
    for _ in 0..10 {
        reveille_executor::yield_now().await;
    }
}

fn dropped_in_tokio() -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime of one thread");
    let (task, ended) = noting();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        drop(tokio::task::spawn_local(task));
        some_turns().await;
    });
    ended.get()
}

fn dropped_in_async_executor() -> bool {
    let executor = async_executor::LocalExecutor::new();
    let (task, ended) = noting();
    drop(executor.spawn(task));
    futures::executor::block_on(executor.run(some_turns()));
    ended.get()
}

async fn dropped_in_reveille() -> bool {
    let (task, ended) = noting();
    drop(reveille::spawn(task));
    some_turns().await;
    ended.get()
}
