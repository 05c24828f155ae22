//! A bookshop that asks its wholesaler for prices.
//!
//! The shop runs on smol's executor. A connection to the wholesaler is driven by a task of its own, so that several
//! shop assistants can ask at once and each gets the answer to their own question.

use std::rc::Rc;

use async_channel::{Receiver, Sender, bounded, unbounded};
use async_executor::LocalExecutor;
use reveille::{spawn, yield_now};

type Question = (&'static str, Sender<usize>);

/// A connection to the wholesaler.
#[derive(Clone)]
struct Connection {
    questions: Sender<Question>,
}

impl Connection {
    fn open(executor: &LocalExecutor<'static>) -> Self {
        let (questions, inbox) = unbounded();
        let _driver = executor.spawn(drive(inbox));
        Self { questions }
    }

    /// Asks for the price of a book.
    async fn price(&self, title: &'static str) -> usize {
        let (reply_to, reply) = bounded(1);
        self.questions.send((title, reply_to)).await.expect("the connection is open");
        reply.recv().await.expect("the wholesaler answers")
    }
}

async fn drive(questions: Receiver<Question>) {
    while let Ok((title, reply_to)) = questions.recv().await {
        yield_now().await; // Over the wire and back.
        // An assistant who has given up needs no answer.
        reply_to.send(title.len()).await.ok();
    }
}

pub async fn program() {
    let executor = Rc::new(LocalExecutor::new());
    let assistants = spawn({
        let executor = Rc::clone(&executor);
        async move {
            let connection = Connection::open(&executor);
            let titles = ["Emma", "Middlemarch", "Ulysses"];
            let asking = titles.map(|title| {
                let connection = connection.clone();
                executor.spawn(async move { connection.price(title).await })
            });
            let mut bill = 0;
            executor
                .run(async {
                    for price in asking {
                        bill += price.await;
                    }
                })
                .await;
            bill
        }
    });
    assert_eq!(assistants.await.expect("the shop is open"), 22, "the price of a book is the length of its title");
}
