//! Out of memory: a reserve with which the calls that run are finished.
//!
//! Rust ends the process when an allocation fails, and a library must not do that to its host. So
//! what the system refuses comes from a reserve. A call asks first whether the system has memory
//! ([`is_there`]) and refuses otherwise, so that calls find the reserve unused: it is for those that
//! had begun, and for the threads of clients. What comes back to it can be given again. Only when it
//! is used up, too, does the process end.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest update, read and copied for C, fits several times. Until it is used it is but a
/// range of addresses.
const SIZE: usize = 4 * 1024 * 1024;
/// What a call with short texts needs at most.
const PER_CALL: usize = 16 * 1024;
/// How much memory a byte of a request takes at most: a JSON list of zeros becomes values of 32 bytes
/// in a list that doubles, two bytes of text each.
const PER_BYTE: usize = 64;

/// What the C library needs for a thread besides its stack. Where it finds no room for a heap of the
/// thread's own, it takes a page for each allocation.
#[cfg(unix)]
const PER_THREAD: usize = 1024 * 1024;

#[global_allocator]
static ALLOCATOR: Allocator<SIZE> = Allocator(Reserve::new());

/// Whether the system has memory for a call with `bytes` of text.
pub(crate) fn is_there(bytes: usize) -> bool {
    let size = bytes.saturating_mul(PER_BYTE).saturating_add(PER_CALL);
    let Ok(layout) = Layout::array::<u8>(size) else {
        return false;
    };
    // SAFETY: the size is not 0, and what was allocated is freed with the same layout. The compiler
    // must not see that nobody uses it, or it would leave both out.
    unsafe {
        let probe = black_box(System.alloc(layout));
        if probe.is_null() {
            return false;
        }
        System.dealloc(probe, layout);
    }
    true
}

/// Whether there are addresses for this many threads to begin: for their stacks, and for what the C library
/// allocates as they start, where it ends the process if it cannot. The reserve is no help there. What is
/// found free here could be used by another thread of the program at once; it is not kept.
#[cfg(unix)]
pub(crate) fn is_there_for_threads(count: usize) -> bool {
    let size = count.saturating_mul(nymi_napi::THREAD_STACK + PER_THREAD);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: the kernel chooses a free range, nobody uses it, and it is given back as it came.
    unsafe {
        let probe = libc::mmap(null_mut(), size, libc::PROT_NONE, flags, -1, 0);
        probe != libc::MAP_FAILED && libc::munmap(probe, size) == 0
    }
}

/// Other systems give a thread what it needs as they make it.
#[cfg(not(unix))]
pub(crate) const fn is_there_for_threads(_: usize) -> bool {
    true
}

/// Whether an address lies in the reserve.
pub(crate) fn owns(address: usize) -> bool {
    ALLOCATOR.0.owns(std::ptr::without_provenance_mut(address))
}

/// The system's memory, and the reserve where it has none.
struct Allocator<const SIZE: usize>(Reserve<SIZE>);

// SAFETY: what is given is the system's or the reserve's, fits the layout, is nobody else's, and goes
// back to where it came from. Nothing here panics.
unsafe impl<const SIZE: usize> GlobalAlloc for Allocator<SIZE> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is handed on.
        let given = unsafe { System.alloc(layout) };
        if given.is_null() {
            return self.0.take(layout);
        }
        given
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is handed on.
        let given = unsafe { System.alloc_zeroed(layout) };
        if !given.is_null() {
            return given;
        }
        let given = self.0.take(layout);
        if !given.is_null() {
            // SAFETY: it was given for that many bytes. They may have been used before.
            unsafe { given.write_bytes(0, layout.size()) };
        }
        given
    }

    unsafe fn dealloc(&self, given: *mut u8, layout: Layout) {
        if self.0.owns(given) {
            self.0.give_back();
        } else {
            // SAFETY: it is not the reserve's, so it is the system's, by the same layout.
            unsafe { System.dealloc(given, layout) };
        }
    }

    unsafe fn realloc(&self, given: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if self.0.owns(given) {
            if size <= layout.size() {
                return given;
            }
        } else {
            // SAFETY: it is the system's, and the caller's promise is handed on.
            let grown = unsafe { System.realloc(given, layout, size) };
            if !grown.is_null() {
                return grown;
            }
        }
        // SAFETY: the caller promises a size that is not 0 and fits the alignment.
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !moved.is_null() {
            // SAFETY: both have that many bytes and are different allocations; what failed to grow
            // is still whole.
            unsafe {
                moved.copy_from_nonoverlapping(given, layout.size().min(size));
                self.dealloc(given, layout);
            }
        }
        moved
    }
}

/// Memory that is given from front to back, and begins anew when all of it has come back.
struct Reserve<const SIZE: usize> {
    bytes: UnsafeCell<[u8; SIZE]>,
    /// How far it is given, and in the lower half to how many.
    state: AtomicU64,
}

// SAFETY: `take` gives each byte to one, and nothing else here reads or writes them.
unsafe impl<const SIZE: usize> Sync for Reserve<SIZE> {}

