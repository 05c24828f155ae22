//! A report names the user's own lines, whatever stands between them and what they wait for. Each program marks the line of
//! each await that it makes, and then waits for ever; the report must name exactly those lines: in debug, in release with
//! line tables, and with `CARGO_PROFILE_DEV_DEBUG=0` none at all, and say why.

#![cfg(not(loom))]

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::{FutureExt as _, StreamExt as _};

#[path = "await_site/report.rs"]
mod report;

use report::{Site, at, check, dropped, mark, site, sites, sites_of};

const NOTIFIED: Option<&str> = Some("tokio::sync::notify::Notified");

#[derive(Default)]
struct Pool {
    free: tokio::sync::Notify,
}

impl Pool {
    async fn get(&self) {
        at(line!(), self.free.notified()).await;
    }
}

#[test]
fn async_functions_and_blocks() {
    let found = site(|| async {
        let pool = Pool::default();
        at(line!(), async { at(line!(), pool.get()).await }).await;
    });
    let Some(found) = found else { return };
    let here = "await_site::async_functions_and_blocks";
    assert_eq!(found.functions(), ["await_site::Pool::get", here, here]);
    assert_eq!(found.through.as_deref(), NOTIFIED);
}

#[test]
fn a_task_that_is_a_future_of_another_crate() {
    let found = sites_of(1, || async {
        let notify: &'static tokio::sync::Notify = Box::leak(Box::default());
        reveille::spawn(notify.notified());
        std::future::pending::<()>().await;
    });
    let Some((found, _)) = found else { return };
    assert_eq!(found, [Site { awaits: vec![], through: NOTIFIED.map(str::to_owned) }]);
}

#[async_trait::async_trait(?Send)]
trait Source {
    async fn boxed(&self);
}

trait NativeSource {
    async fn native(&self);
}

#[async_trait::async_trait(?Send)]
impl Source for Pool {
    async fn boxed(&self) {
        at(line!(), self.get()).await;
    }
}

impl NativeSource for Pool {
    async fn native(&self) {
        at(line!(), self.get()).await;
    }
}

#[test]
fn async_functions_of_traits() {
    let boxed = site(|| async { at(line!(), Pool::default().boxed()).await });
    let native = site(|| async { at(line!(), Pool::default().native()).await });
    let (Some(boxed), Some(native)) = (boxed, native) else { return };
    assert_eq!(boxed.functions()[..2], ["await_site::Pool::get", "await_site::Pool::boxed"]);
    assert_eq!(native.functions()[..2], ["await_site::Pool::get", "await_site::Pool::native"]);
}

fn down(pool: &Pool, depth: u32) -> Pin<Box<dyn Future<Output = ()> + '_>> {
    Box::pin(async move {
        match depth {
            0 => at(line!(), pool.get()).await,
            _ => at(line!(), down(pool, depth - 1)).await,
        }
    })
}

#[test]
fn boxed_and_recursive_functions() {
    let found = site(|| async { at(line!(), down(&Pool::default(), 3)).await });
    let Some(found) = found else { return };
    assert_eq!(found.functions()[1..5], ["await_site::down"; 4]);
}

async fn one_of_two(pool: &Pool, first: bool) {
    if first {
        at(line!(), pool.free.notified()).await;
    } else {
        at(line!(), pool.free.notified()).await;
    }
}

async fn twin(pool: &Pool, first: bool) {
    if first {
        at(line!(), pool.free.notified()).await;
    } else {
        at(line!(), pool.free.notified()).await;
    }
}

#[test]
fn awaits_that_compile_to_the_same_code_are_told_apart() {
    site(|| async { at(line!(), one_of_two(&Pool::default(), true)).await });
    site(|| async { at(line!(), one_of_two(&Pool::default(), false)).await });
    site(|| async { at(line!(), twin(&Pool::default(), true)).await });
    site(|| async { at(line!(), twin(&Pool::default(), false)).await });
}

#[test]
fn select_and_join_of_tokio() {
    let select = sites(|| async {
        let (pool, (_sender, mut receiver)) = (Pool::default(), tokio::sync::mpsc::channel::<u32>(1));
        mark(line!() + 1);
        tokio::select! {
            biased;
            () = pool.get() => {}
            _ = receiver.recv() => {}
        }
    });
    let join = sites(|| async {
        let (pool, (_sender, mut receiver)) = (Pool::default(), tokio::sync::mpsc::channel::<u32>(1));
        mark(line!() + 1);
        tokio::join!(biased; pool.get(), receiver.recv());
    });
    for (found, marks) in [select, join].into_iter().flatten() {
        let [get, receive] = &found[..] else { panic!("two branches: {found:#?}") };
        check(get, &marks);
        assert_eq!(get.through.as_deref(), NOTIFIED);
        check(receive, &marks[..1]);
        assert_eq!(receive.through.as_deref(), Some("tokio::sync::mpsc::bounded::Receiver::recv"));
    }
}

#[test]
fn select_and_join_of_futures() {
    let select = sites(|| async {
        let (pool, (_sender, mut receiver)) = (Pool::default(), futures::channel::mpsc::channel::<u32>(1));
        let mut get = Box::pin(pool.get().fuse());
        mark(line!() + 1);
        futures::select! {
            () = get => {}
            _ = receiver.next() => {}
        }
    });
    let join = sites(|| async {
        let (pool, (_sender, mut receiver)) = (Pool::default(), futures::channel::mpsc::channel::<u32>(1));
        mark(line!() + 1);
        futures::join!(pool.get(), receiver.next());
    });
    for (mut found, marks) in [select, join].into_iter().flatten() {
        // `select!` polls its branches in an order of its own.
        found.sort_by_key(|site| site.awaits.len());
        let [receive, get] = &found[..] else { panic!("two branches: {found:#?}") };
        check(get, &marks);
        assert_eq!(get.through.as_deref(), NOTIFIED);
        check(receive, &marks[..1]);
        assert_eq!(receive.through.as_deref(), Some("futures_channel::mpsc::Receiver"));
    }
}

