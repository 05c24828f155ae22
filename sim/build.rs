//! Tells documentation tests that the crate they link to is built on loom, which runs inside models only.
//!
//! `RUSTFLAGS` does not reach rustdoc, so under `RUSTFLAGS="--cfg loom" cargo test` it would collect the examples and
//! run them against that build. What a build script sets does reach it: see the first line of `src/lib.rs`. Not part of
//! the published crate.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_CFG_LOOM").is_some() {
        println!("cargo::rustc-cfg=under_loom");
    }
}
