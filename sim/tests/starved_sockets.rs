//! Sockets and the handles of tasks are leaves: a wait for one that is owed a poll for long is found, where it can be shown that
//! the wait is still there; and one that was given up, or is its task's own business, is not.

#![cfg(not(loom))]

use std::pin::pin;

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt as _, StreamExt as _, future};
use futures_concurrency::prelude::*;
use reveille::leaf::may_starve;
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::task::Builder;
use reveille::time::{Duration, sleep, timeout};
use reveille::{Failure, FindingKind, JoinHandle, explore, leaf, node, spawn};
use tokio::sync::mpsc;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn fails<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) -> Failure {
    explore().runs(100).run(program).expect_err("the program has a bug that was not found")
}

fn passes<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) {
    explore().runs(100).run(program).expect("a correct program was accused");
}

#[track_caller]
fn says(failure: &Failure, what: &str) {
    let report = failure.to_string();
    assert!(report.contains(what), "the report does not say `{what}`:\n{report}");
}

/// A server that answers each request after a second, and hangs up on who is silent for twenty.
mod pages {
    use super::*;

    pub(super) async fn serve() {
        let listener = node("server").spawn(TcpListener::bind("0.0.0.0:80")).await.unwrap().unwrap();
        drop(Builder::new().name("server").daemon(true).spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(Builder::new().daemon(true).spawn(answer(stream)));
            }
        }));
    }

    async fn answer(mut stream: TcpStream) {
        let mut request = [0];
        while let Ok(Ok(())) = timeout(seconds(20), stream.read_exact(&mut request)).await {
            sleep(seconds(1)).await;
            if stream.write_all(&request).await.is_err() {
                break;
            }
        }
    }

    /// Asks for a page in two parts.
    pub(super) async fn fetch(page: u8) -> std::io::Result<u8> {
        let mut stream = TcpStream::connect("server:80").await?;
        let mut part = [page];
        for _ in 0..2 {
            stream.write_all(&part).await?;
            stream.read_exact(&mut part).await?;
        }
        Ok(page)
    }

    pub(super) async fn file(_page: std::io::Result<u8>) {
        sleep(seconds(60)).await;
    }
}

