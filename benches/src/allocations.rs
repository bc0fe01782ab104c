//! A global allocator that counts what this thread asks of it.
//!
//! It is in place while times are measured too: it costs each candidate the same fraction of a
//! nanosecond an allocation. The C code of the crypto backend allocates past it, for every candidate
//! alike.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    // Without initialiser and destructor, so that the allocator may use it at any time.
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

/// The system's allocator, counting.
pub(crate) struct CountingAllocator;

/// How often this thread has asked for memory since it started, growing a block included.
pub(crate) fn count() -> u32 {
    COUNT.get()
}

fn add_one() {
    COUNT.set(COUNT.get().wrapping_add(1));
}

#[expect(
    unsafe_code,
    reason = "`GlobalAlloc` is an unsafe trait; every call goes to the system's allocator as it came"
)]
// SAFETY: the contract is the caller's and `System`'s; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add_one();
        // SAFETY: handed on as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add_one();
        // SAFETY: handed on as it came.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add_one();
        // SAFETY: handed on as it came; every block is `System`'s.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: handed on as it came; every block is `System`'s.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn growing_counts_and_freeing_does_not() {
        let before = count();
        let mut bytes: Vec<u8> = black_box(Vec::with_capacity(16));
        bytes.reserve_exact(black_box(4096));
        drop(black_box(bytes));
        assert_eq!(count() - before, 2);
    }
}
