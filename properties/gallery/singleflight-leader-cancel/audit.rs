//! The same weather page, and nobody closes it: the audit does, at every await.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use async_singleflight::Group;
use reveille::{cancel::audit, time::sleep};

/// The line to the weather office, and what is asked through it.
#[derive(Default)]
struct Page {
    requests_under_way: AtomicUsize,
    forecasts: Group<String, &'static str, ()>,
}

/// A request, which ends when this is dropped.
struct Request<'a>(&'a AtomicUsize);

impl Drop for Request<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

async fn visit(page: Arc<Page>) -> Result<&'static str, Option<()>> {
    let forecast = async {
        let others = page.requests_under_way.fetch_add(1, Relaxed);
        assert_eq!(others, 0, "the weather office allows one request at a time");
        let _request = Request(&page.requests_under_way);
        sleep(Duration::from_secs(5)).await;
        Ok("sunny spells")
    };
    page.forecasts.work("tomorrow", forecast).await
}

fn main() -> ExitCode {
    let package = env!("CARGO_PKG_NAME");
    let audit = audit(visit).name(package).world(Arc::<Page>::default);
    gallery_harness::audited(package, audit.bystander("one visitor", visit).bystander("another", visit))
}
