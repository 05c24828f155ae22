//! Scripts with more than one outcome: two calls race, and what comes of it depends on which is first and on what has arrived by
//! then. Played often on the real kernel they give a set of outcomes, and over its seeds the simulated kernel has to give the same
//! set: none that is not real, and each that is.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use reveille_reactor::Kernel;

use crate::script::Play;
use crate::stage::Stage;

/// A call that races, and what is noted of it.
pub(crate) type Racer = Box<dyn FnOnce(&mut dyn Kernel) -> String + Send>;

/// What all plays of a script observed, each once. `stages` are where it is played.
pub(crate) fn observe_all<S: Stage>(name: &str, stages: impl Iterator<Item = S>) -> String {
    let outcomes: BTreeSet<String> = stages.map(|stage| observe(name, stage).replace("\n  ", "; ")).collect();
    outcomes.into_iter().collect()
}

impl<S: Stage> Play<S> {
    fn race(&mut self, what: [&str; 2], racers: [Racer; 2]) -> [String; 2] {
        let outcomes = self.stage.race(racers);
        self.stage.settle();
        for (what, outcome) in what.into_iter().zip(&outcomes).filter(|(what, _)| !what.is_empty()) {
            self.note(what, outcome);
        }
        outcomes
    }
}

fn kind<T: std::fmt::Display>(result: std::io::Result<T>) -> String {
    result.map_or_else(|error| format!("{:?}", error.kind()), |value| value.to_string())
}

fn connecting(address: SocketAddr) -> Racer {
    Box::new(move |kernel| {
        let client = kernel.connect(&address.into()).expect("begins");
        kernel.local_address(client).expect("has an address").to_string()
    })
}

scripts! {
    two_connect_at_once(p) {
        let (listener, address) = p.listener(16);
        let clients = p.race(["", ""], [connecting(address), connecting(address)]);
        let (_, peer) = p.call(|kernel| kernel.accept(listener)).expect("accepts");
        let first = clients.iter().position(|client| *client == peer.to_string());
        p.note("accepted first", first.map_or("nobody", |first| ["the one", "the other"][first]));
    }
    two_send_to_one_at_once(p) {
        let (one, other) = p.datagrams();
        let (target, _) = p.datagrams();
        let to = p.local(target);
        let sending = |socket, text: &'static str| -> Racer {
            Box::new(move |kernel| kind(kernel.send(socket, text.as_bytes(), Some(to))))
        };
        p.race(["", ""], [sending(one, "1"), sending(other, "12")]);
        p.receive(target, 8, false);
        p.receive(target, 8, false);
    }
    a_read_races_with_a_write(p) {
        let (client, server, _) = p.connection();
        let writing: Racer = Box::new(move |kernel| kind(kernel.write(client, b"xy")));
        let reading: Racer = Box::new(move |kernel| kind(kernel.read(server, &mut [0; 8], false)));
        p.race(["write", "read"], [writing, reading]);
        p.read(server);
    }
    a_write_races_with_a_close(p) {
        let (client, server, _) = p.connection();
        p.write(client, "unread");
        let writing: Racer = Box::new(move |kernel| kind(kernel.write(client, b"more")));
        let closing: Racer = Box::new(move |kernel| {
            kernel.close(server);
            "done".into()
        });
        p.race(["write", "close"], [writing, closing]);
        p.read(client);
        p.read(client);
    }
    an_accept_races_with_a_connect(p) {
        let (listener, address) = p.listener(16);
        let accepting: Racer = Box::new(move |kernel| kind(kernel.accept(listener).map(|_| "ok")));
        p.race(["accept", ""], [accepting, connecting(address)]);
        p.accept(listener);
    }
    a_unix_write_races_with_a_close(p) {
        let (one, other) = p.call(|kernel| kernel.pair()).expect("makes a pair");
        let writing: Racer = Box::new(move |kernel| kind(kernel.write(one, b"unread")));
        let closing: Racer = Box::new(move |kernel| {
            kernel.close(other);
            "done".into()
        });
        p.race(["write", "close"], [writing, closing]);
        p.read(one);
        p.read(one);
    }
}
