//! What programs ask of sockets, above the calls of the kernel: halves, looks, options, addresses, names. On both kernels.

#![cfg(all(feature = "futures-io", not(loom)))]

#[macro_use]
#[allow(dead_code, reason = "not every test needs all of it")]
mod world;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use reveille_reactor::socket::{TcpListener, TcpStream, UdpSocket, lookup_in};
use world::{LOOPBACK, World, complete, pair};

fn listener<W: World>(world: &W) -> TcpListener<W> {
    TcpListener::bind_in(world.clone(), SocketAddr::from(LOOPBACK), 4).unwrap()
}

fn halves_of_a_stream<W: World>(world: &W) {
    let (mut client, mut server) = pair(world);
    let address = server.local_addr().unwrap();
    let mut text = [0; 4];
    // Not that of the futures crate, which takes the stream.
    let (mut reader, mut writer) = TcpStream::split(&mut client);
    complete(world, async {
        writer.write_all(b"ping").await.unwrap();
        server.read_exact(&mut text).await.unwrap();
        server.write_all(&text).await.unwrap();
        reader.read_exact(&mut text).await.unwrap();
    });
    assert_eq!((&text, reader.as_ref().peer_addr().unwrap()), (b"ping", address));

    // Put together again they are the stream; those of two streams are not.
    let (reader, writer) = client.into_split();
    let (other_reader, other_writer) = server.into_split();
    let (reader, other_writer) = reader.reunite(other_writer).map_err(|error| (error.0, error.1)).unwrap_err();
    let (mut client, mut server) = (reader.reunite(writer).unwrap(), other_reader.reunite(other_writer).unwrap());
    complete(world, async {
        client.write_all(b"pong").await.unwrap();
        server.read_exact(&mut text).await.unwrap();
    });
    assert_eq!(&text, b"pong");

    // Who forgets the writing half ends nothing, who drops it ends its direction, and only that.
    let (mut reader, writer) = client.into_split();
    writer.forget();
    assert_eq!(server.try_read(&mut text).unwrap_err().kind(), ErrorKind::WouldBlock);
    let (mut server_reader, server_writer) = server.into_split();
    drop(server_writer);
    complete(world, async { assert_eq!(reader.read(&mut text).await.unwrap(), 0) });
    assert_eq!(reader.as_ref().try_write(b"x").unwrap(), 1);
    complete(world, async { assert_eq!(server_reader.read(&mut text).await.unwrap(), 1) });
}

fn closing_a_stream_ends_one_direction<W: World>(world: &W) {
    let (mut client, mut server) = pair(world);
    let mut text = Vec::new();
    complete(world, async {
        client.write_all(b"question").await.unwrap();
        client.close().await.unwrap();
        // A second time it is closed already.
        client.close().await.unwrap();
        server.read_to_end(&mut text).await.unwrap();
        server.write_all(b"answer").await.unwrap();
        drop(server);
        client.read_to_end(&mut text).await.unwrap();
    });
    assert_eq!(text, b"questionanswer");
    assert_eq!(client.try_write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

fn looks_take_nothing<W: World>(world: &W) {
    let (client, mut server) = pair(world);
    let [one, other] = [(); 2].map(|()| UdpSocket::bind_in(world.clone(), SocketAddr::from(LOOPBACK)).unwrap());
    let mut text = [0; 8];
    complete(world, async {
        server.write_all(b"abc").await.unwrap();
        for _ in 0..2 {
            assert_eq!(client.peek(&mut text).await.unwrap(), 3);
        }
        one.send_to(b"de", other.local_addr().unwrap()).await.unwrap();
        for _ in 0..2 {
            assert_eq!(other.peek_from(&mut text).await.unwrap(), (2, one.local_addr().unwrap()));
        }
        assert_eq!(other.recv(&mut text).await.unwrap(), 2);
    });
    assert_eq!(client.try_read(&mut text).unwrap(), 3);
}

fn options_of_a_stream<W: World>(world: &W) {
    let (client, mut server) = pair(world);
    for on in [true, false] {
        client.set_nodelay(on).unwrap();
        assert_eq!(client.nodelay().unwrap(), on);
    }
    assert!(client.take_error().unwrap().is_none());
    client.set_zero_linger(true).unwrap();
    drop(client);
    complete(world, async {
        assert_eq!(server.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

fn addresses_and_ports<W: World>(world: &W) {
    let (client, server) = pair(world);
    assert_eq!(client.local_addr().unwrap(), server.peer_addr().unwrap());
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
    let ports = [listener(world), listener(world)].map(|listener| listener.local_addr().unwrap().port());
    assert!(ports[0] != ports[1] && !ports.contains(&0));

    let everywhere = TcpListener::bind_in(world.clone(), "0.0.0.0:0", 4).unwrap();
    let port = everywhere.local_addr().unwrap().port();
    assert!(everywhere.local_addr().unwrap().ip().is_unspecified() && port != 0);
    complete(world, async {
        let client = TcpStream::connect_in(world.clone(), (Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let (server, peer) = everywhere.accept().await.unwrap();
        assert_eq!(server.local_addr().unwrap(), (Ipv4Addr::LOCALHOST, port).into());
        assert_eq!(peer, client.local_addr().unwrap());
    });
    let again = TcpListener::bind_in(world.clone(), ("127.0.0.1", port), 4);
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(everywhere);
    TcpListener::bind_in(world.clone(), ("127.0.0.1", port), 4).unwrap();
}

fn names_and_texts<W: World>(world: &W) {
    let listener = listener(world);
    let port = listener.local_addr().unwrap().port();
    complete(world, async {
        let known = lookup_in(world, "localhost:80").await.unwrap();
        assert_eq!(known, [SocketAddr::from(([127, 0, 0, 1], 80))]);
        TcpStream::connect_in(world.clone(), ("localhost", port)).await.unwrap();
        // Of several addresses the first that answers.
        let unused = SocketAddr::from(([127, 0, 0, 1], 1));
        TcpStream::connect_in(world.clone(), &[unused, listener.local_addr().unwrap()][..]).await.unwrap();
        let refused = TcpStream::connect_in(world.clone(), unused).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        assert!(lookup_in(world, "nobody.invalid:80").await.is_err());
        assert_eq!(lookup_in(world, "no port").await.unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

fn peers_of_datagrams<W: World>(world: &W) {
    let [one, other] = [(); 2].map(|()| UdpSocket::bind_in(world.clone(), SocketAddr::from(LOOPBACK)).unwrap());
    assert_eq!(one.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    complete(world, async {
        assert!(one.send(b"to whom").await.is_err());
        one.connect(other.local_addr().unwrap()).await.unwrap();
        assert_eq!(one.send(b"hello").await.unwrap(), 5);
        let (count, from) = other.recv_from(&mut [0; 8]).await.unwrap();
        assert_eq!((count, from), (5, one.local_addr().unwrap()));
    });
    assert_eq!(one.peer_addr().unwrap(), other.local_addr().unwrap());
}

on_both_kernels! {
    halves_of_a_stream
    closing_a_stream_ends_one_direction
    looks_take_nothing
    options_of_a_stream
    addresses_and_ports
    names_and_texts
    peers_of_datagrams
}
