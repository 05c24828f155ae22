//! hyper's client of either version.

use std::error::Error;

use hyper::body::{Body, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use reveille::net::hyper::HyperExecutor;

use super::web::{connect, daemon};

/// A connection to the server of the node `web`, which a task of its own drives.
#[derive(Debug)]
pub(crate) enum Client<B> {
    Http1(http1::SendRequest<B>),
    Http2(http2::SendRequest<B>),
}

impl<B> Client<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin + 'static,
{
    /// Speaks HTTP/1; `None` if a fault is against it.
    pub(crate) async fn http1(builder: &http1::Builder) -> Option<Self> {
        let (sender, connection) = builder.handshake(connect().await?).await.ok()?;
        daemon("client connection", connection);
        Some(Self::Http1(sender))
    }

    /// Speaks HTTP/2.
    pub(crate) async fn http2(builder: &http2::Builder<HyperExecutor>) -> Option<Self> {
        let (sender, connection) = builder.handshake(connect().await?).await.ok()?;
        daemon("client connection", connection);
        Some(Self::Http2(sender))
    }

    pub(crate) async fn send(&mut self, request: Request<B>) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
    }
}
