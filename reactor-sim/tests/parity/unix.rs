//! The scripts of Unix sockets, and the words that only they need.

use std::net::Shutdown::{Both, Read, Write};
use std::path::{Path, PathBuf};

use reveille_reactor::{Address, SocketId};

use crate::script::Play;
use crate::stage::Stage;

/// Setting the scene: nothing is written down, everything has to work.
impl<S: Stage> Play<S> {
    fn path(&mut self, name: &str) -> PathBuf {
        self.stage.path(name)
    }

    fn unix_listener(&mut self, backlog: u32) -> (SocketId, PathBuf) {
        let path = self.path("socket");
        let listener = self.call(|kernel| kernel.listen(&Address::from(path.as_path()), backlog)).expect("listens");
        (listener, path)
    }

    /// Two ends that were made together.
    fn unix_pair(&mut self) -> (SocketId, SocketId) {
        self.call(|kernel| kernel.pair()).expect("makes a pair")
    }

    /// A connection: the end that asked, the end that was accepted, and the listener.
    fn unix_connection(&mut self) -> (SocketId, SocketId, SocketId) {
        let (listener, path) = self.unix_listener(16);
        let client = self.call(|kernel| kernel.connect(&Address::from(path.as_path()))).expect("connects");
        let (server, _) = self.call(|kernel| kernel.accept(listener)).expect("accepts");
        (client, server, listener)
    }

    fn make_file(&mut self, path: &Path) {
        self.stage.make_file(path).expect("makes a file");
    }
}

/// Calls whose outcome is written down.
impl<S: Stage> Play<S> {
    fn bind(&mut self, what: &str, path: &Path) -> Option<SocketId> {
        let result = self.call(|kernel| kernel.listen(&Address::from(path), 16));
        self.outcome(&format!("listen on {what}"), result)
    }

    fn dial(&mut self, path: &Path) -> Option<SocketId> {
        let result = self.call(|kernel| {
            let socket = kernel.connect(&Address::from(path))?;
            kernel.connected(socket).map(|()| socket)
        });
        self.outcome("connect", result)
    }

    fn is_socket(&mut self, path: &Path) {
        match self.stage.is_socket(path) {
            Ok(is_socket) => self.note("there is a socket", is_socket),
            Err(error) => self.note("there is a socket", format_args!("{:?}", error.kind())),
        }
    }

    fn remove_file(&mut self, path: &Path) {
        let result = self.stage.remove_file(path);
        self.outcome("remove the file", result);
    }

    fn rename(&mut self, from: &Path, to: &Path) {
        let result = self.stage.rename(from, to);
        self.outcome("rename the file", result);
    }

    /// The names of both ends, as far as they do not depend on where the files are.
    fn names(&mut self, socket: SocketId) {
        let own = self.call(|kernel| kernel.local_address(socket));
        let peers = self.call(|kernel| kernel.peer_address(socket));
        for (what, address) in [("own name", own), ("name of the peer", peers)] {
            match address {
                Ok(Address::Path(Some(path))) => {
                    let name = path.file_name().expect("a path of a file").to_string_lossy().into_owned();
                    self.note(what, name);
                }
                Ok(Address::Path(None)) => self.note(what, "none"),
                Ok(Address::Internet(address)) => self.note(what, address),
                Err(error) => self.note(what, format_args!("{:?}", error.kind())),
            }
        }
    }
}

