//! A mutator that changes DER by its elements and writes every length anew.
//!
//! Plain mutations of bytes mostly break a length, so that nothing behind the first reader is
//! reached. Here one element is changed, removed, doubled, moved or given another tag, also inside
//! of OCTET STRINGs and BIT STRINGs, and the result is well-formed again.

use libfuzzer_sys::fuzzer_mutate;

/// Deeper elements stay bytes.
const MAX_DEPTH: u8 = 24;
/// More elements than any honest certificate has; what is larger is mutated as bytes.
const MAX_ELEMENTS: usize = 4_000;
/// Tags that X.509, PKCS#10 and PKCS#12 use.
const TAGS: [u8; 24] = [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x80,
    0x81, 0x82, 0x86, 0x87, 0xa0, 0xa1, 0xa3, 0xa4,
];

#[derive(Clone)]
struct Element {
    tag: u8,
    body: Body,
}

#[derive(Clone)]
enum Body {
    Bytes(Vec<u8>),
    /// What stands before the elements is the count of unused bits of a BIT STRING.
    Elements(Vec<u8>, Vec<Element>),
}

impl Element {
    fn read_all(mut bytes: &[u8], depth: u8, left: &mut usize) -> Option<Vec<Self>> {
        let mut elements = Vec::new();
        while !bytes.is_empty() {
            *left = left.checked_sub(1)?;
            let (tag, content, rest) = split(bytes)?;
            elements.push(Self {
                tag,
                body: Self::body(tag, content, depth, left),
            });
            bytes = rest;
        }
        Some(elements)
    }

    fn body(tag: u8, content: &[u8], depth: u8, left: &mut usize) -> Body {
        let prefix = match tag {
            0x03 => usize::from(content.first() == Some(&0)),
            0x04 => 0,
            _ if tag & 0x20 != 0 => 0,
            _ => return Body::Bytes(content.to_vec()),
        };
        let (before, inner) = content.split_at(prefix);
        let is_string = tag & 0x20 == 0;
        if depth == MAX_DEPTH || (is_string && inner.is_empty()) {
            return Body::Bytes(content.to_vec());
        }
        match Self::read_all(inner, depth + 1, left) {
            Some(elements) => Body::Elements(before.to_vec(), elements),
            None => Body::Bytes(content.to_vec()),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let content = match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Elements(before, elements) => {
                let mut content = before.clone();
                write_all(elements, &mut content);
                content
            }
        };
        out.push(self.tag);
        write_length(content.len(), out);
        out.extend(content);
    }

    fn count(&self) -> usize {
        match &self.body {
            Body::Bytes(_) => 1,
            Body::Elements(_, elements) => 1 + elements.iter().map(Self::count).sum::<usize>(),
        }
    }
}

fn write_all(elements: &[Element], out: &mut Vec<u8>) {
    for element in elements {
        element.write(out);
    }
}

/// Tag, content and what follows of the first element; definite lengths and one-byte tags only.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = octets
                .iter()
                .fold(0, |all, octet| all << 8 | usize::from(*octet));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let zeros = octets.iter().take_while(|octet| **octet == 0).count();
            out.push(0x80 | (octets.len() - zeros) as u8);
            out.extend(&octets[zeros..]);
        }
    }
}

/// A small generator: libFuzzer gives a seed of 32 bits for each mutation.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// The elements among which the one with this number in reading order stands, and its place there.
fn find(elements: &mut Vec<Element>, mut number: usize) -> Option<(&mut Vec<Element>, usize)> {
    let mut place = 0;
    loop {
        if number == 0 {
            return (place < elements.len()).then_some((elements, place));
        }
        let inside = elements.get(place)?.count();
        if number < inside {
            break;
        }
        number -= inside;
        place += 1;
    }
    match &mut elements[place].body {
        Body::Elements(_, inner) => find(inner, number - 1),
        Body::Bytes(_) => None,
    }
}

fn change_bytes(bytes: &mut Vec<u8>) {
    let size = bytes.len();
    bytes.resize(size + 32, 0);
    let size = fuzzer_mutate(bytes, size, size + 32);
    bytes.truncate(size);
}

fn change(elements: &mut Vec<Element>, draw: &mut Draw) -> Option<()> {
    let count: usize = elements.iter().map(Element::count).sum();
    let other = {
        let (siblings, place) = find(elements, draw.below(count))?;
        siblings[place].clone()
    };
    let (siblings, place) = find(elements, draw.below(count))?;
    match draw.below(12) {
        0 => {
            siblings.remove(place);
        }
        1 => siblings.insert(place, siblings[place].clone()),
        2 => {
            let to = draw.below(siblings.len());
            siblings.swap(place, to);
        }
        3 => siblings.insert(place, other),
        4 => siblings[place] = other,
        5 => siblings[place].tag = TAGS[draw.below(TAGS.len())],
        _ => match &mut siblings[place].body {
            Body::Bytes(bytes) => change_bytes(bytes),
            Body::Elements(_, inner) if inner.is_empty() => inner.push(other),
            Body::Elements(_, inner) => {
                // A value is what tells most: go down to one.
                let (mut at, mut place) = (inner, 0);
                while let Body::Elements(_, _) = at[place].body {
                    let Body::Elements(_, inner) = &mut at[place].body else {
                        return None;
                    };
                    if inner.is_empty() {
                        return None;
                    }
                    place = draw.below(inner.len());
                    at = inner;
                }
                if let Body::Bytes(bytes) = &mut at[place].body {
                    change_bytes(bytes);
                }
            }
        },
    }
    Some(())
}

/// Mutates DER; none where the input is none, or the result does not fit.
pub fn mutated(der: &[u8], most: usize, seed: u32) -> Option<Vec<u8>> {
    let mut draw = Draw(u64::from(seed));
    let mut left = MAX_ELEMENTS;
    let mut elements = Element::read_all(der, 0, &mut left)?;
    for _ in 0..=draw.below(3) {
        change(&mut elements, &mut draw)?;
    }
    let mut out = Vec::new();
    write_all(&elements, &mut out);
    (out.len() <= most).then_some(out)
}

/// For `fuzz_mutator!`: by elements, one time in eight (and where that fails) by bytes.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let changed = match seed % 8 {
        0 => None,
        _ => mutated(&data[..size], max_size, seed),
    };
    match changed {
        Some(changed) => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
}

/// For the inputs that are several documents, each after its length in two bytes: mutates one of
/// them by elements, or all by bytes.
pub fn mutate_one_of(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut parts = parts(&data[..size]).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let which = seed as usize / 8 % parts.len().max(1);
    if !seed.is_multiple_of(8)
        && let Some(part) = parts.get_mut(which)
        && let Some(changed) = mutated(part, max_size.min(usize::from(u16::MAX)), seed)
    {
        *part = changed;
        let all = join(&parts);
        if all.len() <= max_size {
            data[..all.len()].copy_from_slice(&all);
            return all.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
}

/// The documents of such an input; the last may be cut short.
pub fn parts(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, after) = bytes.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (part, rest) = after.split_at(length);
        bytes = rest;
        Some(part)
    })
}

fn join(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut all = Vec::new();
    for part in parts {
        all.extend((part.len() as u16).to_be_bytes());
        all.extend(part);
    }
    all
}
