//! What is on the wire: frames, and a reader of them that may be dropped at any time.
//!
//! A frame is a byte for its kind, one for the number of the request, one for the length of what follows, and that.

use std::io;

use futures::io::{AsyncRead, AsyncReadExt as _};
use reveille::cancel;

use super::trouble::{Refusal, Trouble};

/// Of what both sides must be.
pub(crate) const VERSION: u8 = 1;
/// So many bytes are the longest text.
const TEXT_MAX: u8 = 64;
const HEAD: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// The first frame of either side.
    Hello {
        version: u8,
    },
    /// A sign of life.
    Beat,
    Request {
        id: u8,
        text: Vec<u8>,
    },
    Answer {
        id: u8,
        text: Vec<u8>,
    },
    /// A request that will not be answered, or, with number 0, a connection that is at its end.
    Refused {
        id: u8,
        why: Refusal,
    },
    /// The server asks and answers no more.
    Goodbye,
}

impl Frame {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (kind, id, text): (u8, u8, &[u8]) = match self {
            Self::Hello { version } => (1, *version, &[]),
            Self::Beat => (2, 0, &[]),
            Self::Request { id, text } => (3, *id, text),
            Self::Answer { id, text } => (4, *id, text),
            Self::Refused { id, why } => (5, *id, &[why.code()]),
            Self::Goodbye => (6, 0, &[]),
        };
        assert!(text.len() <= usize::from(TEXT_MAX), "a text of {} bytes", text.len());
        [&[kind, id, text.len() as u8], text].concat()
    }

    /// The frame at the start of `bytes`, if it is whole, and its length.
    fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, Trouble> {
        let Some((&[kind, id, length], rest)) = bytes.split_first_chunk::<HEAD>() else { return Ok(None) };
        if length > TEXT_MAX {
            return Err(Trouble::Protocol("a frame that is too long"));
        }
        let Some(text) = rest.get(..usize::from(length)) else { return Ok(None) };
        let frame = match (kind, text) {
            (1, []) => Self::Hello { version: id },
            (2, []) => Self::Beat,
            (3, _) => Self::Request { id, text: text.to_vec() },
            (4, _) => Self::Answer { id, text: text.to_vec() },
            (5, &[code]) => Self::Refused { id, why: Refusal::from_code(code)? },
            (6, []) => Self::Goodbye,
            _ => return Err(Trouble::Protocol("a frame of no known kind")),
        };
        Ok(Some((frame, HEAD + text.len())))
    }
}

/// Frames, one after the other.
pub(crate) struct Frames<R> {
    reader: R,
    /// What has been read and not returned.
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new() }
    }

    /// The next frame; `None` at the end of the stream. May be dropped at any time: what has been read stays in the buffer.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>, Trouble> {
        loop {
            if let Some((frame, length)) = Frame::decode(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(Some(frame));
            }
            let mut chunk = [0; 256];
            match self.reader.read(&mut chunk).await {
                Ok(0) if self.buffer.is_empty() => return Ok(None),
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(length) => self.buffer.extend(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The mistake: what has been read is in this future. Dropped half-way, by a `select!` whose other branch was ready, it takes that
    /// along, and the next frame begins in the middle of this one.
    ///
    /// That a frame which has begun must be read to its end is said to the harness, so that it names the drop, and not what comes of it.
    pub(crate) async fn next_torn(&mut self) -> Result<Option<Frame>, Trouble> {
        let mut frame = vec![0];
        match self.reader.read_exact(&mut frame).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        cancel::must_complete(async {
            frame.resize(HEAD, 0);
            self.reader.read_exact(&mut frame[1..]).await?;
            frame.resize(HEAD + usize::from(frame[2]), 0);
            self.reader.read_exact(&mut frame[HEAD..]).await?;
            Ok(Frame::decode(&frame)?.map(|(frame, _)| frame))
        })
        .await
    }
}
