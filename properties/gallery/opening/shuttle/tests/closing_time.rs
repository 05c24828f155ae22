use shuttle::future::{block_on, spawn, yield_now};
use tokio::sync::mpsc; // 1.52.2

#[test]
fn everybody_gets_home() {
    shuttle::check_random(|| block_on(closing_time()), 1_000);
}

async fn closing_time() {
    let (orders, mut kitchen) = mpsc::channel::<&str>(8);
    let guest = spawn(async move {
        let seat = orders.reserve_owned().await.ok()?;
        yield_now().await; // reads the menu,
        Some(seat.release()) // and orders nothing
    });
    yield_now().await;
    yield_now().await;
    kitchen.close();
    while let Some(_order) = kitchen.recv().await {}
    guest.await.unwrap();
}