scripts! {
    a_pair_talks_both_ways(p) {
        let (one, other) = p.unix_pair();
        p.names(one);
        p.write(one, "ping");
        p.read(other);
        p.write(other, "pong");
        p.read(one);
        p.read(one);
    }
    a_connection_talks_both_ways(p) {
        let (client, server, _) = p.unix_connection();
        p.write(client, "ping");
        p.read(server);
        p.write(server, "pong");
        p.read(client);
        p.read(client);
    }
    bytes_of_several_writes_are_one_stream(p) {
        let (one, other) = p.unix_pair();
        p.write(one, "abc");
        p.write(one, "def");
        p.read_up_to(other, 4);
        p.read_up_to(other, 1);
        p.read(other);
    }
    names_of_a_connection(p) {
        let (client, server, listener) = p.unix_connection();
        p.names(listener);
        p.names(client);
        p.names(server);
        p.close(server);
        p.names(client);
        p.close(listener);
        p.names(client);
    }
    connect_comes_before_accept(p) {
        let (listener, path) = p.unix_listener(16);
        p.accept(listener);
        let client = p.dial(&path);
        p.accept(listener);
        p.accept(listener);
        client.into_iter().for_each(|client| p.connected(client));
    }
    several_connect_before_the_first_accept(p) {
        let (listener, path) = p.unix_listener(16);
        for text in ["one", "two", "three"] {
            if let Some(client) = p.dial(&path) {
                p.write(client, text);
            }
        }
        for _ in 0..3 {
            if let Some(server) = p.accept(listener) {
                p.read(server);
            }
        }
    }
    a_full_backlog_refuses_for_now(p) {
        let (listener, path) = p.unix_listener(1);
        for _ in 0..4 {
            p.dial(&path);
        }
        p.accept(listener);
        p.dial(&path);
        p.dial(&path);
    }
    nothing_is_there(p) {
        let path = p.path("nothing");
        p.dial(&path);
        let below = path.join("socket");
        p.dial(&below);
        p.bind("a path without its directory", &below);
    }
    the_listener_is_gone(p) {
        let (listener, path) = p.unix_listener(16);
        p.close(listener);
        p.dial(&path);
        p.is_socket(&path);
        p.bind("what it left behind", &path);
        p.remove_file(&path);
        p.dial(&path);
        p.bind("the path", &path);
        p.dial(&path);
    }
    a_file_is_no_listener(p) {
        let path = p.path("file");
        p.make_file(&path);
        p.dial(&path);
        p.bind("a file", &path);
        p.dial(&path.join("below"));
        p.bind("a path below a file", &path.join("below"));
        p.is_socket(&path);
    }
    a_directory_is_no_listener(p) {
        let here = p.path(".");
        p.dial(&here);
        p.bind("a directory", &here);
    }
    a_path_is_taken(p) {
        let (_, path) = p.unix_listener(16);
        p.bind("a path that is taken", &path);
        p.dial(&path);
    }
    a_removed_path_is_free(p) {
        let (first, path) = p.unix_listener(16);
        p.dial(&path);
        p.remove_file(&path);
        p.dial(&path);
        p.accept(first);
        if let Some(second) = p.bind("the path", &path) {
            p.dial(&path);
            p.accept(first);
            p.accept(second);
            p.names(first);
            p.close(first);
            p.dial(&path);
        }
    }
    a_renamed_path_leads_to_its_listener(p) {
        let (listener, path) = p.unix_listener(16);
        let new = p.path("renamed");
        p.rename(&path, &new);
        p.dial(&path);
        if let Some(client) = p.dial(&new) {
            p.names(client);
        }
        p.accept(listener);
        p.bind("the old path", &path);
        p.is_socket(&new);
    }
    a_file_moved_over_a_path(p) {
        let (listener, path) = p.unix_listener(16);
        let file = p.path("file");
        p.make_file(&file);
        p.rename(&file, &path);
        p.dial(&path);
        p.is_socket(&path);
        p.accept(listener);
    }
    paths_have_an_end(p) {
        let long = p.path(&"x".repeat(120));
        p.bind("a long path", &long);
        p.dial(&long);
    }
    one_direction_ends(p) {
        let (one, other) = p.unix_pair();
        p.write(one, "last");
        p.shutdown(one, Write);
        p.write(one, "x");
        p.write(one, "");
        p.read(other);
        p.read(other);
        p.write(other, "still");
        p.read(one);
        p.read(one);
        p.shutdown(one, Write);
    }
    reading_ends(p) {
        let (one, other) = p.unix_pair();
        p.shutdown(one, Read);
        p.read(one);
        p.write(other, "x");
        p.write(one, "still");
        p.read(other);
        p.read(other);
    }
    reading_ends_with_bytes_there(p) {
        let (one, other) = p.unix_pair();
        p.write(other, "there");
        p.shutdown(one, Read);
        p.write(other, "late");
        p.read(one);
        p.read(one);
    }
    both_directions_end(p) {
        let (one, other) = p.unix_pair();
        p.write(one, "before");
        p.shutdown(one, Both);
        p.read(one);
        p.write(one, "x");
        p.read(other);
        p.read(other);
        p.write(other, "x");
        p.shutdown(other, Both);
    }
    the_peer_closes(p) {
        let (client, server, _) = p.unix_connection();
        p.write(server, "last words");
        p.close(server);
        p.read(client);
        p.read(client);
        p.take_error(client);
        p.shutdown(client, Write);
        p.read(client);
    }
    write_after_the_peer_has_closed(p) {
        let (one, other) = p.unix_pair();
        p.close(other);
        p.write(one, "one");
        p.write(one, "two");
        p.write(one, "");
        p.read(one);
    }
    close_with_unread_bytes_is_a_reset(p) {
        let (one, other) = p.unix_pair();
        p.write(one, "unread");
        p.close(other);
        p.read(one);
        p.read(one);
        p.write(one, "x");
    }
    close_with_unread_bytes_loses_nothing_that_was_written(p) {
        let (one, other) = p.unix_pair();
        p.write(other, "read me");
        p.write(one, "unread");
        p.close(other);
        p.read(one);
        p.read(one);
        p.read(one);
    }
    write_meets_a_reset_first(p) {
        let (one, other) = p.unix_pair();
        p.write(one, "unread");
        p.close(other);
        p.write(one, "x");
        p.write(one, "");
        p.read(one);
        p.read(one);
    }
    a_reset_is_taken_once(p) {
        let (one, other) = p.unix_pair();
        p.take_error(one);
        p.write(one, "unread");
        p.close(other);
        p.take_error(one);
        p.take_error(one);
        p.read(one);
    }
    a_connection_that_is_never_accepted(p) {
        let (listener, path) = p.unix_listener(16);
        let (first, second) = (p.dial(&path), p.dial(&path));
        p.close(listener);
        if let (Some(first), Some(second)) = (first, second) {
            p.read(first);
            p.read(first);
            p.write(first, "x");
            p.write(second, "x");
            p.read(second);
        }
    }
    a_client_is_gone_before_it_is_accepted(p) {
        let (listener, path) = p.unix_listener(16);
        if let Some(client) = p.dial(&path) {
            p.write(client, "hello");
            p.close(client);
        }
        if let Some(server) = p.accept(listener) {
            p.write(server, "x");
            p.read(server);
            p.read(server);
        }
    }
    empty_reads_and_writes(p) {
        let (one, other) = p.unix_pair();
        p.write(one, "");
        p.read(other);
        p.read_up_to(other, 0);
        p.write(one, "x");
        p.read_up_to(other, 0);
        p.read(other);
        p.shutdown(one, Write);
        p.read_up_to(other, 0);
    }
    an_empty_read_leaves_an_error(p) {
        let (one, other) = p.unix_pair();
        p.write(one, "unread");
        p.close(other);
        p.read_up_to(one, 0);
        p.read(one);
        p.read(one);
    }
    full_then_drained(p) {
        let (one, other) = p.unix_pair();
        let written = p.fill(one);
        let read = p.drain(other);
        p.note("all of it came", written == read);
        p.write(one, "more");
        p.read(other);
    }
    full_then_closed(p) {
        let (one, other) = p.unix_pair();
        let written = p.fill(one);
        p.close(one);
        let read = p.drain(other);
        p.note("all of it came", written == read);
        p.read(other);
    }
    full_then_the_reader_closes(p) {
        let (one, other) = p.unix_pair();
        p.fill(one);
        p.close(other);
        p.write(one, "x");
        p.read(one);
        p.read(one);
    }
}
