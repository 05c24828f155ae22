//! Every run there is, those with few delays first.
//!
//! Answer *i* of a schedule choice delays *i* tasks by one turn. Runs come in the order of their delays: first the one with
//! none, then all with one, and so on (iterative context bounding, Musuvathi and Qadeer, PLDI 2007; delay bounding, Emmi,
//! Qadeer and Rakamarić, POPL 2011): small bounds find most bugs, and how far the search has come can be said in a sentence
//! when it does not come to the end. No run is repeated: a tape is made from the one that agrees with it up to its last
//! unusual answer and is usual from there on, and that is one tape only.
//!
//! Deliberately absent: pruning of runs that differ by the order of independent polls (sleep sets). What a poll touches is
//! memory of the program's own, so no two polls are known to be independent, and nothing may be pruned.

use std::collections::BTreeMap;

use reveille_executor::{Choose, Kind, Point};

use super::{Reached, Source};
use crate::draws::Draw;

/// Tries all tapes.
#[derive(Debug, Default)]
pub(crate) struct Exhaustive {
    /// The most delays in a run; `None` for any number.
    delays_max: Option<u32>,
    /// What has been run and has neighbours that have not, by the number of delays of the next neighbour.
    frontier: BTreeMap<u32, Vec<Node>>,
    /// How many nodes there are in `frontier`.
    nodes: usize,
    /// How many draws they hold together.
    kept: usize,
    /// The unusual start of the current run: its answers up to the last that is not 0.
    prefix: Vec<Draw>,
    /// What was asked in the current run, and answered.
    draws: Vec<Draw>,
    /// The most delays of a run up to which none is left out, in order.
    delays: u32,
    /// Runs with more delays came before some with fewer: the frontier had become too large.
    is_depth_first: bool,
    finished: bool,
}

/// A run, and which of the tapes that depart from it come next.
#[derive(Debug)]
struct Node {
    draws: Vec<Draw>,
    /// The delays of the run itself.
    delays: u32,
    /// Departures begin here: what comes before belongs to other nodes.
    from: usize,
    /// The position to depart at.
    at: usize,
    /// The answer to give there.
    value: u32,
    /// Whether schedule choices are departed at; other choices, which delay nobody, come before them.
    delaying: bool,
}

impl Node {
    /// How many delays a run has that departs as the node says.
    fn cost(&self) -> u32 {
        if self.delaying { self.delays + self.value } else { self.delays }
    }

    /// Turns to the first departure from the current one on that there is; false if there is none.
    fn settle(&mut self) -> bool {
        let value_max = self.draws[self.from..].iter().map(|draw| draw.bound - 1).max().unwrap_or(0);
        loop {
            let fits = |draw: &Draw| (draw.kind == Kind::SCHEDULE) == self.delaying && draw.bound > self.value;
            if let Some(ahead) = self.draws[self.at..].iter().position(fits) {
                self.at += ahead;
                return true;
            }
            (self.at, self.value) = (self.from, self.value + 1);
            if self.value > value_max {
                if self.delaying {
                    return false;
                }
                (self.value, self.delaying) = (1, true);
            }
        }
    }
}

/// With more draws in memory than this, some 50 MB, the search goes depth first, which keeps few.
const KEPT_MAX: usize = 1 << 22;

impl Exhaustive {
    pub(crate) fn new(delays_max: Option<u32>) -> Self {
        Self { delays_max, ..Self::default() }
    }

    fn delay(draw: &Draw) -> u32 {
        if draw.kind == Kind::SCHEDULE { draw.value } else { 0 }
    }

    /// Keeps `node` if there is a departure from it within the bound.
    fn keep(&mut self, mut node: Node) {
        if node.settle() && self.delays_max.is_none_or(|max| node.cost() <= max) {
            self.nodes += 1;
            self.kept += node.draws.len();
            self.frontier.entry(node.cost()).or_default().push(node);
        }
    }

