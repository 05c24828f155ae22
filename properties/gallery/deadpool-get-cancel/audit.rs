//! The same reading room, and no patience written anywhere: the audit takes it away from a reader at every await.

use std::{process::ExitCode, sync::Arc, time::Duration};

use async_trait::async_trait;
use deadpool::{Manager, Pool};
use reveille::{cancel::audit, time::sleep};

struct Connection;

/// Opens connections to the catalogue.
struct Catalogue;

#[async_trait]
impl Manager<Connection, ()> for Catalogue {
    async fn create(&self) -> Result<Connection, ()> {
        sleep(Duration::from_secs(4)).await;
        Ok(Connection)
    }

    #[cfg(feature = "recycle-by-value")]
    async fn recycle(&self, connection: Connection) -> Result<Connection, ()> {
        Ok(connection)
    }

    #[cfg(not(feature = "recycle-by-value"))]
    async fn recycle(&self, _: &mut Connection) -> Result<(), ()> {
        Ok(())
    }
}

type Connections = Arc<Pool<Connection, ()>>;

async fn look_up(pool: Connections) -> bool {
    let connection = pool.get().await;
    sleep(Duration::from_secs(1)).await;
    connection.is_ok()
}

fn main() -> ExitCode {
    let package = env!("CARGO_PKG_NAME");
    let pool = || Arc::new(Pool::new(Catalogue, 1));
    gallery_harness::audited(package, audit(look_up).name(package).world(pool).bystander("reader", look_up))
}
