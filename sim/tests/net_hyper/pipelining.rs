//! Several requests on one stream before the first answer. hyper's client never does that, so this one is written by hand; a small
//! parser tells the responses apart.

use std::io;

use futures::{AsyncReadExt, AsyncWriteExt};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use httparse::Status;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use reveille::net::hyper::HyperTimer;
use reveille::net::{Fault, TcpStream, strikes};
use reveille::time::{Duration, sleep};
use reveille::{choose, explore, spawn};

use super::web::{bytes, connect, ends, start, under_heavy_faults};

const REQUESTS: usize = 9;

/// Lengths of bodies, together beyond the window of a connection: the server cannot write all before the client reads.
const LENGTHS: [usize; 5] = [11, 0, 700, 30_000, 20_000];

/// What is sent with request `number`, and what comes back.
fn body(number: usize) -> Bytes {
    bytes(number, 0, LENGTHS[number % LENGTHS.len()])
}

fn method(number: usize) -> Method {
    [Method::GET, Method::POST, Method::POST, Method::HEAD][number % 4].clone()
}

/// A request as it stands on the wire: bodies come with a length and in chunks.
fn request(number: usize) -> Vec<u8> {
    let (method, body) = (method(number), body(number));
    let mut wire = format!("{method} /{number} HTTP/1.1\r\nhost: web\r\n").into_bytes();
    if method != Method::POST {
        wire.extend(b"\r\n");
    } else if number % 4 == 1 {
        wire.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
        wire.extend(body);
    } else {
        wire.extend(b"transfer-encoding: chunked\r\n\r\n");
        for chunk in body.chunks(1_000) {
            wire.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            wire.extend(chunk);
            wire.extend(b"\r\n");
        }
        wire.extend(b"0\r\n\r\n");
    }
    wire
}

type Chunks = StreamBody<futures::stream::Iter<std::vec::IntoIter<io::Result<Frame<Bytes>>>>>;

/// Answers with the body, backwards, of a length that is told or in chunks.
async fn answer(request: Request<Incoming>) -> Result<Response<Either<Full<Bytes>, Chunks>>, hyper::Error> {
    let number: usize = request.uri().path()[1..].parse().unwrap();
    let is_post = *request.method() == Method::POST;
    let received = request.into_body().collect().await?.to_bytes();
    assert!(received == if is_post { body(number) } else { Bytes::new() }, "another body than that of {number}");
    sleep(Duration::from_millis(u64::from(choose(3)))).await;
    let answered: Bytes = body(number).iter().rev().copied().collect();
    let answered = if number.is_multiple_of(2) {
        Either::Left(Full::new(answered))
    } else {
        let chunks: Vec<_> =
            answered.chunks(7_000).map(|chunk| Ok(Frame::data(Bytes::copy_from_slice(chunk)))).collect();
        Either::Right(StreamBody::new(futures::stream::iter(chunks)))
    };
    Ok(Response::builder().header("number", number).body(answered).unwrap())
}

async fn serve(stream: TcpStream) -> hyper::Result<()> {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(HyperTimer::new()).auto_date_header(false).half_close(true).pipeline_flush(choose(2) == 1);
    builder.serve_connection(stream, service_fn(answer)).await
}

