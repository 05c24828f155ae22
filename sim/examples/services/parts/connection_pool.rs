//! A pool of connections to a database: a few are kept open, and whoever has a question borrows one.
//!
//! The mistake: a connection goes back to the pool whenever its borrower is done with it, also when that has given up waiting. Then the
//! answer is still on its way, and the next borrower reads it in the place of its own: a customer sees what another has asked for. (A
//! client library for Redis had that, in a busy service, in March 2023: redis-py, issue 2624.)

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use reveille::net::{TcpListener, TcpStream};
use reveille::time::{Duration, sleep, timeout};
use reveille::{JoinSet, choose, explore, node, spawn};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Explored;

/// So many connections are open at once.
const CONNECTIONS: usize = 2;
/// So long a customer waits the first time; a little longer each time after.
const PATIENCE: Duration = Duration::from_millis(15);

struct Pool {
    idle: RefCell<Vec<TcpStream>>,
    /// One for each connection that may be open. Whoever gives up waiting for one leaves nothing behind.
    permits: Semaphore,
    /// How many connections were borrowed once more, and how many were given up.
    reused: Cell<u32>,
    given_up: Cell<u32>,
    is_broken: bool,
}

impl Pool {
    fn new(is_broken: bool) -> Self {
        let (reused, given_up) = (Cell::new(0), Cell::new(0));
        Self { idle: RefCell::default(), permits: Semaphore::new(CONNECTIONS), reused, given_up, is_broken }
    }

    /// Borrows a connection: one that is idle, or a new one.
    async fn get(&self) -> io::Result<Borrowed<'_>> {
        let permit = self.permits.acquire().await.expect("nobody closes the pool");
        let idle = self.idle.borrow_mut().pop();
        let stream = match idle {
            Some(stream) => {
                self.reused.set(self.reused.get() + 1);
                stream
            }
            None => TcpStream::connect("db:5432").await?,
        };
        Ok(Borrowed { pool: self, stream: Some(stream), is_owed: false, _permit: permit })
    }
}

/// A connection that goes back to its pool when this is dropped.
struct Borrowed<'a> {
    pool: &'a Pool,
    /// `None` only while this is dropped.
    stream: Option<TcpStream>,
    /// A question has been sent, at least in part, and its answer has not been read to its end.
    is_owed: bool,
    _permit: SemaphorePermit<'a>,
}

impl Borrowed<'_> {
    async fn ask(&mut self, question: u32) -> io::Result<u32> {
        let stream = self.stream.as_mut().expect("it is not being dropped");
        self.is_owed = true;
        stream.write_all(&question.to_be_bytes()).await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        self.is_owed = false;
        Ok(u32::from_be_bytes(answer))
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        // One on which something may still come, or which is lost, is closed: that is what dropping it does.
        match self.stream.take().filter(|_| self.pool.is_broken || !self.is_owed) {
            Some(stream) => self.pool.idle.borrow_mut().push(stream),
            None => self.pool.given_up.set(self.pool.given_up.get() + 1),
        }
    }
}

/// Answers one question after the other, sooner or later.
async fn database() {
    let listener = TcpListener::bind("0.0.0.0:5432").await.unwrap();
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        drop(spawn(async move {
            let mut question = [0; 4];
            while stream.read_exact(&mut question).await.is_ok() {
                sleep(Duration::from_millis(10) * choose(3)).await;
                let answer = u32::from_be_bytes(question) + 1000;
                if stream.write_all(&answer.to_be_bytes()).await.is_err() {
                    return;
                }
            }
        }));
    }
}

/// Asks three questions, each until there is an answer.
async fn customer(pool: Rc<Pool>, number: u32) {
    for question in (0..3).map(|nth| 10 * number + nth) {
        for tries in 1.. {
            let asked = async { pool.get().await?.ask(question).await };
            match timeout(PATIENCE * tries, asked).await {
                Ok(Ok(answer)) => {
                    assert_eq!(answer, question + 1000, "an answer to somebody else's question");
                    break;
                }
                // Lost, or too late: the question is asked again.
                Ok(Err(_)) | Err(_) => sleep(Duration::from_millis(1)).await,
            }
        }
    }
}

async fn customers(is_broken: bool) {
    let pool = Rc::new(Pool::new(is_broken));
    node("db").start(database);
    sleep(Duration::from_millis(1)).await;
    let mut customers = JoinSet::new();
    for number in 1..=4 {
        customers.spawn(customer(pool.clone(), number));
    }
    while let Some(ended) = customers.join_next().await {
        ended.unwrap();
    }
    assert!(pool.idle.borrow().len() <= CONNECTIONS);
    reveille::sometimes!(pool.reused.get() > 0, "a connection is used again");
    reveille::sometimes!(pool.given_up.get() > 0, "a connection is given up");
}

/// A customer is told what another one has asked for.
pub(crate) fn broken() -> Explored {
    explore().name("connection pool, broken").run(|| customers(true))
}

/// Whatever is given up or lost, answers are those to one's own questions.
pub(crate) fn mended() -> Explored {
    explore().name("connection pool, mended").faults("heavy").run(|| customers(false))
}
