//! Who waits for a socket, counted by the wakers that lie there: a wait that is given up leaves none behind and takes nobody
//! else's away, and reader, writer and who waits besides them are woken apart. On both kernels.

#![cfg(all(feature = "futures-io", not(loom)))]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::{AsyncRead, AsyncWrite};
use reveille_executor::{Choose, Point};
use reveille_reactor::net::{Honest, Net};
use reveille_reactor::socket::{Handle, TcpListener, TcpStream, UdpSocket};
use reveille_reactor::{Address, Instant, Interest, Kernel, Others, SocketId};

/// A kernel that a test can let do what it has to.
trait World: Handle {
    /// Lets everything happen that is under way.
    fn settle(&self);
}

/// The simulated kernel, with a clock.
#[derive(Clone, Default)]
struct Simulated(Rc<(RefCell<Net>, Cell<Instant>)>);

struct Dullest;

impl Choose for Dullest {
    fn choose(&mut self, _: Point<'_>) -> u32 {
        0
    }
}

impl Simulated {
    fn on_net<R>(&self, work: impl FnOnce(&mut Net, Instant, &mut Honest<'_, Dullest>) -> R) -> R {
        let mut net = self.0.0.borrow_mut();
        let result = work(&mut net, self.0.1.get(), &mut Honest { choose: &mut Dullest });
        let wakers = net.take_wakers();
        drop(net);
        wakers.wake.into_iter().for_each(Waker::wake);
        drop(wakers.discard);
        result
    }
}

impl Handle for Simulated {
    fn with<R>(&self, call: impl FnOnce(&mut dyn Kernel) -> R) -> Option<R> {
        Some(self.on_net(|net, now, honest| {
            let node = net.node("main");
            call(&mut net.calls(now, node, honest))
        }))
    }
}

impl World for Simulated {
    fn settle(&self) {
        while let Some(next) = self.on_net(|net, _, _| net.next_event()) {
            self.0.1.set(next);
            self.on_net(|net, now, honest| net.advance(now, honest));
        }
    }
}

#[cfg(feature = "os")]
impl World for reveille_reactor::os::Os {
    fn settle(&self) {
        // A loopback needs no more than a moment; a turn that finds nothing ends by itself.
        for _ in 0..5 {
            self.turn(Some(std::time::Duration::from_millis(4))).expect("the reactor turns");
        }
    }
}

/// Somebody who waits.
#[derive(Clone)]
struct Waiter(Arc<Flag>);

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Waiter {
    fn new() -> Self {
        Self(Arc::new(Flag(AtomicBool::new(false))))
    }

    fn poll<F: Future + ?Sized>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.0));
        future.poll(&mut Context::from_waker(&waker))
    }

    fn read<S: AsyncRead + Unpin>(&self, mut stream: S) -> Poll<io::Result<usize>> {
        let waker = Waker::from(Arc::clone(&self.0));
        Pin::new(&mut stream).poll_read(&mut Context::from_waker(&waker), &mut [0; 16 * 1024])
    }

    fn write<S: AsyncWrite + Unpin>(&self, mut stream: S) -> Poll<io::Result<usize>> {
        let waker = Waker::from(Arc::clone(&self.0));
        Pin::new(&mut stream).poll_write(&mut Context::from_waker(&waker), &[7; 16 * 1024])
    }

    /// How many of its wakers lie somewhere.
    fn wakers(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }

    fn is_woken(&self) -> bool {
        self.0.0.load(Ordering::Acquire)
    }
}

const LOOPBACK: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

fn pair<W: World>(world: &W) -> (TcpStream<W>, TcpStream<W>) {
    let waiter = Waiter::new();
    let listener = TcpListener::bind_in(world.clone(), SocketAddr::from(LOOPBACK), 4).unwrap();
    let address = listener.local_addr().unwrap();
    let mut connect = pin!(TcpStream::connect_in(world.clone(), address));
    let begun = waiter.poll(connect.as_mut());
    world.settle();
    let Poll::Ready(client) = (if begun.is_ready() { begun } else { waiter.poll(connect) }) else {
        panic!("no connection")
    };
    let Poll::Ready(accepted) = waiter.poll(pin!(listener.accept())) else { panic!("nobody to accept") };
    (client.unwrap(), accepted.unwrap().0)
}

