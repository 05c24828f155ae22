//! Streams and files under tokio's own traits and helpers.

#![cfg(not(loom))]

use reveille::net::{TcpListener, TcpStream, UnixStream};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, SeekFrom};

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

#[test]
fn tokios_helpers_work_on_unix_streams_and_their_halves_under_heavy_faults() {
    reveille::explore()
        .runs(300)
        .faults("heavy")
        .run(|| async {
            let (mut client, server) = UnixStream::pair()?;
            let served = reveille::spawn(async move {
                let (reader, mut writer) = server.into_split();
                let mut lines = BufReader::new(reader).lines();
                while let Some(line) = lines.next_line().await? {
                    writer.write_all(line.to_uppercase().as_bytes()).await?;
                }
                writer.shutdown().await
            });
            client.write_all(b"one\ntwo\nthree").await?;
            client.shutdown().await?;
            let mut answer = String::new();
            client.read_to_string(&mut answer).await?;
            assert_eq!(answer, "ONETWOTHREE");
            served.await.unwrap()
        })
        .unwrap();
}

#[test]
fn tokios_helpers_work_on_files_under_light_faults() {
    use reveille::fs::{self, File};

    reveille::explore()
        .runs(300)
        .faults("light")
        .run(|| async {
            let Ok(mut file) = File::create_new("f").await else { return Ok(()) };
            let written = async {
                file.write_all(b"one\ntwo\nthree\n").await?;
                file.flush().await
            };
            if written.await.is_ok() {
                assert_eq!(file.seek(SeekFrom::Start(4)).await?, 4);
                assert_eq!(BufReader::new(&mut file).lines().next_line().await?.as_deref(), Some("two"));
                assert_eq!(file.stream_position().await?, 14, "the reader has read ahead");
                file.rewind().await?;
                let mut text = String::new();
                file.read_to_string(&mut text).await?;
                assert_eq!(text, fs::read_to_string("f").await?);
            }
            std::io::Result::Ok(())
        })
        .unwrap();
}
