//! A library's reading room.
//!
//! The catalogue allows two connections, and opening one takes a while. Most readers wait for their turn;
//! some are in a hurry, give up after a few seconds and ask at the desk instead.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use deadpool::{Manager, Pool};
use reveille::{
    spawn,
    time::{sleep, timeout},
};

const CONNECTIONS: usize = 2;

struct Connection;

#[derive(Debug)]
struct CatalogueDown;

/// Opens connections to the catalogue.
struct Catalogue;

#[async_trait]
impl Manager<Connection, CatalogueDown> for Catalogue {
    async fn create(&self) -> Result<Connection, CatalogueDown> {
        sleep(Duration::from_secs(4)).await; // The old mainframe has to be woken first.
        Ok(Connection)
    }

    #[cfg(feature = "recycle-by-value")]
    async fn recycle(&self, connection: Connection) -> Result<Connection, CatalogueDown> {
        Ok(connection)
    }

    #[cfg(not(feature = "recycle-by-value"))]
    async fn recycle(&self, _: &mut Connection) -> Result<(), CatalogueDown> {
        Ok(())
    }
}

pub async fn program() {
    let pool = Arc::new(Pool::new(Catalogue, CONNECTIONS));
    // Second of arrival, seconds of patience.
    let readers = [(0, Some(3)), (1, Some(2)), (5, None), (6, None), (7, Some(9)), (8, None)];
    let readers = readers.map(|(arrival, patience)| {
        let pool = Arc::clone(&pool);
        let reader = spawn(async move {
            sleep(Duration::from_secs(arrival)).await;
            look_up(pool, patience).await
        });
        (patience, reader)
    });

    for (patience, reader) in readers {
        let got_book = reader.await.expect("a reader left");
        assert!(got_book || patience.is_some(), "whoever has time gets the book");
    }
}

/// Looks up a book. Returns false if it took too long to get hold of the catalogue.
async fn look_up(pool: Arc<Pool<Connection, CatalogueDown>>, patience: Option<u64>) -> bool {
    let connection = match patience {
        None => pool.get().await,
        Some(seconds) => match timeout(Duration::from_secs(seconds), pool.get()).await {
            Ok(connection) => connection,
            Err(_) => return false,
        },
    };
    let _connection = connection.expect("the catalogue is up");
    sleep(Duration::from_secs(1)).await;
    true
}
