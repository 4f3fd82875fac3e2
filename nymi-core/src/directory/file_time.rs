use core::fmt;

use crate::UnixMillis;

/// Milliseconds from 1601-01-01, where the directory's time begins, to 1970-01-01.
const EPOCH_MS: i64 = 11_644_473_600_000;

const TICKS_PER_MS: i64 = 10_000;

/// A moment as the directory writes it: steps of 100 ns since 1601-01-01T00:00:00Z. What 0 and the
/// greatest value mean depends on the attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub i64);

impl FileTime {
    /// 0: not set, or never, as the attribute has it.
    pub const ZERO: Self = Self(0);

    /// 0x7FFFFFFFFFFFFFFF: never.
    pub const NEVER: Self = Self(i64::MAX);

    /// The moment, towards the past.
    pub const fn to_unix(self) -> UnixMillis {
        UnixMillis(self.0.div_euclid(TICKS_PER_MS) - EPOCH_MS)
    }

    /// The directory's form of a moment, saturating.
    pub const fn from_unix(at: UnixMillis) -> Self {
        Self(at.0.saturating_add(EPOCH_MS).saturating_mul(TICKS_PER_MS))
    }

    /// Steps of 100 ns from `earlier` to this moment, exact.
    pub(super) fn since(self, earlier: Self) -> i128 {
        i128::from(self.0) - i128::from(earlier.0)
    }
}

impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NEVER => f.write_str("never"),
            at => at.to_unix().fmt(f),
        }
    }
}

/// A length of time as a domain writes it: steps of 100 ns, negated. The smallest value means
/// without end, and so does one that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval(pub i64);

impl Interval {
    /// Without end.
    pub const FOREVER: Self = Self(i64::MIN);

    /// Steps of 100 ns; none if without end.
    pub fn ticks(self) -> Option<i128> {
        match self.0 {
            i64::MIN | 0.. => None,
            ticks => Some(-i128::from(ticks)),
        }
    }
}
