//! Counts allocations and bytes, and prints one `name value` a line.
fn main() {}
