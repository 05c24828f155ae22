//! `AsyncRead` and `AsyncWrite` of tokio.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Family, Handle, OwnedReadHalf, OwnedWriteHalf, ReadHalf, Stream, WriteHalf};

macro_rules! reads {
    ($type:ty, $stream:expr) => {
        impl<H: Handle, F: Family> AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let stream: fn(&Self) -> &Stream<H, F> = $stream;
                let count = ready!(stream(&self).poll_read_bytes(context, buffer.initialize_unfilled()))?;
                buffer.advance(count);
                Poll::Ready(Ok(()))
            }
        }
    };
}

macro_rules! writes {
    ($type:ty, $stream:expr) => {
        impl<H: Handle, F: Family> AsyncWrite for $type {
            fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                let stream: fn(&Self) -> &Stream<H, F> = $stream;
                stream(&self).poll_write_bytes(context, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                let stream: fn(&Self) -> &Stream<H, F> = $stream;
                Poll::Ready(stream(&self).shut_down_writing())
            }
        }
    };
}

reads!(Stream<H, F>, |this| this);
writes!(Stream<H, F>, |this| this);
reads!(ReadHalf<'_, H, F>, |this| this.0);
writes!(WriteHalf<'_, H, F>, |this| this.0);
reads!(OwnedReadHalf<H, F>, |this| &this.0);
writes!(OwnedWriteHalf<H, F>, |this| &this.stream);
