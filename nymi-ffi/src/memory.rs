//! What the library gives to C to keep: texts, and structs that point to texts.
//!
//! All of it is listed here by its address until it is freed. So freeing twice, or freeing what is
//! not ours, does nothing, and no pointer that comes back from C is ever followed. Texts are wiped
//! when they are freed, since some are keys.
//!
//! The address of what was freed is kept from being given again for a while ([`Freed`]): who frees it
//! once more does not free somebody else's.

use std::any::Any;
use std::collections::BTreeMap;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nymi_core::UnixMillis;
use zeroize::{Zeroize as _, Zeroizing};

use crate::process::{is_forked, is_watched};
use crate::reserve;

/// What C holds.
trait Given: Any + Send + Sync {
    /// Wipes it and frees what it points to, but not the place that C knows.
    fn wipe(&mut self);
    /// How many bytes are left then.
    fn size(&self) -> usize;
}

/// How many places of what was freed are kept, and how many bytes altogether.
const MOST_FREED: usize = 1024;
const MOST_FREED_BYTES: usize = 1024 * 1024;

/// The places of what was freed last, from the oldest on.
struct Freed {
    places: [Option<Arc<dyn Given>>; MOST_FREED],
    first: usize,
    count: usize,
    bytes: usize,
}

impl Freed {
    const fn new() -> Self {
        Self {
            places: [const { None }; MOST_FREED],
            first: 0,
            count: 0,
            bytes: 0,
        }
    }

    fn keep(&mut self, place: Arc<dyn Given>) {
        let size = place.size();
        if size > MOST_FREED_BYTES {
            return;
        }
        while self.count == MOST_FREED || self.bytes + size > MOST_FREED_BYTES {
            self.drop_oldest();
        }
        self.places[(self.first + self.count) % MOST_FREED] = Some(place);
        self.count += 1;
        self.bytes += size;
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.places[self.first].take() {
            self.bytes -= oldest.size();
            self.count -= 1;
        }
        self.first = (self.first + 1) % MOST_FREED;
    }
}

struct Places {
    listed: BTreeMap<usize, Arc<dyn Given>>,
    freed: Freed,
}

static GIVEN: Mutex<Places> = Mutex::new(Places {
    listed: BTreeMap::new(),
    freed: Freed::new(),
});

fn given() -> MutexGuard<'static, Places> {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a struct points to.
#[derive(Default)]
pub(crate) struct Parts {
    bytes: Vec<Zeroizing<Vec<u8>>>,
    structs: Vec<Arc<dyn Any + Send + Sync>>,
}

impl Parts {
    /// Keeps bytes; where they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> *const u8 {
        self.keep(bytes.to_vec())
    }

    /// Keeps a text, a NUL at its end. A NUL in it would cut it for C, so it is shown instead.
    pub(crate) fn text(&mut self, text: &str) -> *const c_char {
        self.keep(with_nul(text)).cast()
    }

    /// Keeps a text, or is NULL.
    pub(crate) fn optional(&mut self, text: Option<&str>) -> *const c_char {
        text.map_or(std::ptr::null(), |text| self.text(text))
    }

    /// Keeps a time as text, RFC 3339 in UTC.
    pub(crate) fn time(&mut self, time: UnixMillis) -> *const c_char {
        self.text(&time.to_string())
    }

    /// Keeps another struct with its own parts; where it is.
    pub(crate) fn object<T: CStruct>(&mut self, view: T, parts: Parts) -> *const T {
        let kept = Arc::new(Kept::new(view, parts));
        let address = kept.view.as_ptr();
        self.structs.push(kept);
        address
    }

    /// Keeps a struct for each of these; a list of where they are.
    pub(crate) fn objects<A, T: CStruct>(
        &mut self,
        answers: &[A],
        view: impl Fn(&A, &mut Parts) -> T,
    ) -> *const *const T {
        let places = answers.iter().map(|answer| {
            let mut parts = Parts::default();
            let view = view(answer, &mut parts);
            self.object(view, parts)
        });
        let places = places.collect();
        self.list(places)
    }

    /// Keeps texts; a list of where they are.
    pub(crate) fn texts(&mut self, texts: &[String]) -> *const *const c_char {
        let places = texts.iter().map(|text| self.text(text)).collect();
        self.list(places)
    }

    /// Keeps a list of places of what is kept here.
    fn list<T: 'static>(&mut self, items: Vec<*const T>) -> *const *const T {
        let list = Arc::new(List(items));
        let address = list.0.as_ptr();
        self.structs.push(list);
        address
    }

    fn keep(&mut self, bytes: Vec<u8>) -> *const u8 {
        let bytes = Zeroizing::new(bytes);
        let address = bytes.as_ptr();
        // Moving the vector does not move what it holds.
        self.bytes.push(bytes);
        address
    }
}

