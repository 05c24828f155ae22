//! A reader advances through a file and hands its lines on, one by one, while something else happens every second.

use std::collections::VecDeque;

use futures::stream::{self, StreamExt as _};
use futures_concurrency::stream::Merge as _;
use reveille::time::{Duration, interval, sleep};
use reveille::{explore, spawn};
use tokio::sync::mpsc;

use super::Told;

/// A file of batches of lines.
struct File(VecDeque<Vec<u32>>);

impl File {
    fn new() -> Self {
        Self((0..4).map(|batch| vec![3 * batch, 3 * batch + 1, 3 * batch + 2]).collect())
    }

    async fn read(&mut self) -> Option<Vec<u32>> {
        sleep(Duration::from_millis(300)).await;
        self.0.pop_front()
    }
}

/// Collects slowly, so that the sender has to wait for room.
async fn collect(mut lines: mpsc::Receiver<u32>) -> Vec<u32> {
    let mut all = Vec::new();
    while let Some(line) = lines.recv().await {
        sleep(Duration::from_millis(250)).await;
        all.push(line);
    }
    all
}

async fn forward(file: &mut File, lines: &mpsc::Sender<u32>) -> bool {
    let Some(batch) = file.read().await else { return false };
    for line in batch {
        lines.send(line).await.unwrap();
    }
    true
}

/// `select!` drops the reader whenever a second has passed, with what it had read and not handed on.
pub(crate) fn broken() -> Told {
    let selecting = explore().name("lines").run(|| async {
        let (sender, receiver) = mpsc::channel(1);
        let collector = spawn(collect(receiver));
        let (mut file, mut seconds) = (File::new(), interval(Duration::from_secs(1)));
        let mut heartbeats = 0;
        loop {
            tokio::select! {
                biased;
                more = forward(&mut file, &sender) => if !more { break },
                _ = seconds.tick() => heartbeats += 1,
            }
        }
        drop(sender);
        assert!(heartbeats > 0);
        assert_eq!(collector.await.unwrap(), (0..12).collect::<Vec<_>>(), "every line arrives");
    });
    selecting.into()
}

enum Happens {
    Line,
    End,
    Heartbeat,
}

/// Two streams are merged: both are polled, and neither is dropped.
pub(crate) fn mended() -> Told {
    let merging = explore().name("lines_mended").run(|| async {
        let (sender, receiver) = mpsc::channel(1);
        let collector = spawn(collect(receiver));
        let lines = stream::unfold(File::new(), |mut file| async move { Some((file.read().await?, file)) });
        let lines = lines.flat_map(stream::iter).then(move |line| {
            let sender = sender.clone();
            async move { sender.send(line).await.map_or(Happens::End, |()| Happens::Line) }
        });
        let lines = lines.chain(stream::iter([Happens::End]));
        let seconds = stream::unfold(interval(Duration::from_secs(1)), |mut seconds| async move {
            seconds.tick().await;
            Some((Happens::Heartbeat, seconds))
        });
        let mut heartbeats = 0;
        {
            let mut happens = std::pin::pin!((lines, seconds).merge());
            while let Some(happened) = happens.next().await {
                match happened {
                    Happens::Line => {}
                    Happens::Heartbeat => heartbeats += 1,
                    Happens::End => break,
                }
            }
        }
        assert!(heartbeats > 0);
        assert_eq!(collector.await.unwrap(), (0..12).collect::<Vec<_>>(), "every line arrives");
    });
    merging.into()
}
