//! Reads what criterion has measured and prints the table.
fn main() {}
