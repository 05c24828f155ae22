//! Delay bounding: the dullest schedule, but for a few delays at random points.
//!
//! Emmi, Qadeer and Rakamarić, POPL 2011: many bugs need few departures from a deterministic scheduler, at each of which the
//! task that is next is passed over. Ours is the FIFO queue, and answer *i* passes over *i* tasks, so the number of delays of a
//! run is the sum of its answers. `exhaustive:d` goes through all runs with so many, those with fewer first; here each run draws
//! one of them, so that a search of a long program that is cut short has tried several delays, and late ones, too.
//!
//! *What is drawn.* With `k` choices in the dullest run, each way to spend at most `d` delays among them is equally likely: a
//! multiset of `d` of the `k` choices and of one more, at which nothing happens. Delays that a choice cannot take, having
//! too few tasks, are spent at the next one. Choices that a run has beyond `k` get none but those.

use reveille_executor::{Choose, Hint, Kind, Point};

use super::streams::Streams;
use super::{Profile, Source};

/// Spends a few delays.
pub(crate) struct Delays {
    streams: Streams,
    delays: u32,
    /// How many schedule choices a run is expected to have.
    length: u32,
    /// At which choices one more delay is spent, counted from 0; the last one first.
    at: Vec<u32>,
    /// How many schedule choices there have been.
    step: u32,
}

impl Delays {
    pub(crate) fn new(delays: u32) -> Self {
        Self { streams: Streams::default(), delays, length: 1, at: Vec::new(), step: 0 }
    }

    /// Draws a multiset: its members, each plus its place in the order, are distinct numbers below `length + delays`, and
    /// those are drawn as Floyd does (Bentley and Floyd, CACM 1987).
    fn draw(&mut self) {
        for top in self.length..self.length.saturating_add(self.delays) {
            let drawn = self.streams.below(Kind::SCHEDULE, top + 1);
            self.at.push(if self.at.contains(&drawn) { top } else { drawn });
        }
        self.at.sort_unstable();
        for (place, at) in (0..).zip(&mut self.at) {
            *at -= place;
        }
        self.at.reverse();
    }

    /// How many delays are spent at this choice.
    fn spend(&mut self, bound: u32) -> u32 {
        let mut spent = 0;
        while spent + 1 < bound && self.at.last().is_some_and(|at| *at <= self.step) {
            self.at.pop();
            spent += 1;
        }
        self.step += 1;
        spent
    }
}

impl Choose for Delays {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        match point.hint {
            _ if self.streams.seed() == 0 => 0,
            Hint::Ready(_) => self.spend(point.bound),
            _ => self.streams.uniform(point),
        }
    }
}

impl Source for Delays {
    fn begin(&mut self, seed: u64) {
        self.streams.begin(seed);
        self.at.clear();
        self.step = 0;
        self.draw();
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.length = profile.schedule_choices;
    }
}
