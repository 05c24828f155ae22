#[reveille::test(run = 5)]
async fn misspelt() {}

#[reveille::test(runs = 5, flavor = "current_thread")]
async fn of_another_crate() {}

#[reveille::test("runs")]
async fn no_name() {}

fn main() {}
