//! An async `next` that awaits again when it holds an item, against a stream that keeps the item.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::stream::Stream;
use reveille::cancel::{Tracked, audit, track};
use reveille::time::{Duration, sleep};

use super::Told;

/// Packets, which take a moment to decode.
type Packets = RefCell<VecDeque<Tracked<u32>>>;

fn packets() -> Rc<Packets> {
    Rc::new(RefCell::new([track(0), track(1), track(2)].into()))
}

struct Decoder {
    packets: Rc<Packets>,
    decoding: Option<(Tracked<u32>, Pin<Box<reveille::time::Sleep>>)>,
}

impl Stream for Decoder {
    type Item = Tracked<u32>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.decoding.is_none() {
            let Some(packet) = self.packets.borrow_mut().pop_front() else { return Poll::Ready(None) };
            self.decoding = Some((packet, Box::pin(sleep(Duration::from_secs(1)))));
        }
        if let Some((_, decoded)) = &mut self.decoding {
            std::task::ready!(decoded.as_mut().poll(context));
        }
        Poll::Ready(self.decoding.take().map(|(packet, _)| packet))
    }
}

/// The future holds the packet while it is decoded, and goes with it.
pub(crate) fn broken() -> Told {
    let async_next = audit(|packets: Rc<Packets>| async move {
        let next = packets.borrow_mut().pop_front();
        if let Some(packet) = next {
            sleep(Duration::from_secs(1)).await;
            packet.settle();
        }
    });
    async_next.name("next").world(packets).run().into()
}

/// The stream holds it, and its `next` can be dropped and made again.
pub(crate) fn mended() -> Told {
    let of_stream = audit(|decoder: Rc<RefCell<Decoder>>| async move {
        let packet = std::future::poll_fn(|context| Pin::new(&mut *decoder.borrow_mut()).poll_next(context)).await;
        packet.map(Tracked::settle).is_some()
    });
    let decoder = || Rc::new(RefCell::new(Decoder { packets: packets(), decoding: None }));
    of_stream.name("next_mended").world(decoder).run().into()
}
