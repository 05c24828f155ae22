//! Mistakes that people have told of, each in the form that fails and in the form that does not.
//!
//! Most are from the "async vision" stories of the Rust async working group and from the discussions about `select!`; the
//! programs say nothing of cancellation, and what they assert is what their author would.

#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::stream::{self, Stream, StreamExt as _};
use futures_concurrency::stream::Merge as _;
use reveille::cancel::{Ledger, Report, Tracked, audit, cancellable, track};
use reveille::time::{Duration, interval, sleep};
use reveille::{Failure, FindingKind, Passed, Scope, explore, scope, spawn, yield_now};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::{Mutex, mpsc};

fn broken(report: &Report, kind: FindingKind) {
    assert_eq!(report.failure().map(Failure::kind), Some(Some(kind)), "{report}");
}

fn clean<T>(result: Result<T, Failure>) {
    assert!(result.is_ok(), "{}", result.err().unwrap());
}

// A reader advances through a file and hands its lines on, one by one, while something else happens every second.

/// A file of batches of lines.
struct File(VecDeque<Vec<u32>>);

impl File {
    fn new() -> Self {
        Self((0..4).map(|batch| vec![3 * batch, 3 * batch + 1, 3 * batch + 2]).collect())
    }

    async fn read(&mut self) -> Option<Vec<u32>> {
        sleep(Duration::from_millis(300)).await;
        self.0.pop_front()
    }
}

/// Collects slowly, so that the sender has to wait for room.
async fn collect(mut lines: mpsc::Receiver<u32>) -> Vec<u32> {
    let mut all = Vec::new();
    while let Some(line) = lines.recv().await {
        sleep(Duration::from_millis(250)).await;
        all.push(line);
    }
    all
}

#[test]
fn items_are_lost_when_select_drops_the_reader_and_not_when_streams_are_merged() {
    async fn forward(file: &mut File, lines: &mpsc::Sender<u32>) -> bool {
        let Some(batch) = file.read().await else { return false };
        for line in batch {
            lines.send(line).await.unwrap();
        }
        true
    }
    let selecting = explore().run(|| async {
        let (sender, receiver) = mpsc::channel(1);
        let collector = spawn(collect(receiver));
        let (mut file, mut seconds) = (File::new(), interval(Duration::from_secs(1)));
        let mut heartbeats = 0;
        loop {
            tokio::select! {
                biased;
                more = forward(&mut file, &sender) => if !more { break },
                _ = seconds.tick() => heartbeats += 1,
            }
        }
        drop(sender);
        assert!(heartbeats > 0);
        assert_eq!(collector.await.unwrap(), (0..12).collect::<Vec<_>>(), "every line arrives");
    });
    assert_eq!(selecting.unwrap_err().kind(), Some(FindingKind::Panic));

    enum Happens {
        Line,
        End,
        Heartbeat,
    }
    clean(explore().run(|| async {
        let (sender, receiver) = mpsc::channel(1);
        let collector = spawn(collect(receiver));
        let lines = stream::unfold(File::new(), |mut file| async move { Some((file.read().await?, file)) });
        let lines = lines.flat_map(stream::iter).then(move |line| {
            let sender = sender.clone();
            async move { sender.send(line).await.map_or(Happens::End, |()| Happens::Line) }
        });
        let lines = lines.chain(stream::iter([Happens::End]));
        let seconds = stream::unfold(interval(Duration::from_secs(1)), |mut seconds| async move {
            seconds.tick().await;
            Some((Happens::Heartbeat, seconds))
        });
        let mut heartbeats = 0;
        {
            let mut happens = std::pin::pin!((lines, seconds).merge());
            while let Some(happened) = happens.next().await {
                match happened {
                    Happens::Line => {}
                    Happens::Heartbeat => heartbeats += 1,
                    Happens::End => break,
                }
            }
        }
        assert!(heartbeats > 0);
        assert_eq!(collector.await.unwrap(), (0..12).collect::<Vec<_>>(), "every line arrives");
    }));
}

// A state machine takes its state out of a mutex, awaits, and puts it back.

type Machine = Rc<Mutex<Option<Vec<u32>>>>;