fn a_wait_that_is_given_up_leaves_no_waker<W: World>(world: &W) {
    let (client, _server) = pair(world);
    let listener = TcpListener::bind_in(world.clone(), SocketAddr::from(LOOPBACK), 4).unwrap();
    let datagrams = UdpSocket::bind_in(world.clone(), SocketAddr::from(LOOPBACK)).unwrap();
    let waiters = [(); 3].map(|()| Waiter::new());
    let (mut one, mut other, mut third) = ([0; 8], [0; 8], [0; 8]);
    {
        let accepts = [(); 3].map(|()| Box::pin(listener.accept()));
        let mut receives = pin!(datagrams.recv_from(&mut one));
        let mut looks = pin!(datagrams.peek_from(&mut other));
        let mut peeks = pin!(client.peek(&mut third));
        for (waiter, mut accept) in waiters.iter().zip(accepts) {
            assert!(waiter.poll(accept.as_mut()).is_pending());
            // Polled again it waits no more than once.
            assert!(waiter.poll(accept.as_mut()).is_pending());
            assert_eq!(waiter.wakers(), 1);
            drop(accept);
            assert_eq!(waiter.wakers(), 0, "a waker of an accept that was given up");
            assert!(waiter.poll(receives.as_mut()).is_pending());
            assert!(waiter.poll(looks.as_mut()).is_pending());
            assert!(waiter.poll(peeks.as_mut()).is_pending());
            assert_eq!(waiter.wakers(), 3);
        }
        // Each of them waits with its last waker only.
        assert_eq!(waiters.iter().map(Waiter::wakers).collect::<Vec<_>>(), [0, 0, 3]);
    }
    assert!(waiters.iter().all(|waiter| waiter.wakers() == 0), "wakers of receives that were given up");
}

fn a_wait_that_is_given_up_takes_nobody_elses_away<W: World>(world: &W) {
    let listener = TcpListener::bind_in(world.clone(), SocketAddr::from(LOOPBACK), 4).unwrap();
    let address = listener.local_addr().unwrap();
    // One task waits twice, another once: the second of all three is given up, then the first.
    let (twice, once) = (Waiter::new(), Waiter::new());
    let (mut first, mut second, mut third) =
        (Box::pin(listener.accept()), Box::pin(listener.accept()), Box::pin(listener.accept()));
    assert!(twice.poll(first.as_mut()).is_pending() && once.poll(third.as_mut()).is_pending());
    assert!(twice.poll(second.as_mut()).is_pending());
    assert_eq!((twice.wakers(), once.wakers()), (2, 1));
    drop(third);
    assert_eq!((twice.wakers(), once.wakers()), (2, 0));
    drop(first);
    assert_eq!((twice.wakers(), once.wakers()), (1, 0));
    let client = Waiter::new();
    let mut connect = pin!(TcpStream::connect_in(world.clone(), address));
    let _ = client.poll(connect.as_mut());
    world.settle();
    assert!(twice.is_woken() && !once.is_woken());
    assert!(twice.poll(second.as_mut()).is_ready());
    assert_eq!(twice.wakers(), 0);
}

fn reader_writer_and_who_looks_are_woken_apart<W: World>(world: &W) {
    let (client, server) = pair(world);
    let (reader, writer, looker) = (Waiter::new(), Waiter::new(), Waiter::new());
    while writer.write(&client).is_ready() {
        world.settle();
    }
    let mut byte = [0];
    let mut look = pin!(client.peek(&mut byte));
    assert!(looker.poll(look.as_mut()).is_pending());
    assert!(reader.read(&client).is_pending() && reader.read(&client).is_pending());
    assert_eq!([&reader, &writer, &looker].map(Waiter::wakers), [1; 3], "one took another's place");

    assert_eq!(server.try_write(b"x").unwrap(), 1);
    world.settle();
    assert!(reader.is_woken() && looker.is_woken() && !writer.is_woken());
    assert!(looker.poll(look).is_ready() && matches!(reader.read(&client), Poll::Ready(Ok(1))));

    while let Ok(count) = server.try_read(&mut vec![0; 1 << 20]) {
        assert!(count > 0);
        world.settle();
    }
    assert!(writer.is_woken());
    assert!(writer.write(&client).is_ready());
}

