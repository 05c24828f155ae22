//! What panics between polls, a waker or a destructor, is found, though no task panics; also where the program has put a panic hook of its own
//! in the place of that of the run, so that nobody notes the panic but who called it.
//!
//! One test: the panic hook is the process'.

#![cfg(not(loom))]

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

use reveille::net::UdpSocket;
use reveille::time::{Duration, sleep};
use reveille::{Failure, FindingKind, explore, fs, spawn};

struct Refuses;

impl Wake for Refuses {
    fn wake(self: Arc<Self>) {
        panic!("not now");
    }
}

/// Polls `future` once, with a waker that panics.
async fn begin(mut future: Pin<&mut impl Future>) {
    let waker = Arc::new(Refuses).into();
    poll_fn(|_| Poll::Ready(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()))
        .await
        .then_some(())
        .unwrap();
}

async fn wakes_for_a_file() {
    let mut read = pin!(fs::read("f"));
    begin(read.as_mut()).await;
    sleep(Duration::from_secs(1)).await;
}

async fn wakes_for_a_timer() {
    let mut asleep = pin!(sleep(Duration::from_millis(1)));
    begin(asleep.as_mut()).await;
    sleep(Duration::from_secs(1)).await;
}

async fn wakes_for_a_datagram() {
    let [one, other] = ["127.0.0.1:1", "127.0.0.1:2"];
    let (one, socket) = (UdpSocket::bind(one).await.unwrap(), UdpSocket::bind(other).await.unwrap());
    let mut buffer = [0; 8];
    let mut received = pin!(socket.recv(&mut buffer));
    begin(received.as_mut()).await;
    one.send_to(b"hello", other).await.unwrap();
    sleep(Duration::from_secs(1)).await;
}

/// Where what a task holds goes with its last poll the panic is that of the task, which is received here.
async fn drops_late() {
    struct Held;
    impl Drop for Held {
        fn drop(&mut self) {
            panic!("not now");
        }
    }
    let held = Held;
    let holds = poll_fn(move |_| Poll::Ready(size_of_val(&held)));
    drop(spawn(holds).await);
    sleep(Duration::from_secs(1)).await;
}

fn late_drops() -> Failure {
    explore().name("late drops").runs(50).freedoms("late-drops").run(drops_late).unwrap_err()
}

fn files() -> Failure {
    explore().name("files").runs(3).run(wakes_for_a_file).unwrap_err()
}

fn timers() -> Failure {
    explore().name("timers").runs(3).run(wakes_for_a_timer).unwrap_err()
}

fn datagrams() -> Failure {
    explore().name("datagrams").runs(3).run(wakes_for_a_datagram).unwrap_err()
}

#[test]
fn what_panics_between_polls_is_found_whosever_the_panic_hook_is() {
    for failure in [files(), datagrams(), timers(), late_drops()] {
        assert_eq!(failure.kind(), Some(FindingKind::Panic), "{failure}");
        let text = failure.to_string();
        assert!(text.contains("there was a panic outside of any task at sim/tests/panic_hook.rs:"), "{text}");
        assert!(text.contains("\n    not now\n"), "{text}");
    }
    std::panic::set_hook(Box::new(|_| {}));
    for failure in [files(), datagrams(), timers(), late_drops()] {
        assert_eq!(failure.kind(), Some(FindingKind::Panic), "{failure}");
        let text = failure.to_string();
        // A hook alone is told the place.
        assert!(text.contains("there was a panic outside of any task\n    not now\n"), "{text}");
    }
    drop(std::panic::take_hook());
}