#[test]
fn a_state_that_is_taken_out_is_gone_and_one_that_is_worked_on_in_place_stays() {
    async fn work() -> u32 {
        sleep(Duration::from_secs(1)).await;
        7
    }
    let machine = || Machine::new(Mutex::new(Some(Vec::new())));
    let taken_out = audit(|machine: Machine| async move {
        let mut state = machine.lock().await.take().expect("somebody has the state");
        state.push(work().await);
        machine.lock().await.replace(state);
    });
    broken(&taken_out.world(machine).run().unwrap(), FindingKind::Panic);

    let in_place = audit(|machine: Machine| async move {
        let mut state = machine.lock().await;
        let result = work().await;
        state.as_mut().expect("nobody takes it out").push(result);
    });
    in_place.world(machine).run().unwrap().assert_clean();
}

// An async `next` that awaits again when it holds an item, against a stream that keeps the item.

/// Packets, which take a moment to decode.
type Packets = RefCell<VecDeque<Tracked<u32>>>;

fn packets() -> Rc<Packets> {
    Rc::new(RefCell::new([track(0), track(1), track(2)].into()))
}

struct Decoder {
    packets: Rc<Packets>,
    decoding: Option<(Tracked<u32>, Pin<Box<reveille::time::Sleep>>)>,
}

impl Stream for Decoder {
    type Item = Tracked<u32>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.decoding.is_none() {
            let Some(packet) = self.packets.borrow_mut().pop_front() else { return Poll::Ready(None) };
            self.decoding = Some((packet, Box::pin(sleep(Duration::from_secs(1)))));
        }
        if let Some((_, decoded)) = &mut self.decoding {
            std::task::ready!(decoded.as_mut().poll(context));
        }
        Poll::Ready(self.decoding.take().map(|(packet, _)| packet))
    }
}

#[test]
fn an_item_is_lost_by_an_async_next_and_kept_by_a_stream() {
    let async_next = audit(|packets: Rc<Packets>| async move {
        let next = packets.borrow_mut().pop_front();
        if let Some(packet) = next {
            sleep(Duration::from_secs(1)).await;
            packet.settle();
        }
    });
    let report = async_next.world(packets).run().unwrap();
    broken(&report, FindingKind::DroppedValue);
    let text = report.failure().unwrap().to_string();
    assert!(text.contains("made at sim/tests/cancel_stories.rs:") && text.contains("through reveille::time::sleep"));

    let of_stream = audit(|decoder: Rc<RefCell<Decoder>>| async move {
        let packet = std::future::poll_fn(|context| Pin::new(&mut *decoder.borrow_mut()).poll_next(context)).await;
        packet.map(Tracked::settle).is_some()
    });
    let decoder = || Rc::new(RefCell::new(Decoder { packets: packets(), decoding: None }));
    of_stream.world(decoder).run().unwrap().assert_clean();
}

// `send(item)` in a `select!`, against `reserve` and then `send`.

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
        Self { items: Rc::new(RefCell::new((0..4).map(track).collect())), sender }
    }
}

#[test]
fn an_item_is_lost_by_send_and_not_by_reserve() {
    let sending = audit(|Relay { items, sender }: Relay| async move {
        while let Some(item) = { items.borrow_mut().pop_front() } {
            sender.send(item).await.unwrap();
        }
    });
    broken(&sending.world(Relay::new).run().unwrap(), FindingKind::DroppedValue);

    let reserving = audit(|Relay { items, sender }: Relay| async move {
        while !items.borrow().is_empty() {
            let room = sender.reserve().await.unwrap();
            let item = items.borrow_mut().pop_front();
            if let Some(item) = item {
                room.send(item);
            }
        }
    });
    reserving.world(Relay::new).run().unwrap().assert_clean();
}

// `read_exact` in a `select!`: what it had read when it was dropped is gone, and the next frame begins in the middle.

/// A connection on which frames of four bytes arrive in pieces, and what has been read of the next one.
#[derive(Clone)]
struct Connection {
    stream: Rc<Mutex<(DuplexStream, Vec<u8>)>>,
}

impl Connection {
    fn new() -> Self {
        let (mut sender, receiver) = tokio::io::duplex(64);
        let send = async move {
            for piece in [&b"AA"[..], b"AABB", b"BBCC", b"CC"] {
                sleep(Duration::from_secs(1)).await;
                let _ = sender.write_all(piece).await;
            }
            std::future::pending::<()>().await;
        };
        drop(reveille::task::Builder::new().daemon(true).spawn(send));
        Self { stream: Rc::new(Mutex::new((receiver, Vec::new()))) }
    }
}

