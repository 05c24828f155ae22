//! Which rows of a schedule are shown, where it is too long for a screen.
//!
//! What the rest of the report speaks of is never left out: a row that it names, and what was written to a disk before a crash took
//! some of it. Of the others there are as many as fit.

use std::collections::BTreeSet;

use super::Row;

/// At most so many rows are shown, but for those that have to be: a screen.
pub(super) const ROWS_MAX: usize = 24;
/// So many rows at the end are shown in any case: where it went wrong.
const LAST_ROWS: usize = 8;
/// So many rows before a crash that took something are shown in which a disk was written to.
const WRITES_MAX: usize = 8;
/// So many rows between two of those are shown as well: who asked for the one, and who went on after the other.
const BETWEEN_MAX: usize = 8;

/// How much of a schedule is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A screen.
    #[default]
    Screen,
    /// Every row.
    Whole,
}

/// The steps that `text` names, in the words of a report: `step 4`.
pub(crate) fn steps_named(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.split("step ").skip(1).filter_map(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    })
}

/// The numbers of the rows that are shown: all of a few; else those of the steps in `named`, what is behind the loss of a disk, the last,
/// and as many of those around what is unusual as there is room for.
pub(super) fn shown(rows: &[Row], named: &BTreeSet<u64>, extent: Extent) -> Vec<usize> {
    if rows.len() <= ROWS_MAX || extent == Extent::Whole {
        return (0..rows.len()).collect();
    }
    let mut shown: BTreeSet<usize> = (rows.len() - LAST_ROWS..rows.len()).collect();
    shown.extend((0..rows.len()).filter(|&nth| named.contains(&rows[nth].step)));
    shown.extend(losses(rows));
    for (nth, _) in rows.iter().enumerate().filter(|(_, row)| row.unusual || row.is_noteworthy) {
        if shown.len() < ROWS_MAX {
            shown.extend([nth.saturating_sub(1), nth]);
        }
    }
    // That one row is left out takes a line as well.
    let gaps: Vec<_> = shown.iter().zip(shown.iter().skip(1)).filter(|(one, next)| *next - *one == 2).collect();
    let filled: Vec<_> = gaps.into_iter().map(|(one, _)| one + 1).collect();
    shown.extend(filled);
    shown.into_iter().collect()
}

/// The crashes that took something, and before each of them what was written last since the one before.
fn losses(rows: &[Row]) -> Vec<usize> {
    let mut shown = Vec::new();
    let mut since = 0;
    for nth in (0..rows.len()).filter(|&nth| rows[nth].is_loss) {
        let mut next = nth;
        shown.push(nth);
        for write in (since..nth).rev().filter(|&nth| rows[nth].writes).take(WRITES_MAX) {
            shown.push(write);
            if next - write <= BETWEEN_MAX + 1 {
                shown.extend(write + 1..next);
            }
            next = write;
        }
        since = nth + 1;
    }
    shown
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn polls(count: u64) -> Vec<Row> {
        (1..=count).map(|step| Row { step, ..Row::default() }).collect()
    }

    #[test]
    fn the_steps_that_a_text_names_are_found() {
        let text = "was woken at step 4, at 5s, and not polled\n  for 38s, until step 19, at 43s; steps and step one count not";
        assert_eq!(steps_named(text).collect::<Vec<_>>(), [4, 19]);
    }

    #[test]
    fn a_row_that_the_report_names_is_shown_however_many_are_unusual() {
        let mut rows = polls(200);
        rows.iter_mut().skip(100).for_each(|row| row.unusual = true);
        let named = BTreeSet::from([40, 57]);
        let shown = shown(&rows, &named, Extent::Screen);
        assert!(shown.contains(&39) && shown.contains(&56), "{shown:?}");
        assert!(!shown.contains(&45) && shown.len() <= ROWS_MAX, "{shown:?}");
    }

    #[test]
    fn what_was_written_before_a_loss_is_shown_and_what_was_written_before_the_last_loss_is_not_taken_for_it() {
        let mut rows = polls(200);
        for write in [10, 20, 97] {
            rows[write].writes = true;
        }
        rows[100].is_loss = true;
        rows[150].writes = true;
        let rows_shown = shown(&rows, &BTreeSet::new(), Extent::Screen);
        assert_eq!(rows_shown[..6], [10, 20, 97, 98, 99, 100]);
        assert!(!rows_shown.contains(&150), "no crash took that: {rows_shown:?}");
        assert_eq!(shown(&rows, &BTreeSet::new(), Extent::Whole).len(), 200);
    }
}