#[test]
fn connections_of_a_buffered_stream_whose_answers_nobody_reads_are_starved() {
    let failure = fails(|| async {
        pages::serve().await;
        let mut pages = pin!(stream::iter(1..=6).map(pages::fetch).buffer_unordered(3));
        while let Some(page) = pages.next().await {
            pages::file(page).await;
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    says(&failure, "a read of a socket, in the task spawned at sim/tests/starved_sockets.rs:");
    says(&failure, "in starved_sockets::pages::fetch");
    says(&failure, "in starved_sockets::pages::file");
    assert!(failure.place().unwrap().starts_with("sim/tests/starved_sockets.rs:"), "{failure}");
}

#[test]
fn connections_in_tasks_of_their_own_or_polled_together_with_the_body_are_not() {
    passes(|| async {
        pages::serve().await;
        let fetch = |page| spawn(pages::fetch(page)).map(Result::unwrap);
        let mut pages = pin!(stream::iter(1..=6).map(fetch).buffer_unordered(3));
        while let Some(page) = pages.next().await {
            assert!(page.is_ok());
            pages::file(page).await;
        }
    });
    passes(|| async {
        pages::serve().await;
        let (sender, mut receiver) = mpsc::channel(8);
        let fetches = stream::iter(1..=6).map(pages::fetch).buffer_unordered(3).for_each(|page| {
            assert!(page.is_ok());
            let sender = sender.clone();
            async move { sender.send(page).await.unwrap() }
        });
        let files = async {
            for _ in 0..6 {
                pages::file(receiver.recv().await.unwrap()).await;
            }
        };
        (fetches, files).join().await;
    });
}

#[test]
fn a_connection_that_may_starve_does() {
    passes(|| async {
        pages::serve().await;
        let fetch = |page| may_starve("nobody waits for it", pages::fetch(page));
        let mut pages = pin!(stream::iter(1..=3).map(fetch).buffer_unordered(3));
        while let Some(page) = pages.next().await {
            pages::file(page).await;
        }
    });
}

/// Of three children the one that waits to accept, to receive, or to write.
#[test]
fn a_listener_a_datagram_and_room_to_write_are_waited_for_in_the_same_way() {
    async fn accepts() {
        let listener = TcpListener::bind("0.0.0.0:1").await.unwrap();
        let _connection = listener.accept().await.unwrap();
        sleep(seconds(1)).await;
    }
    async fn receives() {
        let socket = UdpSocket::bind("0.0.0.0:2").await.unwrap();
        socket.recv_from(&mut [0]).await.unwrap();
        sleep(seconds(1)).await;
    }
    async fn writes() {
        let mut stream = TcpStream::connect("other:3").await.unwrap();
        stream.write_all(&[0; 200_000]).await.unwrap();
        sleep(seconds(1)).await;
    }
    async fn other() {
        let listener = TcpListener::bind("0.0.0.0:3").await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        sleep(seconds(5)).await;
        let _connection = TcpStream::connect("main:1").await.unwrap();
        UdpSocket::bind("0.0.0.0:0").await.unwrap().send_to(&[1], "main:2").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    for (nth, what) in [(0, "a read of"), (1, "a read of"), (2, "a write of")] {
        let failure = fails(move || async move {
            drop(node("other").spawn(other()));
            sleep(seconds(1)).await;
            // The others go in tasks of their own.
            let children: [future::LocalBoxFuture<'static, ()>; 3] =
                [accepts().boxed_local(), receives().boxed_local(), writes().boxed_local()];
            let mut guilty = FuturesUnordered::new();
            for (at, child) in children.into_iter().enumerate() {
                if at == nth {
                    guilty.push(child);
                } else {
                    drop(spawn(child));
                }
            }
            assert!(timeout(seconds(1), guilty.next()).await.is_err());
            sleep(seconds(100)).await;
            guilty.next().await.unwrap();
        });
        assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf), "{failure}");
        says(&failure, what);
    }
}

/// The mended form: what is held up is the result.
#[test]
fn work_in_tasks_of_its_own_is_not_starved_however_it_is_awaited() {
    async fn work(nth: u8) -> u8 {
        sleep(seconds(nth.into())).await;
        nth
    }
    passes(|| async {
        let mut results =
            pin!(stream::iter(1..=3).map(|nth| async move { spawn(work(nth)).await.unwrap() }).buffer_unordered(3));
        while let Some(result) = results.next().await {
            pages::file(Ok(result)).await;
        }
    });
}

#[test]
fn a_handle_that_is_kept_or_waited_for_now_and_then_is_not() {
    async fn wait_for(task: &mut JoinHandle<()>) -> bool {
        timeout(seconds(1), task).await.is_ok()
    }
    passes(|| async {
        let mut task = spawn(sleep(seconds(5)));
        // Waited for in a call that is over when the task ends.
        while !wait_for(&mut task).await {
            pages::file(Ok(0)).await;
        }
        let kept = spawn(sleep(seconds(5)));
        pages::file(Ok(0)).await;
        kept.await.unwrap();
        drop(spawn(sleep(seconds(1))));
        pages::file(Ok(0)).await;
    });
    // Children of a set, who look after their tasks for a moment, and work.
    passes(|| async {
        let child = |nth: u64| async move {
            let mut task = spawn(sleep(seconds(nth)));
            while !wait_for(&mut task).await {
                sleep(seconds(50)).await;
            }
        };
        let mut children: FuturesUnordered<_> = [40, 70].into_iter().map(child).collect();
        while let Some(()) = children.next().await {}
    });
}

/// A child that looks after its task for a second, and then goes on to something else for `pause`; and the body of the loop over
/// the children, which takes ten seconds when the other child has ended, after forty.
async fn looks_now_and_then(task: Duration, pause: Duration) {
    let child = async move {
        let mut task = spawn(sleep(task));
        while timeout(seconds(1), &mut task).await.is_err() {
            sleep(pause).await;
        }
    };
    let mut children = FuturesUnordered::new();
    children.push(child.boxed_local());
    children.push(sleep(seconds(40)).boxed_local());
    while let Some(()) = children.next().await {
        sleep(seconds(10)).await;
    }
}

/// It was polled after the wake, and is on the list once more when it comes to its task: by what it waited for then.
#[test]
fn a_child_that_was_polled_before_the_long_body_is_not_starved() {
    passes(|| looks_now_and_then(seconds(5), seconds(44)));
}

/// It was on the list while the body went on, and was polled after that.
#[test]
fn a_child_that_was_polled_after_the_long_body_is_not_starved() {
    passes(|| looks_now_and_then(seconds(45), seconds(99)));
}

/// The socket is heard again by somebody else: the child that waited before was dropped, when a datagram had come already.
#[test]
fn a_socket_whose_waiting_child_was_dropped_is_free_for_others() {
    async fn hears(socket: &UdpSocket) {
        socket.recv_from(&mut [0]).await.unwrap();
    }
    passes(|| async {
        let socket = UdpSocket::bind("0.0.0.0:2").await.unwrap();
        let mut children: FuturesUnordered<_> = [hears(&socket)].into_iter().collect();
        assert!(timeout(seconds(1), children.next()).await.is_err());
        UdpSocket::bind("0.0.0.0:0").await.unwrap().send_to(&[1], "main:2").await.unwrap();
        sleep(seconds(1)).await;
        drop(children);
        sleep(seconds(60)).await;
        hears(&socket).await;
    });
}

/// A read that was given up leaves its waker with the socket, which is kept. Each is told from the last by what is polled when.
#[test]
fn a_connection_that_is_looked_at_now_and_then_is_not_starved() {
    async fn message(stream: &mut TcpStream) -> Option<u8> {
        let mut byte = [0];
        timeout(seconds(1), stream.read_exact(&mut byte)).await.ok()?.ok()?;
        Some(byte[0])
    }
    async fn other() {
        let listener = TcpListener::bind("0.0.0.0:3").await.unwrap();
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(Builder::new().daemon(true).spawn(async move {
                sleep(seconds(5)).await;
                let _ = stream.write_all(&[7]).await;
                sleep(seconds(500)).await;
            }));
        }
    }
    async fn look() {
        let mut stream = TcpStream::connect("other:3").await.unwrap();
        loop {
            if let Some(byte) = message(&mut stream).await {
                assert_eq!(byte, 7);
                break;
            }
            pages::file(Ok(0)).await;
        }
    }
    passes(|| async {
        drop(node("other").spawn(other()));
        sleep(seconds(1)).await;
        look().await;
        // The same among the children of a set: they have wakers of their own, and go on by their timers.
        let mut all: FuturesUnordered<_> = (0..3).map(|_| look()).collect();
        while let Some(()) = all.next().await {}
    });
}

#[test]
fn a_connection_that_lies_idle_in_a_pool_is_nobodys_to_poll() {
    passes(|| async {
        pages::serve().await;
        let mut idle = TcpStream::connect("server:80").await.unwrap();
        let mut byte = [1];
        // Given up a moment later; the server hangs up meanwhile, which wakes the waker that was left.
        let _ = timeout(seconds(1), idle.read(&mut byte)).await;
        pages::file(Ok(0)).await;
        assert_eq!(idle.read(&mut byte).await.unwrap(), 0);
    });
}

/// Those of futures-concurrency have lists of their own making.
#[test]
fn of_a_group_that_was_left_behind_the_one_whose_answer_came_is_starved() {
    let failure = fails(|| async {
        pages::serve().await;
        let mut both = pin!((pages::fetch(1), pages::fetch(2)).join());
        assert!(timeout(Duration::from_millis(500), &mut both).await.is_err());
        pages::file(Ok(0)).await;
        let _pages = both.await;
    });
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    says(&failure, "a read of a socket");
}

/// The same without any limit of time: a stall.
#[test]
fn a_futurelock_behind_an_answer_that_nobody_reads() {
    use std::sync::Arc;
    use tokio::sync::Semaphore;

    async fn fetch(page: u8, connections: Arc<Semaphore>) -> u8 {
        let _permit = connections.acquire().await.unwrap();
        pages::fetch(page).await.unwrap()
    }
    let failure = fails(|| async {
        pages::serve().await;
        let connections = Arc::new(Semaphore::new(2));
        let mut pages = pin!(stream::iter(1..=4).map(|page| fetch(page, connections.clone())).buffer_unordered(2));
        while let Some(_page) = pages.next().await {
            // The body needs all of the connections.
            drop(connections.acquire_many(2).await.unwrap());
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::Futurelock), "{failure}");
    says(&failure, "it also owns a future that could go on: a read of a socket");
    says(&failure, "in starved_sockets::pages::fetch");
}

/// In a world whose network has been used for other runs before.
#[test]
fn what_starves_in_some_runs_only_is_found_in_the_first_of_them() {
    let program = || async {
        pages::serve().await;
        let (others, is_busy) = (reveille::choose(4), reveille::choose(4) == 3);
        for page in 0..others {
            pages::fetch(page as u8).await.unwrap();
        }
        let mut pages = pin!(stream::iter(1..=2).map(pages::fetch).buffer_unordered(2));
        while let Some(page) = pages.next().await {
            assert!(page.is_ok() || is_busy);
            sleep(seconds(if is_busy && others == 2 { 60 } else { 1 })).await;
        }
    };
    let failure = explore().runs(500).strategy("random").run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf), "{failure}");
    let report = failure.to_string();
    assert!(!report.contains("(run 0 of") && report.contains("a read of a socket"), "{report}");
}

/// A wait that went with its connection is owed nothing, and has nothing to do with a stall.
#[test]
fn a_connection_that_was_closed_after_its_answer_came_is_no_futurelock() {
    let failure = fails(|| async {
        pages::serve().await;
        let mut pages: FuturesUnordered<_> = (1..=2).map(pages::fetch).collect();
        assert!(timeout(Duration::from_millis(500), pages.next()).await.is_err());
        sleep(seconds(3)).await;
        // Whether the waker in the hands of the network would still be of use is another matter.
        drop(pages);
        let lock = tokio::sync::Mutex::new(());
        let _guard = lock.lock().await;
        drop(lock.lock().await);
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
    assert!(!failure.to_string().contains("it also owns a future"), "{failure}");
}

#[test]
fn what_is_in_a_leaf_is_named_as_the_leaf() {
    let failure = fails(|| async {
        pages::serve().await;
        let mut pages = pin!(stream::iter(1..=2).map(|page| leaf(pages::fetch(page))).buffer_unordered(2));
        while let Some(page) = pages.next().await {
            pages::file(page).await;
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    says(&failure, "the `leaf` made at sim/tests/starved_sockets.rs");
}
