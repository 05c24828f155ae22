//! The model of the disk over random programs. `run.sh` puts this beside a copy of the model; the suite `models` of
//! `reveille-properties` has it with proptest.

#[path = "model/bytes.rs"]
mod bytes;
#[path = "model/disk/mod.rs"]
mod disk;

use bytes::Bytes;

/// Bytes without a pattern: SplitMix64.
fn noise(seed: u64, length: u64) -> Vec<u8> {
    let byte = |at: u64| {
        let mixed = (seed * 1_000 + at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 56) as u8
    };
    (0..length).map(byte).collect()
}

#[test]
fn the_model_agrees() {
    (0..3_000).for_each(|seed| disk::disk_agrees(&noise(seed, seed % 300)));
}

#[test]
fn the_model_crashes_in_all_ways() {
    (0..3_000).for_each(|seed| disk::disk_crashes_in_all_ways(&noise(seed, seed % 40)));
}
