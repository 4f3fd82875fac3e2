//! Handles: numbers that look like pointers to C and are never followed.
//!
//! A handle names a place in a table and the generation of what is there. When a place is given to
//! somebody else its generation goes up, so a handle that was freed, or that never was one, meets
//! nobody. Real pointers are even; a handle is odd.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const INDEX_BITS: u32 = 12;
/// How many can be in use at once.
const MOST: usize = 1 << INDEX_BITS;
/// What fits beside the index and the bit that makes a handle odd.
const LAST_GENERATION: usize = usize::MAX >> (INDEX_BITS + 1);

/// What handles stand for.
pub(crate) struct Table<T>(Mutex<Vec<Place<T>>>);

struct Place<T> {
    generation: usize,
    holds: Option<Arc<T>>,
}

/// Every place is taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Place<T>>> {
        // Each place is whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes something in; its handle.
    pub(crate) fn insert(&self, value: Arc<T>) -> Result<usize, Full> {
        let mut places = self.lock();
        let is_free =
            |place: &Place<T>| place.holds.is_none() && place.generation < LAST_GENERATION;
        let index = match places.iter().position(is_free) {
            Some(index) => index,
            None if places.len() < MOST => {
                places.push(Place {
                    generation: 0,
                    holds: None,
                });
                places.len() - 1
            }
            None => return Err(Full),
        };
        let place = &mut places[index];
        place.generation += 1;
        place.holds = Some(value);
        Ok((place.generation << INDEX_BITS | index) << 1 | 1)
    }

    /// What a handle stands for; none if it was freed or never was one.
    pub(crate) fn get(&self, handle: usize) -> Option<Arc<T>> {
        let mut places = self.lock();
        find(&mut places, handle)?.holds.clone()
    }

    /// Takes out what a handle stands for; from now on the handle means nothing.
    pub(crate) fn remove(&self, handle: usize) -> Option<Arc<T>> {
        let mut places = self.lock();
        find(&mut places, handle)?.holds.take()
    }
}

fn find<T>(places: &mut [Place<T>], handle: usize) -> Option<&mut Place<T>> {
    let (index, generation) = (handle >> 1 & (MOST - 1), handle >> 1 >> INDEX_BITS);
    let place = places.get_mut(index)?;
    (handle & 1 == 1 && place.generation == generation).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_means_what_it_was_given_for_and_nothing_after() {
        let table = Table::new();
        let first = table.insert(Arc::new("first")).unwrap();
        let second = table.insert(Arc::new("second")).unwrap();
        assert_eq!(first & 1, 1, "no pointer");
        assert_eq!(table.get(first).as_deref(), Some(&"first"));
        assert_eq!(table.remove(first).as_deref(), Some(&"first"));
        assert!(table.remove(first).is_none() && table.get(first).is_none());
        let third = table.insert(Arc::new("third")).unwrap();
        assert_ne!(third, first);
        assert!(table.get(first).is_none(), "its place is somebody else's");
        assert_eq!(table.get(second).as_deref(), Some(&"second"));
        assert_eq!(table.get(third).as_deref(), Some(&"third"));
    }

    #[test]
    fn what_never_was_a_handle_means_nothing() {
        let table = Table::new();
        let handle = table.insert(Arc::new(())).unwrap();
        for wrong in [
            0,
            1,
            handle - 1,
            handle + 1,
            handle + 2,
            handle | 1 << 40,
            usize::MAX,
            usize::MAX - 1,
        ] {
            assert!(table.get(wrong).is_none(), "{wrong:#x}");
        }
        assert!(Table::<()>::new().get(handle).is_none());
    }

    #[test]
    #[cfg_attr(miri, ignore = "millions of steps")]
    fn a_full_table_refuses_and_a_worn_out_place_is_not_used_again() {
        let table = Table::new();
        let handles: Vec<_> = (0..MOST)
            .map(|_| table.insert(Arc::new(())).unwrap())
            .collect();
        assert_eq!(table.insert(Arc::new(())), Err(Full));
        assert!(table.remove(handles[7]).is_some());
        table.lock()[7].generation = LAST_GENERATION;
        assert_eq!(table.insert(Arc::new(())), Err(Full));
        assert!(table.remove(handles[8]).is_some());
        let again = table.insert(Arc::new(())).unwrap();
        assert!(table.get(again).is_some());
    }
}