fn with_nul(text: &str) -> Vec<u8> {
    // With room for all of it, so that growing leaves no copy behind unwiped.
    let shown = text.bytes().filter(|byte| *byte == 0).count() * ("\u{FFFD}".len() - 1);
    let mut bytes = Vec::with_capacity(text.len() + shown + 1);
    for byte in text.bytes() {
        match byte {
            0 => bytes.extend("\u{FFFD}".as_bytes()),
            byte => bytes.push(byte),
        }
    }
    bytes.push(0);
    bytes
}

/// A struct that C reads, whose pointers lead to its [`Parts`].
pub(crate) trait CStruct: 'static {}

struct Kept<T> {
    /// Written until it is wiped.
    view: MaybeUninit<T>,
    parts: Parts,
}

impl<T> Kept<T> {
    fn new(view: T, parts: Parts) -> Self {
        Self {
            view: MaybeUninit::new(view),
            parts,
        }
    }
}

impl<T: CStruct> Given for Kept<T> {
    fn wipe(&mut self) {
        self.view = MaybeUninit::zeroed();
        self.parts = Parts::default();
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

// SAFETY: a view is numbers and pointers into its parts, which live as long as it does; nobody
// writes to either before they are dropped.
unsafe impl<T: CStruct> Send for Kept<T> {}
// SAFETY: as above.
unsafe impl<T: CStruct> Sync for Kept<T> {}

struct List<T>(Vec<*const T>);

// SAFETY: the places are those of what lives in the same parts; nobody writes to the list.
unsafe impl<T> Send for List<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for List<T> {}

struct Text(Zeroizing<Vec<u8>>);

impl Given for Text {
    fn wipe(&mut self) {
        self.0.zeroize();
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.0.capacity()
    }
}

/// Gives a struct to C, until it comes back to [`take_back`].
pub(crate) fn give<T: CStruct>(view: T, parts: Parts) -> *mut T {
    let kept = Arc::new(Kept::new(view, parts));
    let address = kept.view.as_ptr();
    given().listed.insert(address.addr(), kept);
    address.cast_mut()
}

/// Takes a struct back and frees it. What is not one of ours of this kind, or was taken back before,
/// is left alone.
pub(crate) fn take_back<T: CStruct>(object: *mut T) {
    take_back_as::<Kept<T>>(object.addr());
}

/// Gives a text to C, until it comes back to [`take_back_text`].
pub(crate) fn give_text(text: &str) -> *mut c_char {
    let text = Arc::new(Text(Zeroizing::new(with_nul(text))));
    let address = text.0.as_ptr();
    given().listed.insert(address.addr(), text);
    address.cast_mut().cast()
}

/// Takes a text back, as [`take_back`] does.
pub(crate) fn take_back_text(text: *mut c_char) {
    take_back_as::<Text>(text.addr());
}

fn take_back_as<T: 'static>(address: usize) {
    if address == 0 || is_forked() {
        return;
    }
    let mut places = given();
    let freed = match places.listed.get(&address) {
        Some(object) if (&**object as &dyn Any).is::<T>() => places.listed.remove(&address),
        _ => None,
    };
    // Wiping takes a moment; others need not wait for it.
    drop(places);
    let Some(mut freed) = freed else { return };
    // It was listed here alone.
    if let Some(freed) = Arc::get_mut(&mut freed) {
        freed.wipe();
    }
    // What comes from the reserve has to go back to it, and a tool shall see who reads what was freed.
    let from_reserve = reserve::owns(address) || reserve::owns(Arc::as_ptr(&freed).addr());
    if !from_reserve && !is_watched() {
        given().freed.keep(freed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[repr(C)]
    struct Pair {
        name: *const c_char,
        inner: *const Inner,
        list: *const *const Inner,
    }
    impl CStruct for Pair {}

    #[repr(C)]
    struct Inner {
        number: u32,
        bytes: *const u8,
    }
    impl CStruct for Inner {}

    fn pair() -> *mut Pair {
        let mut parts = Parts::default();
        let mut inner = Parts::default();
        let bytes = inner.bytes(&[1, 2, 3]);
        let inner = parts.object(Inner { number: 7, bytes }, inner);
        let view = Pair {
            name: parts.text("a\0b"),
            inner,
            list: parts.list(vec![inner, inner]),
        };
        give(view, parts)
    }

    fn is_listed<T>(object: *mut T) -> bool {
        given().listed.contains_key(&object.addr())
    }

    #[test]
    fn what_is_given_can_be_read_until_it_is_taken_back_once() {
        let object = pair();
        // SAFETY: it was given and not taken back.
        let view = unsafe { &*object };
        // SAFETY: the view's pointers lead to its parts.
        let (name, inner, second) =
            unsafe { (CStr::from_ptr(view.name), &*view.inner, &**view.list.add(1)) };
        assert_eq!(name.to_str(), Ok("a\u{FFFD}b"));
        assert_eq!((inner.number, second.number), (7, 7));
        // SAFETY: there are three.
        let bytes = unsafe { std::slice::from_raw_parts(inner.bytes, 3) };
        assert_eq!(bytes, [1, 2, 3]);
        take_back(object.cast::<Inner>());
        assert!(is_listed(object), "freed as something else");
        take_back(object);
        assert!(!is_listed(object));
        take_back(object);
        take_back(std::ptr::null_mut::<Pair>());
        take_back(std::ptr::without_provenance_mut::<Pair>(0x1000));
    }

    #[test]
    fn an_address_is_not_given_again_soon() {
        let first = give_text("first");
        take_back_text(first);
        for _ in 0..100 {
            let next = give_text("other");
            assert_ne!(next, first);
            take_back_text(first);
            assert!(is_listed(next));
            take_back_text(next);
        }
        let first = pair();
        take_back(first);
        assert_ne!(pair(), first);
    }

    #[test]
    #[cfg_attr(miri, ignore = "megabytes, wiped by the byte")]
    fn what_is_kept_of_the_freed_is_wiped_and_bounded() {
        let mut freed = Freed::new();
        let text = |size: usize| -> Arc<dyn Given> {
            let mut text = Text(Zeroizing::new(vec![b'x'; size]));
            text.wipe();
            assert!(text.0.is_empty() && text.size() >= size);
            Arc::new(text)
        };
        (0..3 * MOST_FREED).for_each(|_| freed.keep(text(10)));
        assert_eq!(freed.count, MOST_FREED);
        let each = text(10).size();
        assert_eq!(freed.bytes, MOST_FREED * each);
        freed.keep(text(2 * MOST_FREED_BYTES));
        assert_eq!(freed.count, MOST_FREED, "too large to be kept");
        for size in [MOST_FREED_BYTES / 2, MOST_FREED_BYTES / 2 - 1000, 5000, 10] {
            freed.keep(text(size));
            assert!(freed.bytes <= MOST_FREED_BYTES);
        }
        assert!((2..4).contains(&freed.count), "{}", freed.count);
    }

    #[test]
    fn texts_have_a_kind_of_their_own() {
        let text = give_text("{}");
        // SAFETY: it was given and not taken back.
        assert_eq!(unsafe { CStr::from_ptr(text) }.to_str(), Ok("{}"));
        take_back(text.cast::<Pair>());
        assert!(is_listed(text));
        take_back_text(text);
        take_back_text(text);
        assert!(!is_listed(text));
    }
}
