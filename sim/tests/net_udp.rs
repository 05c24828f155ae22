//! Datagrams: lost, doubled, reordered where faults allow it, and never otherwise.

#![cfg(not(loom))]

use std::io::{self, ErrorKind};

use reveille::explore;
use reveille::net::{Fault, UdpSocket};
use reveille::time::{Duration, timeout};

async fn sockets() -> io::Result<(UdpSocket, UdpSocket)> {
    let (one, two) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    one.connect(two.local_addr()?).await?;
    Ok((one, two))
}

#[test]
fn without_faults_every_datagram_arrives_once_whole_and_in_some_order() {
    explore()
        .runs(300)
        .run(|| async {
            let (one, two) = sockets().await?;
            for number in 0..8_u8 {
                one.send(&[number; 100]).await?;
            }
            let mut seen = Vec::new();
            let mut buffer = [0; 200];
            for _ in 0..8 {
                let (count, from) = two.recv_from(&mut buffer).await?;
                assert_eq!((count, from), (100, one.local_addr()?));
                seen.push(buffer[0]);
            }
            reveille::sometimes!(!seen.is_sorted(), "reordered");
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn heavy_faults_lose_and_double_and_count_it() {
    explore()
        .runs(300)
        .faults("heavy")
        .run(|| async {
            let (one, two) = sockets().await?;
            for number in 0..20_u8 {
                one.send(&[number]).await?;
            }
            let (mut seen, mut buffer) = (Vec::new(), [0; 1]);
            while let Ok(received) = timeout(Duration::from_secs(3600), two.recv(&mut buffer)).await {
                received?;
                seen.push(buffer[0]);
            }
            let strikes = reveille::net::strikes();
            assert_eq!(seen.len() as u64, 20 - strikes.of(Fault::Lost) + strikes.of(Fault::Twice));
            reveille::sometimes!(strikes.of(Fault::Lost) > 0 && strikes.of(Fault::Twice) > 0, "both in one run");
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn too_long_truncated_and_unheard() {
    explore()
        .runs(10)
        .run(|| async {
            let (one, two) = sockets().await?;
            assert!(one.send(&[0; 65_508]).await.is_err());
            one.send(&[1; 65_507]).await?;
            assert_eq!(two.recv(&mut [0; 10]).await?, 10);
            drop(two);
            one.send(&[2]).await?;
            assert_eq!(one.recv(&mut [0; 10]).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
            let alone = UdpSocket::bind("127.0.0.1:0").await?;
            assert!(alone.send(&[0]).await.is_err());
            io::Result::Ok(())
        })
        .unwrap();
}