/// The first response of `wire`, with its `number` and its body, and how long it is; `None` if it is not whole.
fn parsed(wire: &[u8], is_head: bool) -> Option<(usize, Vec<u8>, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 8];
    let mut head = httparse::Response::new(&mut headers);
    let Status::Complete(start) = head.parse(wire).expect("no response") else { return None };
    assert_eq!(head.code, Some(200));
    let header = |name| head.headers.iter().find(|header| header.name == name);
    let text = |name| header(name).map(|header| std::str::from_utf8(header.value).unwrap());
    assert_eq!(text("date"), None, "the time of day is in an answer");
    let number = text("number").unwrap().parse().unwrap();
    if is_head {
        return Some((number, Vec::new(), start));
    }
    if let Some(length) = text("content-length") {
        let end = start + length.parse::<usize>().unwrap();
        return Some((number, wire.get(start..end)?.to_vec(), end));
    }
    assert_eq!(text("transfer-encoding"), Some("chunked"));
    let (mut body, mut at) = (Vec::new(), start);
    loop {
        let Status::Complete((line, length)) = httparse::parse_chunk_size(&wire[at..]).unwrap() else { return None };
        let data = at + line;
        let end = data + length as usize;
        body.extend(wire.get(data..end)?);
        assert_eq!(wire.get(end..end + 2)?, b"\r\n");
        at = end + 2;
        if length == 0 {
            return Some((number, body, at));
        }
    }
}

/// Checks that `wire` is the answers to the first requests, in order, and a part of the next one. Returns how many, and how much of the rest.
fn answers(wire: &[u8]) -> (usize, usize) {
    let (mut at, mut answered) = (0, 0);
    while answered < REQUESTS
        && let Some((number, received, length)) = parsed(&wire[at..], method(answered) == Method::HEAD)
    {
        assert_eq!(number, answered, "an answer is not in its place");
        let expected = if method(number) == Method::HEAD { Bytes::new() } else { body(number) };
        assert!(received.iter().rev().eq(&expected), "another request's answer to {number}");
        (at, answered) = (at + length, answered + 1);
    }
    (answered, wire.len() - at)
}

/// What came of a stream of requests.
pub(crate) struct Heard {
    /// All that was received.
    pub(crate) wire: Vec<u8>,
    /// How many requests were answered whole.
    pub(crate) answered: usize,
    /// All requests were written before any answer came.
    at_once: bool,
}

/// Writes all requests in bursts, while it reads.
pub(crate) async fn ask() -> Heard {
    start(serve).await;
    let mut heard = Heard { wire: Vec::new(), answered: 0, at_once: false };
    let Some(stream) = connect().await else { return heard };
    let (mut reader, mut writer) = stream.into_split();
    let burst = [REQUESTS, 2, 1][choose(3) as usize];
    let writing = spawn(async move {
        for first in (0..REQUESTS).step_by(burst) {
            let requests: Vec<u8> = (first..REQUESTS.min(first + burst)).flat_map(request).collect();
            writer.write_all(&requests).await?;
        }
        // The server answers what it has and then closes too.
        writer.close().await
    });
    let mut first = [0; 1];
    let mut end = ends("the first answer", reader.read(&mut first)).await;
    heard.at_once = writing.is_finished();
    if let Ok(count @ 1..) = end {
        heard.wire.extend(&first[..count]);
        end = ends("the answers", reader.read_to_end(&mut heard.wire)).await;
    }
    let written = ends("writing", writing).await.unwrap();
    let rest;
    (heard.answered, rest) = answers(&heard.wire);
    assert!(end.is_err() || rest == 0, "an answer breaks off, and the stream ends as if nothing were wrong");
    let is_whole = heard.answered == REQUESTS && rest == 0;
    assert!(is_whole || strikes().of(Fault::Torn) > 0, "{} answered, {written:?}, {end:?}", heard.answered);
    heard
}

#[test]
fn requests_in_one_stream_are_answered_in_their_order() {
    explore()
        .runs(100)
        .run(|| async {
            let heard = ask().await;
            assert_eq!(heard.answered, REQUESTS);
            reveille::sometimes!(heard.at_once, "all requests are written before the first answer");
        })
        .unwrap();
}

#[test]
fn a_stream_that_is_torn_ends_after_whole_answers_or_in_an_error() {
    under_heavy_faults(|| async {
        let heard = ask().await;
        reveille::sometimes!(heard.at_once, "all requests are written before the first answer");
        reveille::sometimes!(heard.answered == REQUESTS, "all answered");
        reveille::sometimes!((1..REQUESTS).contains(&heard.answered), "torn among the answers");
    });
}
