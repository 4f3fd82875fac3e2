//! The database form of a policy's values, and the rules that single values obey.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::text::{is_blank, is_plain};

/// A value as the database holds it: flags and codes are integers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Not set.
    Null,
    /// A number, code or flag (0 or 1).
    Integer(i64),
    /// Text.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// What a single value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// 0 or 1; true or false in JSON.
    Flag,
    /// One of these numbers.
    OneOf(&'static [i64]),
    /// A whole number from the first to the second.
    Range(i64, i64),
    /// A whole number from the first to the second, or NULL.
    RangeOrNull(i64, i64),
    /// A name of one to so many characters, one of which at least is seen; none turns the direction of
    /// writing.
    Text(usize),
    /// Text of at most so many characters, in lines, or NULL; none turns the direction of writing.
    TextOrNull(usize),
    /// One of the PAC parameters, each with a range of its own.
    Pac,
    /// A legacy column with one fixed value.
    Legacy,
}

impl Rule {
    /// Whether a value obeys the rule; those of PAC parameters and legacy columns are checked
    /// elsewhere.
    pub fn allows(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Flag, Value::Integer(number)) => matches!(number, 0 | 1),
            (Self::OneOf(list), Value::Integer(number)) => list.contains(number),
            (Self::Range(min, max) | Self::RangeOrNull(min, max), Value::Integer(number)) => {
                (min..=max).contains(&number)
            }
            (Self::RangeOrNull(..), Value::Null) => true,
            (Self::Text(max), Value::Text(text)) => {
                (1..=*max).contains(&text.chars().count())
                    && text.chars().all(is_plain)
                    && !text.chars().all(is_blank)
            }
            (Self::TextOrNull(max), Value::Text(text)) => {
                let fits = |c: char| is_plain(c) || matches!(c, '\n' | '\r' | '\t');
                text.chars().count() <= *max && text.chars().all(fits)
            }
            (Self::TextOrNull(_), Value::Null) => true,
            (Self::Pac, Value::Integer(_)) | (Self::Legacy, _) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("0 or 1"),
            Self::OneOf(list) => {
                for (index, number) in list.iter().enumerate() {
                    let separator = match index {
                        0 => "",
                        _ if index + 1 == list.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{separator}{number}")?;
                }
                Ok(())
            }
            Self::Range(min, max) => write!(f, "a whole number from {min} to {max}"),
            Self::RangeOrNull(min, max) => write!(f, "NULL or a whole number from {min} to {max}"),
            Self::Text(max) => write!(
                f,
                "text of 1 to {max} characters, not only blanks, none of them a control"
            ),
            Self::TextOrNull(max) => write!(
                f,
                "NULL or text of at most {max} characters, with no control but the end of a line"
            ),
            Self::Pac => f.write_str("a whole number"),
            Self::Legacy => f.write_str("the value that it always has"),
        }
    }
}

/// A field's type and its database form.
pub(super) trait Stored: Sized {
    fn store(&self) -> Value;
    fn load(value: &Value) -> Option<Self>;
}

impl Stored for bool {
    fn store(&self) -> Value {
        Value::Integer(i64::from(*self))
    }

    fn load(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(0) => Some(false),
            Value::Integer(1) => Some(true),
            _ => None,
        }
    }
}

impl Stored for i64 {
    fn store(&self) -> Value {
        Value::Integer(*self)
    }

    fn load(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl Stored for u32 {
    fn store(&self) -> Value {
        Value::Integer(i64::from(*self))
    }

    fn load(value: &Value) -> Option<Self> {
        i64::load(value).and_then(|number| Self::try_from(number).ok())
    }
}

impl Stored for Option<u32> {
    fn store(&self) -> Value {
        self.as_ref().map_or(Value::Null, Stored::store)
    }

    fn load(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => u32::load(value).map(Some),
        }
    }
}

impl Stored for String {
    fn store(&self) -> Value {
        Value::Text(self.clone())
    }

    fn load(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl Stored for Option<String> {
    fn store(&self) -> Value {
        self.as_ref().map_or(Value::Null, Stored::store)
    }

    fn load(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => String::load(value).map(Some),
        }
    }
}

/// Gives an enum of codes its database form.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $title:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant),*
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The code of every value.
            pub const CODES: &'static [i64] = &[$($code),*];

            /// The stored code.
            pub const fn code(self) -> i64 {
                match self {
                    $(Self::$variant => $code),*
                }
            }

            /// The words on the policy's page.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title),*
                }
            }
        }

        impl Stored for $name {
            fn store(&self) -> Value {
                Value::Integer(self.code())
            }

            fn load(value: &Value) -> Option<Self> {
                let code = i64::load(value)?;
                Self::ALL.iter().copied().find(|value| value.code() == code)
            }
        }
    };
}

codes! {
    /// What users may do at this NES (guide 000, 4.2.5.1).
    Permissions {
        /// Bands are enrolled here, and registered elsewhere.
        EnrollmentOnly = 1, "Enrollment only";
        /// Bands that were enrolled elsewhere are registered here.
        RegistrationOnly = 2, "Registration only";
        /// Both.
        EnrollmentAndRegistration = 3, "Enrollment and Registration";
    }
}

codes! {
    /// Where an enrollment is recorded (guide 000, 4.2.5.2).
    Destination {
        /// In the NES alone.
        NesOnly = 1, "NES only";
        /// In the NES and the Evidian EAM Controller.
        NesAndEvidian = 2, "NES and Evidian";
    }
}

codes! {
    /// How often a band takes a wrong finger for the right one (guide 000, 11.1.2.5).
    FalseAcceptRate {
        /// Once in 20,000.
        OneIn20000 = 0, "1:20,000";
        /// Once in 50,000.
        OneIn50000 = 1, "1:50,000";
    }
}

codes! {
    /// Who made an individual policy (guide 000, 11.1.2.5).
    PolicyType {
        /// This platform.
        Predefined = 1, "Predefined user policy";
        /// An administrator.
        Created = 2, "User-created user policy";
    }
}
