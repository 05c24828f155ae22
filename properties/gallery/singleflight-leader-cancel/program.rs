//! A weather page.
//!
//! Everybody who opens the page wants the same forecast. The weather office allows one request at a time, so whoever
//! comes while one is under way waits for its answer. Some visitors close the page before the answer is there.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use async_singleflight::Group;
use reveille::{
    spawn,
    time::{sleep, timeout},
};

/// The line to the weather office.
#[derive(Default)]
struct WeatherOffice {
    requests_under_way: AtomicUsize,
}

/// A request, which ends when this is dropped, whether answered or given up.
struct Request<'a>(&'a WeatherOffice);

impl WeatherOffice {
    fn request(&self) -> Request<'_> {
        let others = self.requests_under_way.fetch_add(1, Relaxed);
        assert_eq!(others, 0, "the weather office allows one request at a time");
        Request(self)
    }

    async fn forecast(&self) -> Result<&'static str, ()> {
        let _request = self.request();
        sleep(Duration::from_secs(5)).await;
        Ok("sunny spells")
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        self.0.requests_under_way.fetch_sub(1, Relaxed);
    }
}

type Forecasts = Group<String, &'static str, ()>;

pub async fn program() {
    let office = Arc::new(WeatherOffice::default());
    let forecasts = Arc::new(Forecasts::new());
    // Seconds that each visitor looks at the page.
    let visitors = [2, 30, 30, 4, 30].map(|stay| {
        let (office, forecasts) = (Arc::clone(&office), Arc::clone(&forecasts));
        spawn(async move {
            let forecast = forecasts.work("tomorrow", office.forecast());
            timeout(Duration::from_secs(stay), forecast).await.ok()
        })
    });

    let mut answered = 0;
    for visitor in visitors {
        let seen = visitor.await.expect("a visitor's browser crashed");
        assert!(seen.is_none_or(|forecast| forecast == Ok("sunny spells")));
        answered += usize::from(seen.is_some());
    }
    assert!(answered >= 3, "whoever stayed saw the forecast");
}