fn is_whole(frame: &[u8]) -> bool {
    frame.iter().all(|byte| *byte == frame[0])
}

#[test]
fn a_frame_is_torn_by_read_exact_and_not_by_a_buffer_that_stays() {
    let exact = audit(|connection: Connection| async move {
        let (stream, _) = &mut *connection.stream.lock().await;
        let mut frame = [0; 4];
        stream.read_exact(&mut frame).await.unwrap();
        is_whole(&frame)
    });
    let report = exact.world(Connection::new).run().unwrap();
    broken(&report, FindingKind::BrokenByCut);
    assert!(report.failure().unwrap().to_string().contains("ended with `false`"), "{report}");

    let buffered = audit(|connection: Connection| async move {
        let (stream, buffer) = &mut *connection.stream.lock().await;
        while buffer.len() < 4 {
            stream.read_buf(buffer).await.unwrap();
        }
        let frame: Vec<u8> = buffer.drain(..4).collect();
        is_whole(&frame)
    });
    buffered.world(Connection::new).run().unwrap().assert_clean();
}

// Read, await, write: "it has no locks because it is single-threaded".

#[test]
fn an_update_is_lost_between_read_and_write_and_not_within_one_poll() {
    async fn deposit(balance: Rc<Cell<u32>>, at_once: bool) {
        let before = balance.get();
        yield_now().await;
        let before = if at_once { balance.get() } else { before };
        balance.set(before + 10);
    }
    let bank = |at_once| -> Result<Passed, Failure> {
        explore().run(move || async move {
            let balance = Rc::new(Cell::new(0));
            let clerks = [(); 3].map(|()| spawn(deposit(Rc::clone(&balance), at_once)));
            for clerk in clerks {
                clerk.await.unwrap();
            }
            assert_eq!(balance.get(), 30, "a deposit was lost");
        })
    };
    assert_eq!(bank(false).unwrap_err().kind(), Some(FindingKind::Panic));
    clean(bank(true));
}

// A handle with exclusive open, whose destructor closes it in a task that it spawns.

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

#[test]
fn a_database_that_is_closed_by_a_destructor_is_still_open_when_it_is_opened_again() {
    let reopen = |awaited| {
        explore().run(move || async move {
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
        })
    };
    let failure = reopen(false).unwrap_err();
    assert!(failure.to_string().contains("locked") && failure.run() != Some(0), "on some schedules only: {failure}");
    clean(reopen(true));
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

#[test]
fn a_database_that_is_closed_in_a_scope_is_closed_when_the_scope_ends_however_its_user_did() {
    clean(explore().deny_detached().run(|| async {
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
    }));
    // The same with the handle whose destructor spawns: the scope does not wait for that.
    let failure = explore().run(|| async {
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
    assert!(failure.unwrap_err().to_string().contains("locked"));
}

// Graceful shutdown with a ledger: every request that was accepted is answered or written off.

#[test]
fn a_server_that_drains_answers_what_it_accepted() {
    #[derive(Clone)]
    struct Server {
        requests: Rc<RefCell<VecDeque<u32>>>,
        ledger: Ledger,
    }
    let server = || {
        let ledger = Ledger::new("requests");
        ledger.issue(3);
        Server { requests: Rc::new(RefCell::new((0..3).collect())), ledger }
    };
    let balance = |server: Server| async move { server.ledger.balance() };
    let takes_first = audit(|Server { requests, ledger }: Server| async move {
        while let Some(_request) = { requests.borrow_mut().pop_front() } {
            sleep(Duration::from_millis(5)).await;
            ledger.settle(1);
        }
    });
    broken(&takes_first.world(server).then(balance).run().unwrap(), FindingKind::Error);

    let looks_first = audit(|Server { requests, ledger }: Server| async move {
        while !requests.borrow().is_empty() {
            sleep(Duration::from_millis(5)).await;
            requests.borrow_mut().pop_front();
            ledger.settle(1);
        }
    });
    looks_first.world(server).then(balance).run().unwrap().assert_clean();
}
