//! The errors of Linux, by their numbers where the standard library has no name for them.

use std::io::{self, ErrorKind};

/// The file is not open in this way.
pub(crate) fn bad_file() -> io::Error {
    numbered(9, "bad file descriptor")
}

/// The disk failed.
pub(crate) fn input_output() -> io::Error {
    numbered(5, "input/output error")
}

/// A socket is no file to be opened.
pub(super) fn no_device() -> io::Error {
    numbered(6, "no such device or address")
}

/// A name, or a path, is longer than any can be.
pub(super) fn name_too_long() -> io::Error {
    ErrorKind::InvalidFilename.into()
}

/// An open file is gone with its node.
pub(super) fn gone() -> io::Error {
    io::Error::other("the file is gone: it was closed, or its node crashed")
}

#[cfg(target_os = "linux")]
fn numbered(number: i32, _: &'static str) -> io::Error {
    io::Error::from_raw_os_error(number)
}

#[cfg(not(target_os = "linux"))]
fn numbered(_: i32, text: &'static str) -> io::Error {
    io::Error::other(text)
}
