//! A photo backup.
//!
//! Photos are uploaded in the foreground, where their owner watches for a second; what takes longer goes on in the
//! background, and at the end the app waits for the uploads that are still under way. An upload starts once the
//! phone has found a wireless network.

use std::{pin::Pin, rc::Rc, time::Duration};

use reveille::{
    spawn,
    time::{sleep, timeout},
};
use tokio::sync::Notify;

/// How long the owner looks at the progress bar.
const WATCHED: Duration = Duration::from_secs(1);

/// The network that the phone is in reach of, if any.
#[derive(Default)]
struct Network {
    found: Notify,
}

pub async fn program() {
    let network = Rc::new(Network::default());
    let walk_home = spawn({
        let network = Rc::clone(&network);
        async move {
            sleep(Duration::from_millis(2_500)).await;
            network.found.notify_waiters();
        }
    });

    let mut in_background = Vec::new();
    let mut saved = 0;
    for photo in ["cat.jpg", "harbour.jpg"] {
        let mut upload: Pin<Box<dyn Future<Output = usize>>> = Box::pin(upload(photo, Rc::clone(&network)));
        match timeout(WATCHED, &mut upload).await {
            Ok(bytes) => saved += bytes,
            Err(_) => in_background.push(spawn(upload)),
        }
    }

    for upload in in_background {
        saved += upload.await.expect("an upload failed");
    }
    walk_home.await.expect("the owner got lost");
    assert_eq!(saved, 18_000, "every byte is in the cloud");
}

/// Uploads a photo as soon as there is a network. Returns its size in bytes.
async fn upload(photo: &str, network: Rc<Network>) -> usize {
    network.found.notified().await;
    let bytes = photo.len() * 1_000;
    sleep(Duration::from_micros(bytes as u64)).await;
    bytes
}
