//! Streams under tokio's own traits and helpers.

#![cfg(not(loom))]

use reveille::net::{TcpListener, TcpStream};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

#[test]
fn tokios_helpers_work_on_streams_and_their_halves_under_heavy_faults() {
    reveille::explore()
        .runs(300)
        .faults("heavy")
        .run(|| async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let Ok(client) = TcpStream::connect(listener.local_addr()?).await else { return Ok(()) };
            let (server, _) = listener.accept().await?;
            let served = reveille::spawn(async move {
                let (reader, mut writer) = server.into_split();
                let mut lines = BufReader::new(reader).lines();
                while let Some(line) = lines.next_line().await? {
                    writer.write_all(line.to_uppercase().as_bytes()).await?;
                }
                writer.shutdown().await
            });
            let mut client = client;
            let mut answer = String::new();
            let asked = async {
                client.write_all(b"one\ntwo\nthree").await?;
                client.shutdown().await?;
                client.read_to_string(&mut answer).await
            };
            let asked = asked.await;
            let served = served.await.unwrap();
            reveille::sometimes!(asked.is_ok() && served.is_ok(), "all is well");
            if asked.is_ok() && served.is_ok() {
                assert_eq!(answer, "ONETWOTHREE");
            }
            std::io::Result::Ok(())
        })
        .unwrap();
}
