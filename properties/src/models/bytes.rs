//! Operations and operands, read from bytes.

/// Bytes that are being used up; 0 when they have been.
#[derive(Debug)]
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// The first 4 KiB of `bytes`: more operations take longer and find no more.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(&bytes[..bytes.len().min(4096)])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// An index into a list of that length, if it has any.
    pub(crate) fn index(&mut self, length: usize) -> Option<usize> {
        let byte = usize::from(self.byte());
        (length > 0).then(|| byte % length)
    }
}
