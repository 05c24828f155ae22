#[reveille::test(runs = "5")]
async fn text_for_a_number() {}

#[reveille::test(runs = 0)]
async fn no_run_at_all() {}

#[reveille::test(seed = -1)]
async fn below_zero() {}

#[reveille::test(seed = 18446744073709551616)]
async fn beyond_64_bits() {}

#[reveille::test(replay = 302)]
async fn number_for_a_text() {}

#[reveille::test(strategy = random)]
async fn no_quotes() {}

#[reveille::test(detached = "maybe")]
async fn no_such_word() {}

#[reveille::test(starved_after = "0s")]
async fn no_time_at_all() {}

#[reveille::test(starved_after = 30)]
async fn no_unit() {}

#[reveille::test(starved_polls = 0)]
async fn no_polls_at_all() {}

#[reveille::test(wake_to_poll_max = 0)]
async fn no_second_task() {}

#[reveille::test(watchdog = "a while")]
async fn no_time() {}

fn main() {}
