//! Histories of registers, good and bad.

use reveille_properties::linear::{Call, RegisterOp};

/// The calls of a history, in the order in which they began, with the number of their client.
pub type Calls = Vec<(usize, Call<RegisterOp, Option<u64>>)>;

/// What histories are like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How many calls there are.
    pub calls: usize,
    /// How many clients make them, each one after the other.
    pub clients: usize,
    /// How many registers there are.
    pub keys: usize,
    /// Whether one read returns an older value.
    pub is_bad: bool,
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % bound
    }
}

/// A call that has begun: its place in the history, and whether it has taken effect.
#[derive(Clone, Copy)]
struct Open {
    call: usize,
    done: bool,
    read: u64,
}

/// A history of that shape. At each moment a client begins a call, has it take effect, or gets its answer.
pub fn history(shape: Shape, seed: u64) -> Calls {
    let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed + 1));
    let mut registers = [0_u64; NAMES.len()];
    let mut open: Vec<Option<Open>> = vec![None; shape.clients];
    let mut calls: Calls = Vec::new();
    let mut now = 0_u64;
    while calls.len() < shape.calls || open.iter().any(Option::is_some) {
        let client = random.below(shape.clients);
        now += 1;
        match open[client] {
            None if calls.len() < shape.calls => {
                let key = NAMES[random.below(shape.keys)];
                // Every value is written once, so that a read says which write it saw.
                let value = 1 + calls.len() as u64;
                let op = if random.below(2) == 0 { RegisterOp::Read(key) } else { RegisterOp::Write(key, value) };
                open[client] = Some(Open { call: calls.len(), done: false, read: 0 });
                calls.push((client, Call { op, begun: now.into(), returned: None }));
            }
            None => {}
            Some(mut this) if !this.done => {
                this.done = true;
                match &calls[this.call].1.op {
                    RegisterOp::Read(name) => this.read = registers[place(name)],
                    RegisterOp::Write(name, value) => registers[place(name)] = *value,
                }
                open[client] = Some(this);
            }
            Some(this) => {
                let is_read = matches!(calls[this.call].1.op, RegisterOp::Read(_));
                calls[this.call].1.returned = Some((now.into(), is_read.then_some(this.read)));
                open[client] = None;
            }
        }
    }
    if shape.is_bad {
        spoil(&mut calls);
    }
    calls
}

fn place(name: &str) -> usize {
    NAMES.iter().position(|other| *other == name).expect("it is one of the names")
}

/// Has the last read for which there is one return the value before the last that was surely there when it began.
fn spoil(calls: &mut Calls) {
    for at in (0..calls.len()).rev() {
        let RegisterOp::Read(name) = calls[at].1.op else { continue };
        let begun = calls[at].1.begun.nth;
        let mut written: Vec<(u64, u64)> = Vec::new();
        for (_, call) in calls.iter() {
            if let (RegisterOp::Write(other, value), Some((end, _))) = (&call.op, &call.returned)
                && *other == name
                && end.nth < begun
            {
                written.push((call.begun.nth, *value));
            }
        }
        written.sort_unstable();
        if written.len() >= 2 {
            let returned = calls[at].1.returned.as_mut().expect("every call has returned");
            returned.1 = Some(written[0].1);
            return;
        }
    }
}
