//! The text of a tape, written choice by choice.

/// The text of the tape of a run of the test called `test`, without settings, in which nothing was asked but choices of kind `letter`:
/// the number of answers of each and the answer.
pub(crate) fn tape_text(test: &str, letter: u8, choices: &[(u32, u32)]) -> String {
    let mut parts = vec![
        "r1".to_owned(),
        format!("{:04x}", hash(0xcbf2_9ce4_8422_2325, test.bytes().map(u64::from))),
        "-".to_owned(),
    ];
    let mut rest = choices;
    while let Some((bound, answer)) = rest.first() {
        let zeros = rest.iter().take_while(|(_, answer)| *answer == 0).count();
        if zeros == 0 {
            parts.push(format!("{}{bound}-{answer}", char::from(letter)));
            rest = &rest[1..];
        } else {
            let kind = u64::from(letter - b'a') + 1;
            let asked = rest[..zeros].iter().flat_map(|(bound, _)| [kind, u64::from(*bound)]);
            parts.push(format!("Z{zeros}-{:04x}", hash(0, asked)));
            rest = &rest[zeros..];
        }
    }
    let text = parts.join(".");
    let check = hash(0, text.bytes().map(|byte| u64::from(byte) + 1));
    format!("{text}.E{}-{check:04x}", choices.len())
}

/// FNV-1a over numbers, and of that the four words of 16 bits laid over one another.
fn hash(start: u64, numbers: impl Iterator<Item = u64>) -> u64 {
    let mut hash = start;
    for number in numbers {
        hash = (hash ^ number).wrapping_mul(0x0000_0100_0000_01b3);
    }
    (0..4).fold(0, |words, word| words ^ (hash >> (16 * word)) & 0xffff)
}
