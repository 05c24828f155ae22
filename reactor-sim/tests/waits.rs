//! Who waits for a socket, counted by the wakers that lie there: a wait that is given up leaves none behind and takes nobody
//! else's away, and reader, writer and who waits besides them are woken apart. On both kernels.

#![cfg(all(feature = "futures-io", not(loom)))]

#[macro_use]
#[allow(dead_code, reason = "not every test needs all of it")]
mod world;

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures::AsyncRead;
#[cfg(all(feature = "os", target_os = "linux", target_pointer_width = "64"))]
use reveille_reactor::socket::UnixListener;
use reveille_reactor::socket::{TcpListener, TcpStream, UdpSocket};
use reveille_reactor::{Address, Interest, Kernel, Others, SocketId};
use world::{LOOPBACK, Waiter, World, pair};

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

fn a_socket_that_is_dropped_leaves_no_waker<W: World>(world: &W) {
    let (client, server) = pair(world);
    let (reader, writer) = (Waiter::new(), Waiter::new());
    while writer.write(&client).is_ready() {
        world.settle();
    }
    assert!(reader.read(&client).is_pending());
    assert_eq!((reader.wakers(), writer.wakers()), (1, 1));
    drop(client);
    assert_eq!((reader.wakers(), writer.wakers()), (0, 0));
    drop(server);
    world.settle();
    assert!(!reader.is_woken() && !writer.is_woken());
}

thread_local! {
    /// What a [`Back`] does.
    static BACK: RefCell<Box<dyn Fn()>> = RefCell::new(Box::new(|| {}));
    /// How often one did.
    static TIMES: Cell<u32> = const { Cell::new(0) };
}

/// A waker that goes straight back to the kernel when it is woken, and when it is dropped.
struct Back;

impl Back {
    fn waker() -> Waker {
        Waker::from(Arc::new(Self))
    }

    fn goes() {
        BACK.with(|back| (back.borrow())());
        TIMES.set(TIMES.get() + 1);
    }

    fn count() -> u32 {
        TIMES.get()
    }
}

impl Wake for Back {
    fn wake(self: Arc<Self>) {
        Self::goes();
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        Self::goes();
    }
}

/// Where one is woken or dropped within a lock or a borrow, this hangs or panics.
fn wakers_are_woken_and_dropped_outside_of_everything<W: World>(world: &W) {
    let (client, server) = pair(world);
    let read = || Pin::new(&mut &client).poll_read(&mut Context::from_waker(&Back::waker()), &mut [0; 8]);
    let handle = world.clone();
    BACK.set(Box::new(move || {
        let known = handle.with(|kernel| kernel.lookup("localhost")).expect("the kernel is there");
        assert_eq!(known.unwrap().len(), 1);
    }));
    assert!(read().is_pending());
    assert!(read().is_pending());
    assert_eq!(Back::count(), 1, "the second has taken the place of the first");
    assert_eq!(server.try_write(b"x").unwrap(), 1);
    world.settle();
    assert_eq!(Back::count(), 3, "the second was woken, and has gone");
    assert!(matches!(read(), Poll::Ready(Ok(1))) && Back::count() == 4);
    assert!(read().is_pending());
    let mut byte = [0];
    {
        let mut peek = pin!(client.peek(&mut byte));
        assert!(peek.as_mut().poll(&mut Context::from_waker(&Back::waker())).is_pending());
        assert_eq!(Back::count(), 4);
    }
    assert_eq!(Back::count(), 5, "a wait was given up");
    drop(client);
    assert_eq!(Back::count(), 6, "the socket was closed");
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
        kernel.wait(receiver, Interest::Read, Others::Keep, waiter.waker())
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

on_both_kernels! {
    a_wait_that_is_given_up_leaves_no_waker
    a_wait_that_is_given_up_takes_nobody_elses_away
    reader_writer_and_who_looks_are_woken_apart
    halves_have_a_waker_each
    a_socket_that_is_dropped_leaves_no_waker
    wakers_are_woken_and_dropped_outside_of_everything
    who_is_about_to_wait_misses_nothing
    the_end_that_comes_with_the_last_bytes_is_seen
}

/// A read stops at the urgent mark, with more behind it (tcp(7)), and no other edge comes: that it gave less than it was asked for does not mean
/// that it gave all.
#[cfg(all(feature = "os", target_os = "linux"))]
#[test]
fn what_is_behind_an_urgent_mark_is_read() {
    let os = reveille_reactor::os::Os::new().unwrap();
    let listener = TcpListener::bind_in(os.clone(), SocketAddr::from(LOOPBACK), 4).unwrap();
    let peer = socket2::Socket::from(std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let stream = os.block_on(listener.accept()).unwrap().0;
    let reader = Waiter::new();
    assert!(reader.read(&stream).is_pending());
    peer.send(b"a").unwrap();
    peer.send_out_of_band(b"!").unwrap();
    peer.send(b"b").unwrap();
    World::settle(&os);
    assert!(reader.is_woken());
    for _ in 0..2 {
        assert!(matches!(reader.read(&stream), Poll::Ready(Ok(1))));
    }
    assert!(reader.read(&stream).is_pending());
}

/// A read of a Unix stream stops behind bytes that came with a file descriptor (unix(7)), with more behind them.
#[cfg(all(feature = "os", target_os = "linux", target_pointer_width = "64"))]
#[test]
fn what_is_behind_a_file_descriptor_is_read() {
    use std::os::fd::AsRawFd as _;

    let os = reveille_reactor::os::Os::new().unwrap();
    let path = std::env::temp_dir().join(format!("reveille-waits-{}", std::process::id()));
    let listener = UnixListener::bind_in(os.clone(), &path, 4).unwrap();
    let peer = socket2::Socket::from(std::os::unix::net::UnixStream::connect(&path).unwrap());
    std::fs::remove_file(&path).unwrap();
    let stream = os.block_on(listener.accept()).unwrap().0;
    let reader = Waiter::new();
    assert!(reader.read(&stream).is_pending());
    // The header of a control message: its length, `SOL_SOCKET`, `SCM_RIGHTS`; and the descriptor, filled up to eight bytes.
    let mut control = 20_usize.to_ne_bytes().to_vec();
    control.extend([1, 1, peer.as_raw_fd(), 0].into_iter().flat_map(i32::to_ne_bytes));
    let bytes = [std::io::IoSlice::new(b"a")];
    peer.sendmsg(&socket2::MsgHdr::new().with_buffers(&bytes).with_control(&control), 0).unwrap();
    peer.send(b"b").unwrap();
    World::settle(&os);
    assert!(reader.is_woken());
    for _ in 0..2 {
        assert!(matches!(reader.read(&stream), Poll::Ready(Ok(1))));
    }
    assert!(reader.read(&stream).is_pending());
}
