//! Simulated machines: tasks, sockets and open files that live and die together, a disk that survives them, and links that can
//! be cut.
//!
//! ```
//! use std::time::Duration;
//!
//! use futures::{AsyncReadExt, AsyncWriteExt};
//! use reveille::net::{TcpListener, TcpStream};
//! use reveille::{node, time::timeout};
//!
//! reveille::explore()
//!     .runs(100)
//!     .run(|| async {
//!         let db = node("db");
//!         db.start(|| async {
//!             let listener = TcpListener::bind("0.0.0.0:5432").await.unwrap();
//!             while let Ok((mut stream, _)) = listener.accept().await {
//!                 let mut query = [0; 1];
//!                 while stream.read_exact(&mut query).await.is_ok() {
//!                     stream.write_all(&query).await.unwrap();
//!                 }
//!             }
//!         });
//!         reveille::time::sleep(Duration::from_secs(1)).await;
//!
//!         let mut stream = TcpStream::connect("db:5432").await.unwrap();
//!         node("main").partition(db);
//!         stream.write_all(b"?").await.unwrap();
//!         let mut answer = [0; 1];
//!         assert!(timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await.is_err());
//!         node("main").repair(db);
//!         stream.read_exact(&mut answer).await.unwrap(); // TCP sends again what was lost
//!
//!         db.crash();
//!         assert_eq!(stream.read(&mut answer).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
//!     })
//!     .unwrap();
//! ```

mod clock;
mod machines;
mod pause;
mod stop;
mod trouble;

use std::net::IpAddr;
use std::panic::Location;
use std::task::Waker;
use std::time::Duration;

#[cfg(feature = "interpose")]
pub(crate) use clock::EPOCH;
pub(crate) use machines::Machines;
use reveille_reactor::net::{Net, NodeId};
pub use stop::{Killed, Stop, StopRequested, stop_requested};

use crate::context;
use crate::event::{Event, Told};
use crate::run::{Run, RunId};
use crate::task::JoinHandle;

/// The node called `name`, made if there is none. The program starts on the node `main`.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use reveille::node;
///
/// # reveille::explore().runs(10).run(|| async {
/// // The same name is the same machine.
/// assert_eq!(node("db"), node("db"));
/// assert_ne!(node("db").address(), node("main").address());
/// # }).unwrap();
/// ```
#[track_caller]
pub fn node(name: &str) -> Node {
    context::with("reveille::node", |run| {
        let id = run.network.with(run, |net, _, _| net.node(name)).unwrap_or_default();
        Node { id, run: run.id() }
    })
}

/// A simulated machine. Made by [`node`]; see the [module's example](self).
///
/// ```
/// use reveille::node;
///
/// # reveille::explore().runs(10).run(|| async {
/// let db = node("db");
/// let answer = db.spawn(async { 42 });
/// assert_eq!((db.name().as_str(), answer.await.unwrap()), ("db", 42));
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    id: NodeId,
    run: RunId,
}

impl Node {
    /// Calls `f` with the run that the node belongs to.
    #[track_caller]
    fn with<R>(self, what: &'static str, f: impl FnOnce(&Run) -> R) -> R {
        // Not within the closure: the caller would be lost in it.
        match context::with(what, |run| (run.id() == self.run).then(|| f(run))) {
            Some(result) => result,
            None => panic!("`{what}`: the node belongs to a run that is over"),
        }
    }