/// One has found nothing, and is about to wait. Two datagrams come, of which another takes the first: edges are told once, and who is
/// about to wait is not to miss the second.
fn who_is_about_to_wait_misses_nothing<W: World>(world: &W) {
    let call = |call: &mut dyn FnMut(&mut dyn Kernel) -> io::Result<SocketId>| world.with(call).unwrap().unwrap();
    let [sender, receiver] = [(); 2].map(|()| call(&mut |kernel| kernel.bind_datagram(LOOPBACK.into())));
    let receive = || world.with(|kernel| kernel.receive(receiver, &mut [0; 8], false)).unwrap();
    assert_eq!(receive().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    world.with(|kernel| {
        let Ok(Address::Internet(to)) = kernel.local_address(receiver) else { panic!("expected an address") };
        (0..2).for_each(|_| assert_eq!(kernel.send(sender, b"x", Some(to)).unwrap(), 1));
    });
    world.settle();
    assert!(receive().is_ok());
    let waiter = Waiter::new();
    world.with(|kernel| {
        assert!(!kernel.is_known_to_wait(receiver, Interest::Read));
        kernel.wait(receiver, Interest::Read, Others::Keep, Waker::from(Arc::clone(&waiter.0)))
    });
    assert!(waiter.is_woken() && receive().is_ok());
}

/// Both come as one edge, and the bytes are fewer than there is room for.
fn the_end_that_comes_with_the_last_bytes_is_seen<W: World>(world: &W) {
    let (client, server) = pair(world);
    let reader = Waiter::new();
    assert!(reader.read(&client).is_pending());
    assert_eq!(server.try_write(b"x").unwrap(), 1);
    drop(server);
    world.settle();
    assert!(reader.is_woken());
    assert!(matches!(reader.read(&client), Poll::Ready(Ok(1))));
    assert!(matches!(reader.read(&client), Poll::Ready(Ok(0))));
}

/// The halves of one stream in two tasks: each has its waker, and closing wakes both.
fn halves_have_a_waker_each<W: World>(world: &W) {
    let (client, server) = pair(world);
    let (reader, writer) = (Waiter::new(), Waiter::new());
    let (mut read_half, mut write_half) = client.into_split();
    while writer.write(&mut write_half).is_ready() {
        world.settle();
    }
    assert!(reader.read(&mut read_half).is_pending());
    // Each task polls several times, in turn, as under an executor that wakes for nothing.
    assert!(writer.write(&mut write_half).is_pending() && reader.read(&mut read_half).is_pending());
    assert_eq!((reader.wakers(), writer.wakers()), (1, 1));
    drop(server);
    world.settle();
    assert!(reader.is_woken() && writer.is_woken());
}

macro_rules! on_both_kernels {
    ($($name:ident)*) => {
        mod simulated {
            $(#[test] fn $name() { super::$name(&super::Simulated::default()); })*
        }

        #[cfg(feature = "os")]
        mod real {
            $(#[test] fn $name() { super::$name(&reveille_reactor::os::Os::new().unwrap()); })*
        }
    };
}

on_both_kernels! {
    a_wait_that_is_given_up_leaves_no_waker
    a_wait_that_is_given_up_takes_nobody_elses_away
    reader_writer_and_who_looks_are_woken_apart
    halves_have_a_waker_each
    who_is_about_to_wait_misses_nothing
    the_end_that_comes_with_the_last_bytes_is_seen
}
