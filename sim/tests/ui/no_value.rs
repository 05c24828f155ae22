#[reveille::test(runs)]
async fn name_only() {}

#[reveille::test(runs(5))]
async fn in_parentheses() {}

#[reveille::test(seed =)]
async fn nothing_after_it() {}

fn main() {}
