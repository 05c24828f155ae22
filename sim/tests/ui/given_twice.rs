#[reveille::test(runs = 5, seed = 1, runs = 6)]
async fn which_one() {}

fn main() {}
