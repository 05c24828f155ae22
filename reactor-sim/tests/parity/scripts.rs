//! The scripts of TCP and UDP. Each is played on both kernels; what they observe must be the same, line by line.

use std::net::Shutdown::{Read, Write};
use std::net::SocketAddr;

use crate::script::Play;
use crate::stage::Stage;

const ANY: [u8; 4] = [0, 0, 0, 0];
const LOCAL: [u8; 4] = [127, 0, 0, 1];

scripts! {
    connect_comes_before_accept(p) {
        let (listener, address) = p.listener(16);
        p.accept(listener);
        let client = p.connect(address);
        p.connected(client);
        p.accept(listener);
        p.accept(listener);
    }
    several_connect_before_the_first_accept(p) {
        let (listener, address) = p.listener(16);
        let clients = [(); 3].map(|()| p.connect(address));
        for (client, text) in clients.into_iter().zip(["one", "two", "three"]) {
            p.write(client, text);
        }
        for _ in 0..3 {
            if let Some(server) = p.accept(listener) {
                p.read(server);
            }
        }
    }
    nobody_listens(p) {
        let (listener, address) = p.listener(16);
        p.close(listener);
        let client = p.connect(address);
        p.connected(client);
        p.read(client);
        p.write(client, "x");
        p.peer_address(client);
    }
    a_refused_connection_read_first(p) {
        let (listener, address) = p.listener(16);
        p.close(listener);
        let client = p.connect(address);
        p.take_error(client);
        p.write(client, "x");
        p.read(client);
    }
    connect_to_the_unspecified_address(p) {
        let (_, address) = p.listener(16);
        p.connect((ANY, address.port()).into());
    }
    a_full_backlog_makes_connects_wait(p) {
        let (listener, address) = p.listener(1);
        p.connect(address);
        p.connect(address);
        let late = p.connect(address);
        p.accept(listener);
        p.wait();
        p.connected(late);
        p.accept(listener);
        p.accept(listener);
    }
    bytes_sent_before_accept_are_there_after(p) {
        let (listener, address) = p.listener(16);
        let client = p.connect(address);
        p.write(client, "early");
        if let Some(server) = p.accept(listener) {
            p.read(server);
        }
    }
    accept_after_the_peer_has_closed(p) {
        let (listener, address) = p.listener(16);
        let client = p.connect(address);
        p.write(client, "left");
        p.close(client);
        if let Some(server) = p.accept(listener) {
            p.read(server);
            p.read(server);
        }
    }
    accept_after_the_peer_has_reset(p) {
        let (listener, address) = p.listener(16);
        let client = p.connect(address);
        p.reset_on_close(client);
        p.close(client);
        if let Some(server) = p.accept(listener) {
            p.read(server);
            p.read(server);
        }
    }
    shutdown_after_a_reset(p) {
        let (client, server, _) = p.connection();
        p.reset_on_close(server);
        p.close(server);
        p.shutdown(client, Write);
        p.read(client);
        p.shutdown(client, Read);
    }
    addresses_after_the_peer_has_closed(p) {
        let (client, server, _) = p.connection();
        p.close(server);
        p.peer_address(client);
        p.read(client);
        p.local_address(client);
        p.write(client, "one");
        p.peer_address(client);
    }
    linger_zero_is_a_reset(p) {
        let (client, server, _) = p.connection();
        p.reset_on_close(server);
        p.close(server);
        p.read(client);
        p.read(client);
        p.write(client, "x");
    }
    linger_zero_after_shutdown(p) {
        let (client, server, _) = p.connection();
        p.reset_on_close(server);
        p.shutdown(server, Write);
        p.close(server);
        p.read(client);
        p.read(client);
        p.write(client, "x");
    }
    write_meets_a_reset_by_lingering_first(p) {
        let (client, server, _) = p.connection();
        p.reset_on_close(server);
        p.close(server);
        p.write(client, "one");
        p.write(client, "two");
        p.read(client);
    }
    an_empty_write_meets_a_reset(p) {
        let (client, server, _) = p.connection();
        p.reset_on_close(server);
        p.close(server);
        p.write(client, "");
        p.write(client, "");
    }
    a_pending_error_is_taken_once(p) {
        let (client, server, _) = p.connection();
        p.take_error(client);
        p.reset_on_close(server);
        p.close(server);
        p.take_error(client);
        p.take_error(client);
        p.read(client);
        p.write(client, "x");
    }
    bytes_that_arrived_before_a_reset_are_read(p) {
        let (client, server, _) = p.connection();
        p.write(server, "before");
        p.reset_on_close(server);
        p.close(server);
        p.peek(client);
        p.read(client);
        p.read(client);
        p.read(client);
    }
    addresses_after_a_reset(p) {
        let (client, server, _) = p.connection();
        p.peer_address(client);
        p.reset_on_close(server);
        p.close(server);
        p.peer_address(client);
        p.local_address(client);
    }
    reset_after_the_end_of_the_stream(p) {
        let (client, server, _) = p.connection();
        p.write(client, "unread");
        p.shutdown(server, Write);
        p.read(client);
        p.close(server);
        p.read(client);
        p.write(client, "x");
        p.write(client, "x");
    }
    peek_takes_nothing(p) {
        let (client, server, _) = p.connection();
        p.peek(server);
        p.write(client, "abc");
        p.peek(server);
        p.peek(server);
        p.read(server);
        p.peek(server);
    }
    a_listener_closes_with_connections_waiting(p) {
        let (listener, address) = p.listener(16);
        let client = p.connect(address);
        p.write(client, "hello?");
        p.close(listener);
        p.read(client);
        p.read(client);
        p.connect(address);
    }
    a_connection_outlives_its_listener(p) {
        let (client, server, listener) = p.connection();
        p.close(listener);
        p.write(client, "still here");
        p.read(server);
    }
    a_port_is_free_again_while_connections_live(p) {
        let (client, server, listener) = p.connection();
        let address = p.local(listener);
        p.close(listener);
        p.listen("the same port", address);
        p.connect(address);
        p.write(client, "x");
        p.read(server);
    }
    a_port_is_free_again_after_connections_closed(p) {
        let (client, server, listener) = p.connection();
        let address = p.local(listener);
        p.close(server);
        p.close(client);
        p.close(listener);
        p.listen("the same port", address);
    }
    ports_are_taken(p) {
        let (_, address) = p.listener(16);
        p.listen("the same address", address);
        p.listen("the same port of every address", (ANY, address.port()).into());
    }
    a_wildcard_takes_a_port_of_every_address(p) {
        if let Some(listener) = p.listen("any", (ANY, 0).into()) {
            let port = p.local(listener).port();
            p.listen("one of them", (LOCAL, port).into());
            p.connect((LOCAL, port).into());
            p.accept(listener);
        }
    }
    foreign_addresses_cannot_be_bound(p) {
        p.listen("a documentation address", ([192, 0, 2, 1], 0).into());
        p.bind_datagram("a documentation address", ([192, 0, 2, 1], 0).into());
    }
    ports_of_streams_and_datagrams_are_apart(p) {
        let (_, address) = p.listener(16);
        p.bind_datagram("the same port", address);
    }
    bytes_before_a_close_that_does_not_linger(p) {
        let (client, server, _) = p.connection();
        p.reset_on_close(client);
        p.write_and_close(client, "last words");
        p.read(server);
        p.read(server);
        p.read(server);
    }
    nodelay_is_remembered(p) {
        let (client, _, _) = p.connection();
        p.nodelay(client, true);
        p.nodelay(client, false);
    }
    datagrams_keep_their_borders(p) {
        let (one, two) = p.datagrams();
        let to = p.local(two);
        p.send(one, 3, Some(to));
        p.send(one, 5, Some(to));
        p.receive(two, 64, false);
        p.receive(two, 64, false);
        p.receive(two, 64, false);
    }
    a_datagram_is_cut_to_the_room(p) {
        let (one, two) = p.datagrams();
        let to = p.local(two);
        p.send(one, 10, Some(to));
        p.send(one, 2, Some(to));
        p.receive(two, 4, true);
        p.receive(two, 4, false);
        p.receive(two, 4, false);
    }
    empty_datagrams_arrive(p) {
        let (one, two) = p.datagrams();
        let to = p.local(two);
        p.send(one, 0, Some(to));
        p.receive(two, 4, false);
        p.receive(two, 4, false);
    }
    the_longest_datagram(p) {
        let (one, two) = p.datagrams();
        let to = p.local(two);
        p.send(one, 65_507, Some(to));
        p.receive(two, 70_000, false);
        p.send(one, 65_508, Some(to));
        p.receive(two, 70_000, false);
    }
    a_datagram_to_nobody(p) {
        let (one, two) = p.datagrams();
        let to = p.local(two);
        p.close(two);
        p.send(one, 1, Some(to));
        p.receive(one, 4, false);
        p.send(one, 1, Some(to));
    }
    a_datagram_to_a_peer_that_is_nobody(p) {
        let (one, two) = p.datagrams();
        let to = p.local(two);
        p.close(two);
        p.connect_datagram(one, to);
        p.send(one, 1, None);
        p.receive(one, 4, false);
        p.receive(one, 4, false);
        p.send(one, 1, None);
        p.send(one, 1, None);
        p.send(one, 1, None);
        p.take_error(one);
        p.take_error(one);
    }
    a_socket_with_a_peer_hears_nobody_else(p) {
        let (one, two) = p.datagrams();
        let (_, three) = p.datagrams();
        let (first, second) = (p.local(one), p.local(two));
        p.connect_datagram(one, second);
        p.send(three, 7, Some(first));
        p.receive(one, 64, false);
        p.send(two, 5, Some(first));
        p.receive(one, 64, false);
    }
    a_datagram_to_the_peer_of_somebody_else(p) {
        let (one, two) = p.datagrams();
        let (three, four) = p.datagrams();
        let (first, second) = (p.local(one), p.local(two));
        p.connect_datagram(one, second);
        p.connect_datagram(three, first);
        p.send(three, 3, None);
        p.receive(three, 64, false);
        p.send(three, 3, None);
        p.send(four, 3, Some(first));
        p.receive(four, 64, false);
        p.receive(one, 64, false);
    }
    a_datagram_to_nobody_from_a_socket_with_a_peer(p) {
        let (one, two) = p.datagrams();
        let (three, _) = p.datagrams();
        let (second, third) = (p.local(two), p.local(three));
        p.close(three);
        p.connect_datagram(one, second);
        p.send(one, 3, Some(third));
        p.receive(one, 64, false);
        p.take_error(one);
        p.connect_datagram(one, third);
        p.send(one, 3, Some(second));
        p.receive(one, 64, false);
        p.receive(two, 64, false);
    }
    no_peer(p) {
        let (one, _) = p.datagrams();
        p.send(one, 1, None);
        p.peer_address(one);
    }
    a_wildcard_socket_takes_the_address_that_it_talks_from(p) {
        let (_, two) = p.datagrams();
        let to = p.local(two);
        if let Some(one) = p.bind_datagram("any", (ANY, 0).into()) {
            p.connect_datagram(one, to);
            let own: SocketAddr = p.local(one);
            p.note("own address", own.ip());
            p.peer_address(one);
            p.send(one, 3, None);
            p.receive(two, 64, false);
        }
    }
    datagram_ports_are_taken(p) {
        let (one, _) = p.datagrams();
        let address = p.local(one);
        p.bind_datagram("the same port", address);
        p.bind_datagram("the same port of every address", (ANY, address.port()).into());
    }
}
