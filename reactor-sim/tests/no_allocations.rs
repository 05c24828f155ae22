//! A timer costs no allocation once as many were armed before, whatever becomes of it; nor does a message over the system's sockets, or a
//! sleep beside it.

use std::task::Waker;
use std::time::Duration;

use reveille_reactor::{Instant, TimerKey, Timers};

/// Arms a thousand timers, moves, renews, removes and fires them.
fn round(timers: &mut Timers, keys: &mut Vec<TimerKey>, due: &mut Vec<Waker>) {
    let start = Instant::ZERO;
    keys.extend(
        (0..1000_u64).map(|nth| timers.insert(start + Duration::from_nanos(nth * 7919 % 500), Waker::noop().clone())),
    );
    for (nth, key) in keys.drain(..).enumerate() {
        match nth % 4 {
            0 => drop(timers.remove(key)),
            1 => assert!(timers.reset(key, start + Duration::from_nanos(900))),
            2 => drop(timers.update(key, Waker::noop().clone())),
            _ => {}
        }
    }
    for _ in 0..100 {
        timers.fire_next(due);
    }
    due.clear();
    timers.clear(due);
    due.clear();
}

#[test]
fn steady_state_allocates_nothing() {
    let (mut timers, mut keys, mut due) = (Timers::default(), Vec::new(), Vec::new());
    let first = allocation_counter::measure(|| round(&mut timers, &mut keys, &mut due));
    assert!(first.count_total > 0, "the counter counts");
    let later = allocation_counter::measure(|| (0..10).for_each(|_| round(&mut timers, &mut keys, &mut due)));
    assert_eq!(later.count_total, 0, "10,000 timers made {} allocations", later.count_total);
}

#[test]
fn timers_that_come_to_one_tick_need_no_more_room_than_those_that_are_apart() {
    let (mut timers, mut due) = (Timers::default(), Vec::new());
    let mut fire = |deadline: fn(u64) -> u64| {
        for nth in 0..1000 {
            timers.insert(Instant::from_nanos(deadline(nth)), Waker::noop().clone());
        }
        while timers.fire_next(&mut due).is_some() {}
        timers.clear(&mut due);
        due.clear();
    };
    fire(|nth| nth << 20);
    let later = allocation_counter::measure(|| fire(|nth| if nth == 0 { 0 } else { (7 << 20) + nth }));
    assert_eq!(later.count_total, 0);
}

/// Two tasks on one thread, each of which waits for the other at every message.
#[cfg(all(feature = "os", feature = "futures-io", not(loom)))]
#[test]
fn messages_over_the_real_reactor_allocate_nothing() {
    use futures::{AsyncReadExt as _, AsyncWriteExt as _};
    use reveille_executor::{LocalExecutor, spawn};
    use reveille_reactor::os::{Os, TcpListener, TcpStream};

    let os = Os::new().unwrap();
    let executor = LocalExecutor::with_driver(std::sync::Arc::new(os.clone()));
    let mut client = executor.block_on(async {
        let listener = TcpListener::bind_in(os.clone(), "127.0.0.1:0", 16).unwrap();
        let client = TcpStream::connect_in(os, listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        drop(spawn(async move {
            let mut buffer = [0; 64];
            while server.read_exact(&mut buffer).await.is_ok() {
                server.write_all(&buffer).await.unwrap();
            }
        }));
        client
    });
    let mut round = |messages: u8| {
        let echoes = async {
            let mut buffer = [0; 64];
            for message in 0..messages {
                client.write_all(&[message; 64]).await.unwrap();
                client.read_exact(&mut buffer).await.unwrap();
                assert_eq!(buffer, [message; 64]);
            }
        };
        allocation_counter::measure(|| executor.block_on(echoes)).count_total
    };
    round(1);
    let (few, many) = (round(10), round(250));
    assert_eq!(many, few, "240 messages more made {} allocations more", many - few);
}

/// Sleeps that are polled with two wakers in turn, given up, or awaited.
#[cfg(all(feature = "os", not(loom)))]
#[test]
fn sleeps_over_the_real_reactor_allocate_nothing() {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::Context;

    use reveille_executor::LocalExecutor;
    use reveille_reactor::os::Os;

    let os = Os::new().unwrap();
    let executor = LocalExecutor::with_driver(Arc::new(os.clone()));
    let round = |sleeps: u32| {
        let all = async {
            for _ in 0..sleeps {
                let mut given_up = [1, 2, 3].map(|hours| os.sleep(Duration::from_secs(3600 * hours)));
                for sleep in &mut given_up {
                    let mut poll =
                        |waker: &Waker| Pin::new(&mut *sleep).poll(&mut Context::from_waker(waker)).is_pending();
                    assert!(poll(Waker::noop()) && poll(Waker::noop()));
                    std::future::poll_fn(|context| {
                        assert!(poll(context.waker()) && poll(context.waker()));
                        std::task::Poll::Ready(())
                    })
                    .await;
                }
                os.sleep(Duration::from_micros(100)).await;
            }
        };
        allocation_counter::measure(|| executor.block_on(all)).count_total
    };
    round(1);
    let (few, many) = (round(10), round(100));
    assert_eq!(many, few, "90 rounds more made {} allocations more", many - few);
}
