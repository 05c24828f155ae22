//! Unix sockets used well.

use std::io::{self, ErrorKind};

use futures::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _, io::BufReader};
use reveille::net::{UnixListener, UnixStream};
use reveille::time::{sleep, timeout};
use reveille::{fs, node, spawn};

use super::{ms, quiet};

/// A daemon with a control socket, which is killed and started again: it removes what it left behind, and who asks tries again.
#[test]
fn control_socket_of_a_daemon() {
    async fn answer(stream: UnixStream) -> io::Result<()> {
        let (reader, mut writer) = stream.split();
        let mut lines = BufReader::new(reader).lines();
        while let Some(line) = lines.next().await {
            writer.write_all(format!("{} done\n", line?).as_bytes()).await?;
        }
        writer.close().await
    }

    async fn daemon() {
        match fs::remove_file("/run.sock").await {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
        let listener = UnixListener::bind("/run.sock").unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            drop(spawn(answer(stream)));
        }
    }

    async fn ask(command: &str) -> String {
        loop {
            let attempt = async {
                let mut stream = UnixStream::connect("/run.sock").await?;
                stream.write_all(format!("{command}\n").as_bytes()).await?;
                stream.close().await?;
                let mut text = String::new();
                stream.read_to_string(&mut text).await?;
                io::Result::Ok(text)
            };
            match timeout(ms(50), attempt).await {
                Ok(Ok(text)) if !text.is_empty() => return text,
                _ => sleep(ms(5)).await,
            }
        }
    }

    quiet(|| async {
        let machine = node("machine");
        drop(machine.start(|| async { drop(reveille::task::Builder::new().daemon(true).spawn(daemon())) }));
        let client = machine.spawn(async {
            for command in ["reload", "status"] {
                assert_eq!(ask(command).await, format!("{command} done\n"));
            }
        });
        client.await.unwrap();
        machine.crash();
        drop(machine.restart());
        assert_eq!(machine.spawn(ask("stop")).await.unwrap(), "stop done\n");
    });
}

/// A worker behind a pair of sockets: requests one way, answers the other, more than fits into either.
#[test]
fn worker_behind_a_pair() {
    quiet(|| async {
        let (here, there) = UnixStream::pair().unwrap();
        let worker = spawn(async move {
            let (mut reader, mut writer) = there.split();
            let mut block = vec![0; 4096];
            while reader.read_exact(&mut block).await.is_ok() {
                block.iter_mut().for_each(|byte| *byte ^= 0xff);
                writer.write_all(&block).await.unwrap();
            }
            writer.close().await.unwrap();
        });
        let (mut reader, mut writer) = here.split();
        let sender = spawn(async move {
            for number in 0..40_u8 {
                writer.write_all(&[number; 4096]).await.unwrap();
            }
            writer.close().await.unwrap();
        });
        let mut answers = Vec::new();
        reader.read_to_end(&mut answers).await.unwrap();
        assert!(answers.chunks(4096).zip(0..).all(|(block, number)| block.iter().all(|byte| *byte == !number)));
        assert_eq!(answers.len(), 40 * 4096);
        sender.await.unwrap();
        worker.await.unwrap();
    });
}
