//! The `tcevm` command.
fn main() {}
