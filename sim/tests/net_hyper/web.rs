//! What the tests share: a server's node, connections to it, bodies whose every byte has its place, and which faults struck.

use std::sync::{Arc, Mutex};

use hyper::body::Bytes;
use reveille::net::{Fault, Faults, Strikes, TcpListener, TcpStream};
use reveille::time::{Duration, sleep, timeout};
use reveille::{Passed, explore, node, task};

/// How many seeds each test takes. The full thousand needs an optimised build to be quick.
pub(crate) const RUNS: u64 = if cfg!(debug_assertions) { 200 } else { 1_000 };

/// Longer than anything here takes, whatever strikes: who waits so long waits for ever.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// What comes of `future`.
///
/// # Panics
/// If it hangs.
pub(crate) async fn ends<F: Future>(what: &str, future: F) -> F::Output {
    match timeout(FOR_EVER, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what} hangs"),
    }
}

/// Spawns what may be alive when the run ends.
pub(crate) fn daemon(name: &'static str, future: impl Future<Output: 'static> + 'static) {
    drop(task::Builder::new().name(name).daemon(true).spawn(future));
}

/// Listens on port 80 of the node `web`, and serves each connection in a task of its own until the run ends.
pub(crate) async fn start<Fut>(serve: impl Fn(TcpStream) -> Fut + 'static)
where
    Fut: Future<Output: 'static> + 'static,
{
    drop(node("web").spawn(async move {
        let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
        daemon("server", async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A connection that was torn is an error to the server, as anywhere.
                daemon("connection", serve(stream));
            }
        });
    }));
    sleep(Duration::from_millis(1)).await;
}

/// A connection to that server, unless a fault is against it.
pub(crate) async fn connect() -> Option<TcpStream> {
    ends("connecting", TcpStream::connect("web:80")).await.ok()
}

/// The bytes from `from` to `to` of body `number`: no piece is like another, nor like that of another body.
pub(crate) fn bytes(number: usize, from: usize, to: usize) -> Bytes {
    let byte = |at: usize| ((at * 31 + number * 7_919).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8;
    (from..to).map(byte).collect()
}

/// Explores `program` under heavy faults, and sees to it that each sort that can strike a stream did.
#[track_caller]
pub(crate) fn under_heavy_faults<Fut>(program: impl Fn() -> Fut + Sync) -> Passed
where
    Fut: Future<Output: 'static> + 'static,
{
    let strikes = Arc::new(Mutex::new(Strikes::default()));
    let passed = explore()
        .runs(RUNS)
        .faults("heavy")
        .run(|| {
            let (program, strikes) = (program(), strikes.clone());
            async move {
                program.await;
                strikes.lock().unwrap().add(&reveille::net::strikes());
            }
        })
        .unwrap();
    let strikes = strikes.lock().unwrap();
    println!("in {} runs struck: {strikes}", passed.runs);
    // Fewer were asked for by the environment.
    if passed.runs >= RUNS {
        for fault in of_streams() {
            assert!(strikes.of(fault) > 0, "{fault:?} never struck");
        }
    }
    passed
}

/// The faults that can strike a stream: a datagram alone can come twice.
fn of_streams() -> impl Iterator<Item = Fault> {
    let others = |fault: &Fault| *fault == Fault::Twice || fault.is_of_files() || fault.is_of_nodes();
    Faults::HEAVY.sorts().filter(move |fault| !others(fault))
}
