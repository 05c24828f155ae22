//! `AsyncRead` and `AsyncWrite` of the futures crate.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::{Family, Handle, OwnedReadHalf, OwnedWriteHalf, ReadHalf, Stream, WriteHalf};

macro_rules! reads {
    (($($generics:tt)*) $type:ty, $stream:expr) => {
        impl<$($generics)*> AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                let stream: fn(&Self) -> &Stream<H, F> = $stream;
                stream(&self).poll_read_bytes(context, buffer)
            }
        }
    };
}

macro_rules! writes {
    (($($generics:tt)*) $type:ty, $stream:expr) => {
        impl<$($generics)*> AsyncWrite for $type {
            fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                let stream: fn(&Self) -> &Stream<H, F> = $stream;
                stream(&self).poll_write_bytes(context, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                let stream: fn(&Self) -> &Stream<H, F> = $stream;
                Poll::Ready(stream(&self).shut_down_writing())
            }
        }
    };
}

reads!((H: Handle, F: Family) Stream<H, F>, |this| this);
writes!((H: Handle, F: Family) Stream<H, F>, |this| this);
reads!((H: Handle, F: Family) &Stream<H, F>, |this| this);
writes!((H: Handle, F: Family) &Stream<H, F>, |this| this);
reads!((H: Handle, F: Family) ReadHalf<'_, H, F>, |this| this.0);
writes!((H: Handle, F: Family) WriteHalf<'_, H, F>, |this| this.0);
reads!((H: Handle, F: Family) OwnedReadHalf<H, F>, |this| &this.0);
writes!((H: Handle, F: Family) OwnedWriteHalf<H, F>, |this| &this.stream);
