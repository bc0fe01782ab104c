//! The blocks that Argon2 fills, kept from one hash to the next.
//!
//! Invariant: blocks are wiped before they go back to the system: what is in them was made from a
//! password, and whoever gets the pages next must not find it, nor a core dump.

use argon2::Block;
use zeroize::Zeroize;

/// Blocks for a hash, or none yet.
#[derive(Default)]
pub(in crate::passwords) struct Memory(Vec<Block>);

impl Memory {
    /// Memory of so many bytes, rounded down to whole blocks.
    ///
    /// Allocators keep freed blocks of such a size for the next time, a set for every thread: after some
    /// logins hundreds of MiB stay with the process. What is reserved here is larger than glibc's largest
    /// threshold for that (32 MiB), so it always is a mapping of its own and goes back when it is freed.
    /// Only the part that the hash needs is ever touched.
    pub(in crate::passwords) fn of(bytes: usize) -> Self {
        const LARGER_THAN_KEPT: usize = 33 * 1024 * 1024;
        let blocks = bytes / Block::SIZE;
        if blocks == 0 {
            return Self::default();
        }
        let mut memory = Vec::with_capacity(blocks.max(LARGER_THAN_KEPT / Block::SIZE));
        memory.resize(blocks, Block::default());
        Self(memory)
    }

    /// How much there is, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.len() * Block::SIZE
    }

    /// So many blocks. What is there is written over by whoever takes them; there is more only where the
    /// pool was told wrong.
    pub(in crate::passwords) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            *self = Self::of(count * Block::SIZE);
        }
        self.0.get_mut(..count).unwrap_or_default()
    }

    fn wipe(&mut self) {
        for block in &mut self.0 {
            block.zeroize();
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Memory").field(&self.bytes()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_blank(memory: &Memory) -> bool {
        memory
            .0
            .iter()
            .all(|block| block.as_ref().iter().all(|word| *word == 0))
    }

    #[test]
    fn blocks_are_wiped_to_the_last() {
        let mut memory = Memory::of(64 * Block::SIZE);
        let hasher = argon2::Argon2::new(
            argon2::Algorithm::Argon2id,
            argon2::Version::V0x13,
            argon2::Params::new(64, 1, 1, None).unwrap(),
        );
        let mut out = [0; 32];
        hasher
            .hash_password_into_with_memory(b"x", b"saltsalt", &mut out, memory.blocks(64))
            .unwrap();
        assert!(!is_blank(&memory));
        memory.wipe();
        assert!(is_blank(&memory));
        assert_eq!(memory.bytes(), 64 * 1024);
    }

    #[test]
    fn memory_is_reserved_beyond_what_allocators_keep() {
        assert!(Memory::of(19 << 20).0.capacity() * Block::SIZE > 32 << 20);
        assert_eq!(Memory::of(0).0.capacity(), 0);
    }
}
