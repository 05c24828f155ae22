//! The main function of every gallery package: runs the library `program` of the package that it is built in.

use std::process::ExitCode;

fn main() -> ExitCode {
    gallery_harness::main(env!("CARGO_PKG_NAME"), program::program)
}