    /// Its name.
    ///
    /// # Panics
    /// Outside of its run, as all methods do.
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// assert_eq!(reveille::node("db").name(), "db");
    /// # }).unwrap();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn name(self) -> String {
        self.with("Node::name", |run| run.network.name(self.id))
    }

    /// Its address.
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = reveille::node("db");
    /// let found: Vec<_> = reveille::net::lookup_host("db:5432").await.unwrap().collect();
    /// assert_eq!(found, [std::net::SocketAddr::new(db.address(), 5432)]);
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn address(self) -> IpAddr {
        Net::address(self.id)
    }

    /// Spawns a task on this node: what it spawns in turn, its sockets and its view of `localhost` are this node's.
    ///
    /// ```
    /// use reveille::{fs, node};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// // Each node has a disk of its own.
    /// node("db").spawn(fs::write("f", "hello")).await.unwrap().unwrap();
    /// assert!(!fs::try_exists("f").await.unwrap());
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let before = self.with("Node::spawn", |run| run.nodes.spawn_on(Some(self.id)));
        let handle = crate::task::spawn(future);
        self.with("Node::spawn", |run| run.nodes.spawn_on(before));
        handle
    }

    /// Spawns the future that `program` makes, and does so again at every [`restart`](Self::restart), and after a crash that is a
    /// [fault](crate::guide::faults). The handle is that of the first of these tasks, and says that it was cancelled if the node crashes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille::{node, time::sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let running = node("db").start(|| async { sleep(Duration::from_secs(60)).await });
    /// sleep(Duration::from_secs(1)).await;
    /// node("db").crash();
    /// assert!(running.await.unwrap_err().is_cancelled());
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn start<F, Fut>(self, program: F) -> JoinHandle<()>
    where
        F: Fn() -> Fut + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        let start = move || -> machines::Boxed { Box::pin(program()) };
        let (handle, site) = (self.spawn(start()), Location::caller());
        self.with("Node::start", |run| {
            run.nodes.trouble.leave(self.id);
            run.nodes.remember(self.id, Box::new(start), site, handle.abort_handle());
        });
        handle
    }

    /// Kills everything that runs on this node: its tasks are cancelled, never to be polled again, its listeners are gone, its
    /// connections reset. The machine itself stays on the network, and refuses connections. To lose the machine as well,
    /// cut its links.
    ///
    /// Its disk survives, as after a loss of power: what was not synced is lost, kept or torn, as the run chooses; see
    /// [`fs`](crate::fs).
    ///
    /// ```
    /// use reveille::node;
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = node("db");
    /// let task = db.spawn(std::future::pending::<()>());
    /// db.crash();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// assert_eq!(db.spawn(async { 42 }).await.unwrap(), 42); // the machine is still there
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn crash(self) {
        self.with("Node::crash", |run| {
            run.nodes.trouble.leave(self.id);
            run.crash(self.id);
            run.end_if_refused();
        });
    }

    /// [Crashes](Self::crash) the node and runs its [`start`](Self::start) program anew.
    ///
    /// # Panics
    /// If it was never given one.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc, time::Duration};
    /// use reveille::{node, time::sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let started = Rc::new(Cell::new(0));
    /// let count = started.clone();
    /// node("db").start(move || {
    ///     count.set(count.get() + 1);
    ///     sleep(Duration::from_secs(60))
    /// });
    /// sleep(Duration::from_secs(1)).await;
    /// node("db").restart();
    /// assert_eq!(started.get(), 2);
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn restart(self) -> JoinHandle<()> {
        self.crash();
        let start = self.with("Node::restart", |run| run.nodes.program(self.id));
        let Some((start, _)) = start else {
            panic!("`{}` cannot be restarted: give it a program with `start` first", self.name())
        };
        let handle = self.spawn(start());
        self.with("Node::restart", |run| run.nodes.started(self.id, handle.abort_handle()));
        handle
    }

    /// Cuts the links to `other`, both ways. Streams send again until they give up, after a quarter of an hour; datagrams
    /// are lost.
    ///
    /// ```
    /// use reveille::{net::TcpStream, node, time::{Duration, timeout}};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = node("db");
    /// node("main").partition(db);
    /// assert!(timeout(Duration::from_secs(1), TcpStream::connect("db:1")).await.is_err());
    /// node("main").repair(db);
    /// let refused = TcpStream::connect("db:1").await.unwrap_err(); // nobody listens there
    /// assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn partition(self, other: Self) {
        self.cut_to(other);
        other.cut_to(self);
    }

    /// Cuts the link from here to `other`; what `other` sends still arrives.
    ///
    /// ```
    /// use reveille::{net::UdpSocket, node, time::{Duration, timeout}};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let (main, db) = (node("main"), node("db"));
    /// main.cut_to(db);
    /// let (here, there) = (UdpSocket::bind("0.0.0.0:7").await?, db.spawn(UdpSocket::bind("0.0.0.0:7")).await.unwrap()?);
    /// here.send_to(b"?", "db:7").await?;
    /// there.send_to(b"!", "main:7").await?;
    /// let mut byte = [0];
    /// here.recv_from(&mut byte).await?;
    /// assert_eq!(&byte, b"!");
    /// assert!(timeout(Duration::from_secs(1), there.recv_from(&mut byte)).await.is_err());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn cut_to(self, other: Self) {
        self.with("Node::cut_to", |run| run.network.with(run, |net, now, _| net.cut(now, self.id, other.id)));
    }

    /// Mends the links to `other`, both ways, whether [`partition`](Self::partition) or [`cut_to`](Self::cut_to) has cut them.
    ///
    /// ```
    /// use futures::AsyncWriteExt;
    /// use reveille::{net::{TcpListener, TcpStream}, node, time::{Duration, sleep}};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = node("db");
    /// let listener = db.spawn(TcpListener::bind("0.0.0.0:1")).await.unwrap()?;
    /// let mut stream = TcpStream::connect("db:1").await?;
    /// let (server, _) = listener.accept().await?;
    /// node("main").partition(db);
    /// stream.write_all(b"?").await?;
    /// sleep(Duration::from_secs(60)).await;
    /// node("main").repair(db);
    /// let mut query = [0];
    /// futures::AsyncReadExt::read_exact(&mut &server, &mut query).await?; // TCP sends again what was lost
    /// assert_eq!(&query, b"?");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn repair(self, other: Self) {
        self.with("Node::repair", |run| {
            run.network.with(run, |net, _, _| {
                net.repair(self.id, other.id);
                net.repair(other.id, self.id);
            })
        });
    }

    /// Keeps all that is sent between here and `other`, both ways, until it is [released](Self::release).
    ///
    /// ```
    /// use reveille::{net::UdpSocket, node, time::{Duration, timeout}};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = node("db");
    /// let (here, there) = (UdpSocket::bind("0.0.0.0:7").await?, db.spawn(UdpSocket::bind("0.0.0.0:7")).await.unwrap()?);
    /// node("main").hold(db);
    /// here.send_to(b"?", "db:7").await?;
    /// let mut byte = [0];
    /// assert!(timeout(Duration::from_secs(60), there.recv_from(&mut byte)).await.is_err());
    /// node("main").release(db);
    /// there.recv_from(&mut byte).await?; // it was kept, not lost
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn hold(self, other: Self) {
        self.with("Node::hold", |run| {
            run.network.with(run, |net, _, _| {
                net.hold(self.id, other.id);
                net.hold(other.id, self.id);
            })
        });
    }

    /// Lets what was [held](Self::hold) arrive.
    ///
    /// ```
    /// use reveille::{net::UdpSocket, node, time::{Duration, Instant, sleep}};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = node("db");
    /// let (here, there) = (UdpSocket::bind("0.0.0.0:7").await?, db.spawn(UdpSocket::bind("0.0.0.0:7")).await.unwrap()?);
    /// node("main").hold(db);
    /// here.send_to(b"one", "db:7").await?;
    /// here.send_to(b"two", "db:7").await?;
    /// sleep(Duration::from_secs(60)).await;
    /// node("main").release(db);
    /// let start = Instant::now();
    /// for _ in 0..2 {
    ///     there.recv_from(&mut [0; 3]).await?; // both arrive
    /// }
    /// assert!(start.elapsed() < Duration::from_secs(1));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn release(self, other: Self) {
        self.with("Node::release", |run| {
            run.network.with(run, |net, now, _| {
                net.release(now, self.id, other.id);
                net.release(now, other.id, self.id);
            })
        });
    }

    /// Lets no operation on files complete on this node, until its disk is [released](Self::release_disk).
    ///
    /// ```
    /// use reveille::{fs, node, time::timeout};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// node("main").stall_disk();
    /// assert!(timeout(std::time::Duration::from_secs(60), fs::write("f", "late")).await.is_err());
    /// node("main").release_disk();
    /// assert_eq!(fs::metadata("f").await?.len(), 0); // the file was made, and nobody was there to write to it
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn stall_disk(self) {
        self.with("Node::stall_disk", |run| run.disks.stall(run, self.id));
    }

    /// Undoes [`stall_disk`](Self::stall_disk): what is late by now is done at once.
    ///
    /// ```
    /// use reveille::{fs, node, spawn, time::{Duration, sleep}};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// node("main").stall_disk();
    /// let saved = spawn(fs::write("f", "late"));
    /// sleep(Duration::from_secs(60)).await;
    /// assert!(!saved.is_finished());
    /// node("main").release_disk();
    /// saved.await.unwrap()?;
    /// assert_eq!(fs::read("f").await?, b"late");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn release_disk(self) {
        self.with("Node::release_disk", |run| run.disks.release(run, self.id));
    }

    /// Sets how many bytes of files fit on this node's disk, in sectors of 512; without limit at first. What does not fit is
    /// `StorageFull`, and a write that fits in part is short. What is there already stays.
    ///
    /// ```
    /// use reveille::{fs, node};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// node("main").set_disk_capacity(1024);
    /// assert_eq!(fs::write("f", [0; 2000]).await.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    /// assert_eq!(fs::metadata("f").await?.len(), 1024);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn set_disk_capacity(self, bytes: u64) {
        self.with("Node::set_disk_capacity", |run| run.disks.set_capacity(run, self.id, bytes));
    }

    /// Lets `lost` of `of` packets between here and `other` be lost, both ways, with or without [faults](crate::Explore::faults): how
    /// often that comes is up to the strategy of the run, and seed 0 loses none. Streams send again, datagrams are gone. 0 of 1,
    /// or [`heal`](crate::net::heal), ends it.
    ///
    /// ```
    /// use reveille::{net::UdpSocket, node, time::{Duration, timeout}};
    ///
    /// reveille::explore()
    ///     .run(|| async {
    ///         let db = node("db");
    ///         node("main").set_loss(db, 1, 4);
    ///         let there = db.spawn(UdpSocket::bind("0.0.0.0:7")).await.unwrap()?;
    ///         let here = UdpSocket::bind("0.0.0.0:0").await?;
    ///         here.send_to(b"?", "db:7").await?;
    ///         let heard = timeout(Duration::from_secs(1), there.recv_from(&mut [0])).await.is_ok();
    ///         reveille::sometimes!(heard, "heard");
    ///         reveille::sometimes!(!heard, "lost");
    ///         std::io::Result::Ok(())
    ///     })
    ///     .unwrap();
    /// ```
    ///
    /// # Panics
    /// If `lost` is more than `of`.
    #[track_caller]
    pub fn set_loss(self, other: Self, lost: u32, of: u32) {
        assert!(lost <= of, "a link cannot lose {lost} of {of} packets");
        self.with("Node::set_loss", |run| {
            run.network.with(run, |net, _, _| {
                net.set_loss(self.id, other.id, lost, of);
                net.set_loss(other.id, self.id, lost, of);
            })
        });
    }

    /// Sets the usual time between here and `other`, both ways; 1 ms unless set. A packet takes that, twice or ten times as
    /// long.
    ///
    /// ```
    /// use reveille::{net::TcpStream, node, time::{Duration, Instant}};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = node("db");
    /// node("main").set_latency(db, Duration::from_millis(50));
    /// let start = Instant::now();
    /// TcpStream::connect("db:1").await.unwrap_err(); // there and back, to be refused
    /// assert!(start.elapsed() >= Duration::from_millis(100));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn set_latency(self, other: Self, latency: Duration) {
        self.with("Node::set_latency", |run| {
            run.network.with(run, |net, _, _| {
                net.set_latency(self.id, other.id, latency);
                net.set_latency(other.id, self.id, latency);
            })
        });
    }
}

impl Run {
    /// Kills what runs on a node: see [`Node::crash`]. Also between polls. Returns how many tasks that were.
    fn crash(&self, node: NodeId) -> usize {
        self.resume(node);
        self.tell_of_node(node, "crashes");
        self.network.with(self, |net, now, fabric| net.crash(now, node, fabric));
        let tasks = self.nodes.alive(node);
        for task in self.nodes.take_tasks(node) {
            self.cancel.crashes(task.id());
            task.abort();
        }
        self.disks.crash(self, node);
        self.nodes.stops.end(node, tasks).into_iter().for_each(Waker::wake);
        tasks
    }

    /// All tasks of a node that was told to stop have ended, and so has its process: what sockets others have of it are gone.
    fn has_stopped(&self, node: NodeId) {
        self.tell_of_node(node, "has stopped");
        self.network.with(self, |net, now, fabric| net.crash(now, node, fabric));
        self.nodes.stops.end(node, 0).into_iter().for_each(Waker::wake);
    }

    /// Tells onlookers what happens to a node.
    fn tell_of_node(&self, node: NodeId, what: &str) {
        if self.watch.is_some() {
            self.emit(Event::Node { what: Told::new(&format!("`{}` {what}", self.network.name(node))) });
        }
    }
}