impl<const SIZE: usize> Reserve<SIZE> {
    const fn new() -> Self {
        assert!(SIZE <= u32::MAX as usize);
        Self {
            bytes: UnsafeCell::new([0; SIZE]),
            state: AtomicU64::new(0),
        }
    }

    /// Memory for this layout; NULL if not enough is left.
    fn take(&self, layout: Layout) -> *mut u8 {
        let base = self.bytes.get().cast::<u8>();
        let mut begin = 0;
        let take = |state: u64| {
            let (used, holders) = ((state >> 32) as usize, state & 0xffff_ffff);
            let address = base.addr() + used;
            begin = address.checked_next_multiple_of(layout.align())? - base.addr();
            let end = begin.checked_add(layout.size())?;
            (end <= SIZE).then_some((end as u64) << 32 | (holders + 1))
        };
        // Whoever takes what another gave back has to see what that one did with it.
        let taken = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        match taken {
            // SAFETY: it is within the bytes.
            Ok(_) => unsafe { base.add(begin) },
            Err(_) => null_mut(),
        }
    }

    /// Takes back what one of them was given.
    fn give_back(&self) {
        let give_back = |state: u64| match state & 0xffff_ffff {
            0 | 1 => Some(0),
            _ => Some(state - 1),
        };
        let _ = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, give_back);
    }

    fn owns(&self, given: *mut u8) -> bool {
        let base = self.bytes.get().addr();
        (base..base + SIZE).contains(&given.addr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn what_is_given_is_aligned_and_apart_until_nothing_is_left() {
        let reserve = Reserve::<1000>::new();
        let mut given = Vec::new();
        for (at, align) in [1, 8, 64, 2, 16].into_iter().cycle().enumerate() {
            let place = reserve.take(layout(50, align));
            if place.is_null() {
                break;
            }
            assert!(reserve.owns(place) && place.addr().is_multiple_of(align));
            // SAFETY: it was given for as many bytes.
            unsafe { place.write_bytes(at as u8, 50) };
            given.push(place);
        }
        assert!((8..=20).contains(&given.len()), "{}", given.len());
        for (at, place) in given.iter().enumerate() {
            // SAFETY: as above, and every byte was written.
            let bytes = unsafe { std::slice::from_raw_parts(*place, 50) };
            assert!(bytes.iter().all(|byte| usize::from(*byte) == at));
        }
        for _ in 1..given.len() {
            reserve.give_back();
            assert!(
                reserve.take(layout(900, 1)).is_null(),
                "one still holds some"
            );
        }
        reserve.give_back();
        assert!(!reserve.take(layout(900, 1)).is_null(), "all came back");
    }

    #[test]
    fn sizes_that_it_never_had_are_refused() {
        let reserve = Reserve::<64>::new();
        for (size, align) in [(65, 1), (isize::MAX as usize, 1), (1, 1 << 40)] {
            assert!(
                reserve.take(layout(size, align)).is_null(),
                "{size} {align}"
            );
        }
        let mut elsewhere = 0_u8;
        assert!(!reserve.owns(null_mut()) && !reserve.owns(&raw mut elsewhere));
        assert!(!reserve.take(layout(64, 1)).is_null(), "nothing was taken");
    }

    /// The system refuses what no address space has room for, so these come from the reserve, or from
    /// nowhere.
    #[test]
    fn what_grows_takes_along_what_it_holds() {
        let allocator = Allocator::<4096>(Reserve::new());
        let small = layout(16, 8);
        let from_reserve = allocator.0.take(small);
        // SAFETY: what is written was given, with these layouts, and is freed once.
        unsafe {
            from_reserve.write_bytes(7, 16);
            let grown = allocator.realloc(from_reserve, small, 64);
            assert!(!allocator.0.owns(grown), "the system has memory again");
            assert_eq!(std::slice::from_raw_parts(grown, 16), [7; 16]);
            assert_eq!(allocator.0.state.load(Ordering::Relaxed), 0);
            let grown_layout = layout(64, 8);
            // Where Miri runs this, nothing is refused: it ends.
            if !cfg!(miri) {
                let never = allocator.realloc(grown, grown_layout, isize::MAX as usize - 8);
                assert!(never.is_null());
                assert_eq!(
                    std::slice::from_raw_parts(grown, 16),
                    [7; 16],
                    "still there"
                );
            }
            allocator.dealloc(grown, grown_layout);
        }
    }

    #[test]
    fn threads_share_it() {
        let reserve = Reserve::<4096>::new();
        std::thread::scope(|scope| {
            for own in 0..4_u8 {
                let reserve = &reserve;
                scope.spawn(move || {
                    for _ in 0..50 {
                        let place = reserve.take(layout(32, 8));
                        if place.is_null() {
                            continue;
                        }
                        // SAFETY: it was given for 32 bytes, and nobody else has them.
                        unsafe {
                            place.write_bytes(own, 32);
                            assert_eq!(std::slice::from_raw_parts(place, 32), [own; 32]);
                        }
                        reserve.give_back();
                    }
                });
            }
        });
        assert_eq!(reserve.state.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn memory_for_more_than_there_can_be_is_not_there() {
        assert!(is_there(0) && is_there(1000));
        assert!(!is_there(usize::MAX / PER_BYTE - PER_CALL) && !is_there(usize::MAX));
    }
}
