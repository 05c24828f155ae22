//! The same telephone box, and no patience written anywhere: the audit takes it away from a caller at every await.

use std::{process::ExitCode, rc::Rc, time::Duration};

use reveille::{cancel::audit, time::sleep};
use tokio::sync::Mutex;

type PhoneBox = Rc<Mutex<u32>>;

async fn call(phone: PhoneBox) {
    let mut meter = phone.lock().await;
    sleep(Duration::from_secs(60)).await;
    *meter += 1;
}

fn main() -> ExitCode {
    let package = env!("CARGO_PKG_NAME");
    gallery_harness::audited(package, audit(call).name(package).world(PhoneBox::default).bystander("neighbour", call))
}
