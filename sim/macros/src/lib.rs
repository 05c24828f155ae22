//! The attributes of `reveille`.
#![forbid(unsafe_code)]
