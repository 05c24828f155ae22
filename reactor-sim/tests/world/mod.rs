//! Both kernels for tests of sockets, each of which a test can let do what it has to, and somebody who waits.

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
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
use reveille_reactor::socket::{Handle, TcpListener, TcpStream};
use reveille_reactor::{Instant, Kernel};

/// A test of each function on each kernel.
macro_rules! on_both_kernels {
    ($($name:ident)*) => {
        mod simulated {
            $(#[test] fn $name() { super::$name(&crate::world::Simulated::default()); })*
        }

        #[cfg(feature = "os")]
        mod real {
            $(#[test] fn $name() { super::$name(&reveille_reactor::os::Os::new().unwrap()); })*
        }
    };
}

/// A kernel that a test can let do what it has to.
pub(crate) trait World: Handle + Debug + 'static {
    /// Lets everything happen that is under way.
    fn settle(&self);
}

/// The simulated kernel, with a clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Simulated(Rc<(RefCell<Net>, Cell<Instant>)>);

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
pub(crate) struct Waiter(Arc<Flag>);

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Waiter {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Flag(AtomicBool::new(false))))
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    pub(crate) fn poll<F: Future + ?Sized>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        let waker = self.waker();
        future.poll(&mut Context::from_waker(&waker))
    }

    pub(crate) fn read<S: AsyncRead + Unpin>(&self, mut stream: S) -> Poll<io::Result<usize>> {
        let waker = self.waker();
        Pin::new(&mut stream).poll_read(&mut Context::from_waker(&waker), &mut [0; 16 * 1024])
    }

    pub(crate) fn write<S: AsyncWrite + Unpin>(&self, mut stream: S) -> Poll<io::Result<usize>> {
        let waker = self.waker();
        Pin::new(&mut stream).poll_write(&mut Context::from_waker(&waker), &[7; 16 * 1024])
    }

    /// How many of its wakers lie somewhere.
    pub(crate) fn wakers(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.0.0.load(Ordering::Acquire)
    }
}

pub(crate) const LOOPBACK: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

pub(crate) fn pair<W: World>(world: &W) -> (TcpStream<W>, TcpStream<W>) {
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

/// The outcome of `future`, which is polled only when it was woken.
pub(crate) fn complete<W: World, F: Future>(world: &W, future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..100 {
        let waiter = Waiter::new();
        if let Poll::Ready(output) = waiter.poll(future.as_mut()) {
            return output;
        }
        world.settle();
        assert!(waiter.is_woken(), "nobody wakes who waits");
    }
    panic!("it is woken time and again, and never ends")
}
