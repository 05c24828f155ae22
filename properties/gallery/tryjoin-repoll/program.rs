//! The start of a small shop's server.
//!
//! The price list is read while the till connects, for neither needs the other; once both are there, customers are
//! served. Prices come from a file that a clerk is just writing.

use async_channel::{Receiver, unbounded};
use futures_concurrency::prelude::*;
use reveille::{spawn, yield_now};

#[derive(Debug)]
struct Broken;

type Price = (&'static str, u32);

pub async fn program() {
    let (file, lines) = unbounded();
    let clerk = spawn(async move {
        for line in [("bread", 4), ("butter", 3), ("jam", 5)] {
            file.send(line).await.expect("somebody reads the price list");
            yield_now().await; // Where is the tin of jam?
        }
    });

    let (prices, till) = (read_prices(lines), connect_till()).try_join().await.expect("the shop opens");
    clerk.await.expect("the clerk ran off");

    let bill: u32 = prices.iter().filter(|(thing, _)| *thing != "jam").map(|(_, price)| price).sum();
    assert_eq!((till, bill), (1, 7), "a breakfast without jam, at till number one");
}

async fn read_prices(lines: Receiver<Price>) -> Result<Vec<Price>, Broken> {
    let mut prices = Vec::new();
    while let Ok(line) = lines.recv().await {
        prices.push(line);
    }
    if prices.is_empty() { Err(Broken) } else { Ok(prices) }
}

/// Connects the till. Returns its number.
async fn connect_till() -> Result<u32, Broken> {
    yield_now().await; // It beeps.
    Ok(1)
}
