//! The scripts of paths and of Unix sockets that listen, and the words that only they need.

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
    a_pair_has_no_names(p) {
        let (one, other) = p.call(|kernel| kernel.pair()).expect("makes a pair");
        p.names(one);
        p.names(other);
    }
    a_connection_talks_as_a_pair_does(p) {
        let (client, server, _) = p.unix_connection();
        p.write(client, "ping");
        p.read(server);
        p.write(server, "pong");
        p.close(server);
        p.read(client);
        p.read(client);
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
}