    /// Turns to the next tape; false if there is none.
    fn advance(&mut self) -> bool {
        self.is_depth_first |= self.kept > KEPT_MAX;
        let next = if self.is_depth_first { self.frontier.last_entry() } else { self.frontier.first_entry() };
        let Some(mut entry) = next else { return false };
        let delays = *entry.key();
        let Some(mut node) = entry.get_mut().pop() else { return false };
        if entry.get().is_empty() {
            entry.remove();
        }
        self.nodes -= 1;
        self.kept -= node.draws.len();
        if !self.is_depth_first {
            self.delays = delays;
        }
        self.prefix.clear();
        self.prefix.extend_from_slice(&node.draws[..=node.at]);
        self.prefix[node.at].value = node.value;
        node.at += 1;
        self.keep(node);
        true
    }
}

impl Choose for Exhaustive {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        // Where a program asks something else than it did, it does not repeat itself; that is found by the comparison.
        let value = self.prefix.get(self.draws.len()).map_or(0, |draw| draw.value).min(point.bound - 1);
        self.draws.push(Draw { kind: point.kind, bound: point.bound, value });
        value
    }
}

impl Source for Exhaustive {
    fn begin(&mut self, _seed: u64) {
        self.draws.clear();
    }

    fn ended(&mut self) {
        let draws = self.draws.clone();
        let (delays, from) = (draws.iter().map(Self::delay).sum(), self.prefix.len().min(draws.len()));
        self.keep(Node { draws, delays, from, at: from, value: 1, delaying: false });
        self.finished = !self.advance();
    }

    fn is_finished(&self) -> bool {
        self.finished
    }

    fn reached(&self) -> Option<Reached> {
        // Runs with `delays` delays are under way, those with fewer are done.
        let done = if self.finished { self.delays_max } else { self.delays.checked_sub(1) };
        Some(Reached { delays: done, pending: self.nodes })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Runs a program that asks for `bounds`, and returns all answers given.
    fn all(delays_max: Option<u32>, kind: Kind, bounds: &[u32]) -> Vec<Vec<u32>> {
        let mut source = Exhaustive::new(delays_max);
        let mut runs = Vec::new();
        while !source.is_finished() {
            source.begin(0);
            runs.push(bounds.iter().map(|&bound| source.choose(Point::new(kind, bound))).collect());
            source.ended();
        }
        runs
    }

    #[test]
    fn all_answers_come_once_and_those_with_few_delays_first() {
        for kind in [Kind::SCHEDULE, Kind::new(b'c')] {
            let mut runs = all(None, kind, &[4, 3, 2]);
            let delays: Vec<u32> = runs.iter().map(|run| run.iter().sum()).collect();
            assert!(kind != Kind::SCHEDULE || delays.is_sorted(), "{delays:?}");
            assert_eq!(runs[0], [0, 0, 0]);
            runs.sort();
            runs.dedup();
            assert_eq!(runs.len(), 24);
        }
    }

    #[test]
    fn a_bound_leaves_out_what_delays_more() {
        let bounded = |max| all(Some(max), Kind::SCHEDULE, &[2, 3]);
        assert_eq!(bounded(0), [[0, 0]]);
        assert_eq!(bounded(1).len(), 3);
        assert_eq!(bounded(2).len(), 5);
        assert_eq!(bounded(3).len(), 6);
    }

    #[test]
    fn questions_that_depend_on_answers_are_all_asked() {
        let mut source = Exhaustive::new(None);
        let mut runs = 0;
        while !source.is_finished() {
            source.begin(0);
            let first = source.choose(Point::new(Kind::SCHEDULE, 3));
            for _ in 0..first {
                source.choose(Point::new(Kind::SCHEDULE, 2));
            }
            source.ended();
            runs += 1;
        }
        assert_eq!(runs, 1 + 2 + 4);
    }

    #[test]
    fn a_frontier_that_is_too_large_is_searched_depth_first_and_still_whole() {
        let mut source = Exhaustive::new(None);
        source.is_depth_first = true;
        let mut runs = 0;
        while !source.is_finished() {
            source.begin(0);
            for _ in 0..4 {
                source.choose(Point::new(Kind::SCHEDULE, 3));
            }
            source.ended();
            runs += 1;
        }
        assert_eq!(runs, 81);
    }
}
