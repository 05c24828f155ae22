//! Correct programs, written as users write them: nothing is reported, whatever the schedule, by any oracle that is on by
//! default and under every freedom that is.
//!
//! Each asserts what it does, so a program that does nothing is no proof of silence. 200 runs each; the long run is
//! `REVEILLE_RUNS=10000 cargo test --release -p reveille --all-features --test quiet`.

#![cfg(not(loom))]

#[expect(clippy::disallowed_types, reason = "users write `HashMap`, and nothing here depends on its order")]
mod quiet {
    mod channels;
    mod files;
    #[cfg(feature = "hyper")]
    mod http;
    mod idle;
    mod locks;
    mod net;
    mod nodes;
    mod select;
    mod services;
    mod streams;
    mod unix;

    use reveille::explore;
    use reveille::time::Duration;

    /// Explores `program` with what is on by default.
    fn quiet<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) {
        let passed = explore().runs(200).run(program).expect("a correct program was accused");
        assert!(passed.schedules > 1, "there is only one schedule: {passed}");
    }

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }
}
