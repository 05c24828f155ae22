//! `main` runs on the real executor and returns what it says.

/// Documented, like any function.
#[reveille::main]
pub async fn main() -> Result<(), std::num::ParseIntError> {
    let port: u16 = "8080".parse()?;
    std::future::ready(()).await;
    assert_eq!(port, 8080);
    Ok(())
}
