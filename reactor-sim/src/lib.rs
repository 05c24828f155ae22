//! Virtual time as a plain value.
#![forbid(unsafe_code)]
