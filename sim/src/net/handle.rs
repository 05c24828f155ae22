//! How a socket finds the network of its run.

use std::task::Waker;
use std::time::Duration;

use reveille_reactor::socket::{Ambient, Handle};
use reveille_reactor::{Interest, Kernel, SocketId};

use crate::context;
use crate::leaf;
use crate::run::{Phase, RunId};

/// The network of a run, as sockets refer to it: by the run's identity, so that they are `Send` and recognise that their
/// run is over.
///
/// It is what [`TcpStream`](super::TcpStream) and the others are made with. Code that is generic over it runs over the
/// sockets of the operating system as well:
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use reveille::net::Simulated;
/// use reveille_reactor::socket::{Handle, TcpListener, TcpStream};
///
/// async fn greet<H: Handle + Unpin>(listener: TcpListener<H>) -> std::io::Result<()> {
///     let (mut stream, _) = listener.accept().await?;
///     stream.write_all(b"hello").await
/// }
///
/// # reveille::explore().runs(10).run(|| async {
/// let listener = TcpListener::<Simulated>::bind("0.0.0.0:80").await?;
/// let server = reveille::spawn(greet(listener));
/// let mut greeting = String::new();
/// TcpStream::<Simulated>::connect("localhost:80").await?.read_to_string(&mut greeting).await?;
/// assert_eq!(greeting, "hello");
/// server.await.unwrap()
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Simulated {
    run: RunId,
    /// It is a replay that follows what becomes of each wait.
    followed: bool,
}

impl Handle for Simulated {
    fn with<R>(&self, call: impl FnOnce(&mut dyn Kernel) -> R) -> Option<R> {
        context::try_with(|run| {
            let alive = run.id() == self.run && run.phase() == Phase::Running;
            if alive { run.network.call(run, call) } else { None }
        })
        .flatten()
    }

    #[inline]
    fn is_followed(&self) -> bool {
        self.followed
    }

    fn attempted(&self, socket: SocketId, interest: Interest, waker: &Waker, waits: bool) {
        context::try_with(|run| {
            if run.id() == self.run && run.phase() == Phase::Running {
                leaf::socket_tried(run, socket, interest, waker, waits);
            }
        });
    }

    fn wait_for_name(&self) -> impl Future<Output = ()> + Send {
        crate::time::sleep(RESOLVER)
    }
}

/// After so long a resolver asks again: that of glibc, unless it is configured.
const RESOLVER: Duration = Duration::from_secs(5);

impl Ambient for Simulated {
    /// `what` is a name in [`net`](crate::net).
    #[track_caller]
    fn current(what: &'static str) -> Self {
        match context::try_with(|run| Self { run: run.id(), followed: leaf::log_of(run).is_some() }) {
            Some(current) => current,
            None => context::missing(&format!("reveille::net::{what}")),
        }
    }
}
