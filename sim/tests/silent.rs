//! Correct programs in which a careless tool sees a stuck task: nothing is reported.

#![cfg(not(loom))]

mod common;

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use common::{Event, nowhere};
use reveille::time::{Duration, sleep};
use reveille::{FindingKind, explore, spawn, task, yield_now};

fn passes<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) {
    explore().runs(300).run(program).expect("a correct program was accused");
}

#[test]
fn a_wake_by_value_that_drops_the_last_clone_is_a_wake() {
    passes(|| async {
        let mut polled = false;
        poll_fn(|context| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            let waker = context.waker().clone();
            waker.wake();
            Poll::Pending
        })
        .await;
    });
}

#[test]
fn a_task_that_was_never_polled_is_not_stuck() {
    passes(|| async {
        // Ends at once; the task has its first poll while the run is drained.
        drop(spawn(async { yield_now().await }));
    });
}

#[test]
fn a_finished_task_whose_handle_is_kept_is_not_stuck() {
    passes(|| async {
        let kept = spawn(async { 1 });
        yield_now().await;
        yield_now().await;
        let _kept = kept;
    });
}

#[test]
#[expect(clippy::async_yields_async, reason = "the child's handle is what the parent leaves behind")]
fn a_parent_that_ended_before_its_child_is_not_missed() {
    passes(|| async {
        let parent = spawn(async {
            spawn(async {
                for _ in 0..5 {
                    yield_now().await;
                }
            })
        });
        let child = parent.await.unwrap();
        child.await.unwrap();
    });
}

#[test]
fn a_service_that_waits_for_more_when_the_root_ends_is_not_stuck() {
    passes(|| async {
        let (sender, receiver) = async_channel::unbounded::<u8>();
        let keep_alive = sender.clone();
        drop(spawn(async move {
            let _keep_alive = keep_alive;
            while receiver.recv().await.is_ok() {}
        }));
        sender.send(1).await.unwrap();
    });
}

#[test]
fn a_daemon_may_wait_for_ever() {
    passes(|| async {
        drop(task::Builder::new().daemon(true).spawn(nowhere()));
        yield_now().await;
    });
}

#[test]
fn a_task_that_waits_for_a_timer_is_not_stuck_when_the_root_ends() {
    passes(|| async {
        drop(spawn(async { reveille::time::sleep(reveille::time::Duration::from_secs(3600)).await }));
        yield_now().await;
    });
}

#[test]
fn an_aborted_task_is_not_stuck() {
    passes(|| async {
        let event = Rc::new(Event::default());
        let waits = event.clone();
        let waiter = spawn(async move { waits.wait().await });
        yield_now().await;
        waiter.abort();
        assert!(waiter.await.unwrap_err().is_cancelled());
    });
}

/// The counterpart: what is forgiven above is not forgiven everywhere.
#[test]
fn alive_at_the_end_is_a_finding_where_it_is_denied() {
    let program = || async {
        let (sender, receiver) = async_channel::unbounded::<u8>();
        drop(spawn(async move {
            let _keep_alive = sender;
            while receiver.recv().await.is_ok() {}
        }));
    };
    let failure = explore().deny_detached().run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::DetachedTask));
    assert!(failure.to_string().contains("was alive when the root ended"), "{failure}");
}

/// One that is parked on purpose excuses none of the others.
#[test]
fn a_task_beside_one_that_waits_for_nothing_is_a_finding_where_it_is_denied() {
    let program = || async {
        drop(spawn(std::future::pending::<()>()));
        drop(spawn(sleep(Duration::from_secs(60))));
    };
    explore().run(program).unwrap();
    let failure = explore().deny_detached().run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::DetachedTask), "{failure}");
}

/// `pending()` is how a service says that it has nothing left to do.
#[test]
fn a_detached_task_that_waits_for_ever_on_purpose_is_not_dead() {
    passes(|| async {
        drop(spawn(async {
            yield_now().await;
            let _guard = Rc::new(());
            std::future::pending::<()>().await;
        }));
        yield_now().await;
    });
}

/// The run ends although they do not.
#[test]
fn detached_tasks_that_never_rest_do_not_keep_the_run_going() {
    passes(|| async {
        drop(spawn(async {
            loop {
                yield_now().await;
            }
        }));
        yield_now().await;
    });
}

/// tokio's watch wakes its receivers in an order of its own random generator.
#[test]
fn receivers_of_a_watch_may_be_woken_in_any_order() {
    passes(|| async {
        let (sender, receiver) = tokio::sync::watch::channel(0);
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let mut receiver = receiver.clone();
                spawn(async move { receiver.changed().await.unwrap() })
            })
            .collect();
        yield_now().await;
        yield_now().await;
        sender.send(1).unwrap();
        for task in tasks {
            task.await.unwrap();
        }
    });
}
