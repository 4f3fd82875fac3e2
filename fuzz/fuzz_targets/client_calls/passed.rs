//! What the calls are passed: texts, structs and clients, right and wrong.

use std::ffi::{CStr, c_char};
use std::ptr::null;

use libfuzzer_sys::arbitrary::{self, Arbitrary};

/// A C string, or none.
#[derive(Arbitrary, Debug)]
pub(crate) enum Text {
    Null,
    Known(u8),
    Bytes(Vec<u8>),
    /// Longer than the interface takes.
    TooLong,
}

/// Names, ids and lists of what the operations know.
const KNOWN: [&CStr; 12] = [
    c"Records",
    c"AA:BB:CC:DD:EE:FF",
    c"127.0.0.1",
    c"",
    c"9starts",
    c"exchange",
    c"{}",
    c"{\"operation\":\"info\",\"exchange\":\"exchange\"}",
    c"{\"operation\":\"init\",\"payload\":{\"nea_name\":\"Records\"}}",
    c"{\"operation\":\"lookup\",\"payload\":{\"query\":{},\"lookup_keys\":[]}}",
    c"{\"operation\":\"cancel\",\"payload\":{\"exchange\":\"exchange\"}}",
    c"\xff\xfe",
];

impl Text {
    /// Its bytes with a NUL; none for NULL.
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Null => None,
            Self::Known(which) => Some(pick(&KNOWN, *which).to_bytes_with_nul().to_vec()),
            Self::Bytes(bytes) => Some([bytes.as_slice(), &[0]].concat()),
            Self::TooLong => Some([[b'a'; 1 << 10].repeat((1 << 10) + 1), vec![0]].concat()),
        }
    }
}

pub(crate) fn pick<T>(from: &[T], which: u8) -> &T {
    &from[usize::from(which) % from.len()]
}

/// Texts of one call, at addresses that end with it.
#[derive(Default)]
pub(crate) struct Texts(Vec<Vec<u8>>);

impl Texts {
    pub(crate) fn pass(&mut self, text: &Text) -> *const c_char {
        match text.bytes() {
            Some(bytes) => self.keep(bytes),
            None => null(),
        }
    }

    fn keep(&mut self, bytes: Vec<u8>) -> *const c_char {
        let address = bytes.as_ptr().cast();
        self.0.push(bytes);
        address
    }
}

/// Where no agent and no server is, and what is no address. None of them has a name to look up.
const NOWHERE: [Option<&CStr>; 5] = [
    Some(c"ws://127.0.0.1:1"),
    Some(c"ws://[::1]:1"),
    Some(c"http://127.0.0.1:1/nes"),
    Some(c"nowhere"),
    None,
];

pub(crate) fn nowhere(which: u8) -> *const c_char {
    pick(&NOWHERE, which).map_or(null(), CStr::as_ptr)
}

/// What a struct says of its size.
#[derive(Arbitrary, Debug)]
pub(crate) enum Size {
    Right,
    Less(u8),
    More {
        bytes: u16,
        of: u8,
    },
    Absurd(u64),
    /// NULL instead of the struct.
    None,
}

/// A struct with room behind it, as a program with a newer header would have it.
#[repr(C)]
pub(crate) struct Sized<T> {
    value: T,
    behind: [u8; 4096],
}

impl<T> Sized<T> {
    pub(crate) fn new(make: impl FnOnce(usize) -> T, size: &Size) -> Self {
        let own = size_of::<T>();
        let (size, of) = match size {
            Size::Right | Size::None => (own, 0),
            Size::Less(less) => (own.saturating_sub(usize::from(*less)), 0),
            Size::More { bytes, of } => (own + usize::from(*bytes) % 4096, *of),
            Size::Absurd(size) => ((*size as usize).max(1 << 13), 0),
        };
        Self {
            value: make(size),
            behind: [of; 4096],
        }
    }

    pub(crate) fn pass(&self, size: &Size) -> *const T {
        match size {
            Size::None => null(),
            // Of the whole, since the library may read behind the struct.
            _ => (&raw const *self).cast(),
        }
    }
}

/// Which client a call names.
#[derive(Arbitrary, Debug)]
pub(crate) enum Which {
    Own(u8),
    Freed(u8),
    Near(u8, i8),
    Number(u64),
    /// Memory of the program.
    Memory,
    Null,
}

#[derive(Arbitrary, Debug)]
pub(crate) struct Options {
    pub(crate) size: Size,
    pub(crate) call: Size,
    pub(crate) timeout: u8,
    pub(crate) exchange: Text,
}

#[derive(Arbitrary, Debug)]
pub(crate) enum Step {
    New {
        size: Size,
        name: Text,
        agent: u8,
        folders: u8,
        levels: (u8, u8),
        hears: bool,
    },
    Free(Which),
    Terminate(Which),
    Wake(Which),
    Put(Which, Text),
    Get(Which, bool),
    WaitTap(Which),
    WaitEvent(Which, bool),
    Descriptor(Which),
    Init(Which, Options, u8, [Text; 4]),
    Subscribe(Which, Options, Text),
    Unsubscribe(Which, Options, Text),
    Cancel(Which, Text),
    Lookup(Which, Options, [Text; 3]),
    Assert(Which, Options, [Text; 3], Option<[u8; 32]>),
    UserStatus(Which, Options, [Text; 2]),
    Notify(Which, Options, Text, u32),
    Random(Which, Options, Text, u32),
    Sign(Which, Options, Text, Option<[u8; 32]>),
    SymmetricKey(Which, Options, [Text; 2], u32),
    Totp(Which, Options, Text, u32),
    Firmware(Which, Options, Text),
    Info(Which, Options),
    ListEndpoints(Which, Options),
    /// Something that was given, as what it is or as something else.
    FreeGiven {
        which: u8,
        like: u8,
    },
    Configure {
        name: Text,
        provisions: Text,
        level: i8,
        port: i8,
        host: u8,
    },
    ClassicPut(Text),
    ClassicGet {
        max: u16,
        no_buffer: bool,
        no_len: bool,
        waits: bool,
    },
    ClassicTerminate,
}
