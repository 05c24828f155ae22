//! The same pharmacy, and no patience written anywhere: the audit takes it away from a customer at every await.

use std::{process::ExitCode, sync::Arc};

use program::{Register, in_stock, open};
use reveille::cancel::audit;
use tokio::sync::OnceCell;

/// The register, once somebody has opened it.
type Desk = Arc<OnceCell<Register>>;

async fn ask(desk: Desk, shelf: usize) -> u32 {
    let register = desk.get_or_init(open).await.clone();
    in_stock(register, shelf).await
}

fn main() -> ExitCode {
    let package = env!("CARGO_PKG_NAME");
    let customer = |shelf| move |desk| ask(desk, shelf);
    let audit = audit(customer(0)).name(package).world(Desk::default);
    gallery_harness::audited(package, audit.bystander("customer", customer(1)))
}
