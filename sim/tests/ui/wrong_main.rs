#[reveille::main]
fn main() {}
