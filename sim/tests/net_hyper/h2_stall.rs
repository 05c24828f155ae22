//! A stall that the test of streaming bodies found in the crate h2 (0.4.20, with hyper 1.12.0), made small, and its cause read there.
//!
//! A client may send before it has seen the server's settings: up to 65,535 bytes a stream. If the server's window is smaller, the
//! settings take what was sent too much from the client's window, which is then none; the server should give it back once the data was
//! read. But h2 asks itself whether to give back only when data is read, and then by the old window: what was read is less than half
//! of that, and is kept for later. When the settings are acknowledged it should ask again, and does not
//! (`Recv::apply_local_settings`). No more data comes, so nobody ever asks. nghttp2 had the same mistake, and mended it in its pull request 1680.
//!
//! hyper's servers begin with a window of 1 MiB: only who makes it less than 65,535 meets this.

use std::io;

use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use reveille::net::hyper::{HyperExecutor, HyperTimer};
use reveille::time::{Duration, sleep};
use reveille::{FindingKind, explore, spawn};

use super::web::{connect, daemon, start};

/// An upload of twice 20,000 bytes, with a rest between them, to a server whose streams begin with `window`.
async fn upload(window: u32) -> hyper::Result<usize> {
    start(move |stream| {
        let mut builder = hyper::server::conn::http2::Builder::new(HyperExecutor);
        builder.timer(HyperTimer::new()).auto_date_header(false).initial_stream_window_size(window);
        let count = async |request: Request<Incoming>| {
            let length = request.into_body().collect().await?.to_bytes().len();
            hyper::Result::Ok(Response::builder().header("length", length).body(Empty::<Bytes>::new()).unwrap())
        };
        builder.serve_connection(stream, service_fn(count))
    })
    .await;
    let stream = connect().await.unwrap();
    let (mut sender, connection) = http2::handshake(HyperExecutor, stream).await?;
    daemon("client connection", connection);
    let (mut pieces, body) = Channel::<Bytes, io::Error>::new(1);
    drop(spawn(async move {
        for _ in 0..2 {
            let _ = pieces.send_data(vec![0; 20_000].into()).await;
            sleep(Duration::from_millis(100)).await;
        }
    }));
    let response = sender.send_request(Request::post("http://web/").body(body).unwrap()).await?;
    Ok(response.headers()["length"].to_str().unwrap().parse().unwrap())
}

#[test]
fn an_upload_to_a_server_with_a_small_window_stalls_and_is_found() {
    let failure = explore().run(|| async { upload(16_384).await.map(drop) }).unwrap_err();
    // If it passes: h2 was mended, and small windows belong into the tests beside this one.
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
    assert_eq!(failure.run(), Some(0), "{failure}");
}

#[test]
fn an_upload_to_a_server_with_the_usual_window_is_whole() {
    explore().runs(50).run(|| async { assert_eq!(upload(65_535).await.unwrap(), 40_000) }).unwrap();
}
