//! What hyper does by its timer, which is that of the run: nothing else would ever end these connections.

use futures::{AsyncReadExt, AsyncWriteExt};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::rt::Timer;
use hyper::service::service_fn;
use hyper::{Request, Response};
use reveille::net::hyper::{HyperExecutor, HyperTimer};
use reveille::net::{Fault, TcpStream, strikes};
use reveille::time::{Duration, Instant, sleep};
use reveille::{explore, node, spawn};

use super::web::{connect, daemon, ends, start, under_heavy_faults};

const SECOND: Duration = Duration::from_secs(1);

async fn never(_: Request<Incoming>) -> hyper::Result<Response<Empty<Bytes>>> {
    std::future::pending().await
}

/// Sends half a request, and says after how long the server gave up on it.
async fn half_a_request() -> Option<Duration> {
    start(|stream| async move {
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder.timer(HyperTimer::new()).header_read_timeout(10 * SECOND);
        let ended = builder.serve_connection(stream, service_fn(never)).await;
        // Of one that is torn before any of it came hyper thinks nothing.
        assert!(ended.is_err() || strikes().of(Fault::Torn) > 0, "half a request was served");
    })
    .await;
    let (mut stream, since) = (connect().await?, Instant::now());
    stream.write_all(b"GET / HTTP/1.1\r\nhost:").await.ok()?;
    let _ = ends("half a request", stream.read_to_end(&mut Vec::new())).await;
    Some(since.elapsed())
}

/// Asks a server that never answers, and is cut off from it after a minute; both look now and then whether the other is there.
async fn a_cut() {
    async fn serve(stream: TcpStream) {
        let mut builder = hyper::server::conn::http2::Builder::new(HyperExecutor);
        builder.timer(HyperTimer::new()).keep_alive_interval(5 * SECOND).keep_alive_timeout(2 * SECOND);
        let _ = ends("the server's connection", builder.serve_connection(stream, service_fn(never))).await;
    }
    start(serve).await;
    let Some(stream) = connect().await else { return };
    let mut builder = http2::Builder::new(HyperExecutor);
    builder.timer(HyperTimer::new()).keep_alive_interval(5 * SECOND).keep_alive_timeout(2 * SECOND);
    let Ok((mut sender, connection)) = builder.handshake(stream).await else { return };
    daemon("client connection", connection);
    let request = Request::get("http://web/").body(Empty::<Bytes>::new()).unwrap();
    let asked = spawn(async move { sender.send_request(request).await });
    sleep(60 * SECOND).await;
    let lasted = !asked.is_finished();
    reveille::sometimes!(lasted, "a connection lasts while its peer answers");
    node("main").partition(node("web"));
    let since = Instant::now();
    assert!(ends("a request over a link that was cut", asked).await.unwrap().is_err());
    let limit = 8 * SECOND;
    assert!(since.elapsed() < limit, "the peer was missed after {:?}", since.elapsed());
}

#[test]
fn half_a_request_is_given_up_after_its_time() {
    explore()
        .runs(50)
        .run(|| async {
            let after = half_a_request().await.unwrap();
            assert!((10 * SECOND..11 * SECOND).contains(&after), "after {after:?}");
        })
        .unwrap();
}

#[test]
fn half_a_request_under_heavy_faults_is_given_up() {
    under_heavy_faults(half_a_request);
}

#[test]
fn a_peer_that_is_cut_off_is_missed() {
    explore().runs(50).run(a_cut).unwrap();
}

#[test]
fn a_peer_that_is_cut_off_under_heavy_faults_is_missed() {
    under_heavy_faults(a_cut);
}

#[test]
fn the_timer_shows_the_time_of_the_run() {
    explore()
        .runs(10)
        .run(|| async {
            let timer = HyperTimer::new();
            let start = timer.now();
            timer.sleep(3 * SECOND).await;
            assert_eq!(timer.now() - start, 3 * SECOND);
            timer.sleep_until(start + 5 * SECOND).await;
            assert_eq!(timer.now() - start, 5 * SECOND);
            timer.sleep_until(start).await;
            assert_eq!(timer.now() - start, 5 * SECOND);
        })
        .unwrap();
}