#[test]
fn behind_sub_executors_the_await_of_the_whole_is_named() {
    let unordered = site(|| async {
        let pool = Pool::default();
        let mut children: futures::stream::FuturesUnordered<_> = (0..3).map(|_| pool.free.notified()).collect();
        at(line!(), children.next()).await;
    });
    let all = site(|| async {
        let pool = Pool::default();
        at(line!(), futures::future::join_all((0..40).map(|_| pool.free.notified()))).await;
    });
    let buffered = site(|| async {
        let pool = Pool::default();
        let mut buffered = futures::stream::iter(0..3).map(|_| pool.free.notified()).buffer_unordered(2);
        at(line!(), buffered.next()).await;
    });
    let names = ["futures_unordered::FuturesUnordered", "join_all::JoinAll", "buffer_unordered::BufferUnordered"];
    for (found, name) in [unordered, all, buffered].into_iter().flatten().zip(names) {
        assert!(found.through.as_deref().is_some_and(|through| through.ends_with(name)), "{name}: {found:?}");
    }
    // Up to 30 futures share the task's own waker, and each is seen.
    let few = sites(|| async {
        let pool = Pool::default();
        futures::future::join_all((0..2).map(|_| pool.get())).await;
    });
    if let Some((few, _)) = few {
        assert_eq!(few[0].awaits.len(), 2, "{few:?}");
        assert_eq!(few[0].through.as_deref(), NOTIFIED);
    }
}

/// The leaf of a program that waits in one place.
#[track_caller]
fn waits_through<Fut: Future<Output = ()> + 'static>(leaf: &str, program: impl Fn() -> Fut + Sync) {
    if let Some(found) = site(program) {
        assert!(found.through.as_deref().is_some_and(|through| through.starts_with(leaf)), "{leaf}: {found:?}");
    }
}

#[test]
fn leaves_are_named_as_their_crates_name_them() {
    waits_through("tokio::sync::mutex::Mutex::lock", || async {
        let mutex = tokio::sync::Mutex::new(0);
        let _held = mutex.lock().await;
        let _also = at(line!(), mutex.lock()).await;
    });
    waits_through("tokio::sync::oneshot::Receiver", || async {
        let (_sender, receiver) = tokio::sync::oneshot::channel::<u32>();
        at(line!(), receiver).await.unwrap();
    });
    waits_through("tokio::sync::semaphore::Semaphore::acquire", || async {
        let semaphore = tokio::sync::Semaphore::new(0);
        at(line!(), semaphore.acquire()).await.unwrap().forget();
    });
    waits_through("tokio::sync::mpsc::bounded::Sender::send", || async {
        let (sender, _receiver) = tokio::sync::mpsc::channel::<u32>(1);
        sender.send(1).await.unwrap();
        at(line!(), sender.send(2)).await.unwrap();
    });
    waits_through("async_channel::Recv", || async {
        let (_sender, receiver) = async_channel::bounded::<u32>(1);
        at(line!(), receiver.recv()).await.unwrap();
    });
    waits_through("futures_util::lock::mutex::MutexLockFuture", || async {
        let mutex = futures::lock::Mutex::new(0);
        let _held = mutex.lock().await;
        let _also = at(line!(), mutex.lock()).await;
    });
    waits_through("reveille::JoinHandle", || async {
        at(line!(), reveille::spawn(std::future::pending::<()>())).await.unwrap();
    });
}

#[test]
fn a_channel_that_kept_a_waker_does_not_give_the_old_line() {
    let found = site(|| async {
        let (_sender, mut receiver) = futures::channel::mpsc::channel::<u32>(1);
        tokio::select! {
            biased;
            _ = receiver.next() => {}
            () = reveille::yield_now() => {}
        }
        at(line!(), receiver.next()).await;
    });
    let Some(found) = found else { return };
    assert_eq!(found.through.as_deref(), Some("futures_channel::mpsc::Receiver"));
}

/// A leaf of the user's own.
#[derive(Default)]
struct Bell {
    waker: Option<Waker>,
}

impl Future for Bell {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        mark(line!() + 1);
        let waker = context.waker().clone();
        self.waker = Some(waker);
        Poll::Pending
    }
}

#[test]
fn hand_written_futures() {
    let found = site(|| async { at(line!(), Bell::default()).await });
    let Some(found) = found else { return };
    assert_eq!(found.functions()[0], "await_site::Bell::poll");
    assert_eq!(found.through, None);
}

/// A waker in the variables of a suspended future: the glue that drops them has a line of this function, and is not who
/// dropped it.
async fn own(waker: Option<Waker>) {
    let waker = waker;
    std::future::pending::<()>().await;
    drop(waker);
}

#[test]
fn the_line_that_dropped_the_last_waker() {
    let found = dropped(|| async {
        let slot: Rc<RefCell<Option<Waker>>> = Rc::default();
        let kept = slot.clone();
        let waiter = reveille::spawn(poll_fn(move |context| {
            kept.replace(Some(context.waker().clone()));
            Poll::<()>::Pending
        }));
        while slot.borrow().is_none() {
            reveille::yield_now().await;
        }
        let mut owner = Box::pin(own(slot.take()));
        assert!(futures::poll!(&mut owner).is_pending());
        mark(line!() + 1);
        drop(owner);
        waiter.await.unwrap();
    });
    if let Some((place, line)) = found {
        assert_eq!(place, format!("sim/tests/await_site.rs:{line}:9"));
    }
}
