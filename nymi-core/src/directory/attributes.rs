use alloc::string::String;

use super::file_time::{FileTime, Interval};
use super::status::AccountStatus;
use crate::UnixMillis;

/// The bits of userAccountControl that decide something here (MS-ADTS 2.2.16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AccountFlags(pub u32);

impl AccountFlags {
    /// ADS_UF_ACCOUNT_DISABLE.
    pub const DISABLED: u32 = 0x2;
    /// ADS_UF_LOCKOUT; only right in msDS-User-Account-Control-Computed.
    pub const LOCKED: u32 = 0x10;
    /// ADS_UF_NORMAL_ACCOUNT.
    pub const NORMAL: u32 = 0x200;
    /// ADS_UF_DONT_EXPIRE_PASSWD.
    pub const PASSWORD_NEVER_EXPIRES: u32 = 0x1_0000;
    /// ADS_UF_SMARTCARD_REQUIRED.
    pub const SMARTCARD_REQUIRED: u32 = 0x4_0000;
    /// ADS_UF_PASSWORD_EXPIRED; only right in msDS-User-Account-Control-Computed.
    pub const PASSWORD_EXPIRED: u32 = 0x80_0000;
    /// The three kinds of accounts that belong to machines and domains, and know no lock and no
    /// expiry of passwords.
    pub const TRUST: u32 = 0x800 | 0x1000 | 0x2000;

    const fn has(self, bits: u32) -> bool {
        self.0 & bits != 0
    }
}

/// What the domain decides for all of its accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DomainRules {
    /// lockoutDuration: how long a lock lasts.
    pub lockout_duration: Interval,
    /// maxPwdAge: how old a password may be.
    pub max_password_age: Interval,
}

impl Default for DomainRules {
    /// Locks until an administrator unlocks, passwords without end.
    fn default() -> Self {
        Self {
            lockout_duration: Interval::FOREVER,
            max_password_age: Interval::FOREVER,
        }
    }
}

/// The attributes of an account that say whether it may act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// userAccountControl.
    pub flags: AccountFlags,
    /// msDS-User-Account-Control-Computed, where the directory gave it.
    pub computed: Option<AccountFlags>,
    /// lockoutTime; 0 if not locked.
    pub lockout_time: FileTime,
    /// accountExpires; 0 or [`FileTime::NEVER`] if it does not.
    pub account_expires: FileTime,
    /// pwdLastSet; 0 if the password must be changed.
    pub password_last_set: FileTime,
    /// msDS-UserPasswordExpiryTimeComputed, where the directory gave it. It knows of policies for
    /// single groups, which maxPwdAge does not.
    pub password_expires: Option<FileTime>,
}

/// An attribute that says nothing that can be relied on. Nothing is concluded from such an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeError {
    /// Not there, or not readable for the account that searched.
    #[error("{attribute} is missing; the searching account must be allowed to read it")]
    Missing {
        /// Its name.
        attribute: &'static str,
    },
    /// There twice, though it has one value.
    #[error("{attribute} is there twice; it has one value")]
    Repeated {
        /// Its name.
        attribute: &'static str,
    },
    /// Not a number that it can have.
    #[error("{attribute} is {found:?}; it must be {rule}")]
    Value {
        /// Its name.
        attribute: &'static str,
        /// The refused value, shortened.
        found: String,
        /// What it must be.
        rule: &'static str,
    },
}

const FLAGS: &str = "a whole number of 32 bits";
const TIME: &str = "a whole number from 0 to 9223372036854775807";

/// The names, in the order of `Raw`.
const NAMES: [&str; 6] = [
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "lockoutTime",
    "accountExpires",
    "pwdLastSet",
    "msDS-UserPasswordExpiryTimeComputed",
];

impl Attributes {
    /// The attributes to ask the directory for.
    pub const NAMES: &'static [&'static str] = &NAMES;

    /// Reads name and value of each attribute of an entry; names in any case, others ignored.
    ///
    /// # Errors
    /// userAccountControl is missing, or an attribute has no value that it can have.
    pub fn parse<'a>(
        entry: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, AttributeError> {
        let mut raw: [Option<&str>; NAMES.len()] = [None; NAMES.len()];
        for (name, value) in entry {
            let Some(index) = NAMES.iter().position(|n| n.eq_ignore_ascii_case(name)) else {
                continue;
            };
            if raw[index].replace(value).is_some() {
                let attribute = NAMES[index];
                return Err(AttributeError::Repeated { attribute });
            }
        }
        let flags = |index| read(&raw, index, FLAGS, parse_flags);
        let time = |index| read(&raw, index, TIME, parse_time);
        Ok(Self {
            flags: flags(0)?.ok_or(AttributeError::Missing {
                attribute: NAMES[0],
            })?,
            computed: flags(1)?,
            lockout_time: time(2)?.unwrap_or_default(),
            account_expires: time(3)?.unwrap_or_default(),
            password_last_set: time(4)?.unwrap_or_default(),
            password_expires: time(5)?,
        })
    }

    /// The status of the account at `now`.
    pub fn status(&self, domain: &DomainRules, now: UnixMillis) -> AccountStatus {
        let now = FileTime::from_unix(now);
        if self.flags.has(AccountFlags::DISABLED) {
            AccountStatus::Disabled
        } else if self.is_locked(domain, now) {
            AccountStatus::Locked
        } else if self.has_expired(now) {
            AccountStatus::Expired
        } else if self.must_change_password() {
            AccountStatus::MustChangePassword
        } else if self.password_has_expired(domain, now) {
            AccountStatus::PasswordExpired
        } else {
            AccountStatus::Active
        }
    }

    /// What the directory computed, or else lockoutTime and the domain's duration. A lock of the
    /// future, by clocks that differ, is a lock.
    fn is_locked(&self, domain: &DomainRules, now: FileTime) -> bool {
        if let Some(computed) = self.computed {
            return computed.has(AccountFlags::LOCKED);
        }
        if self.lockout_time <= FileTime::ZERO || self.flags.has(AccountFlags::TRUST) {
            return false;
        }
        domain
            .lockout_duration
            .ticks()
            .is_none_or(|duration| now.since(self.lockout_time) <= duration)
    }

    fn has_expired(&self, now: FileTime) -> bool {
        !matches!(self.account_expires, FileTime::ZERO | FileTime::NEVER)
            && self.account_expires <= now
    }

    fn password_expires(&self) -> bool {
        let never = AccountFlags::PASSWORD_NEVER_EXPIRES
            | AccountFlags::SMARTCARD_REQUIRED
            | AccountFlags::TRUST;
        !self.flags.has(never)
    }

    /// An attribute that could not be read looks like one that is 0; what the directory computed
    /// tells them apart.
    fn must_change_password(&self) -> bool {
        self.password_expires()
            && self.password_last_set == FileTime::ZERO
            && self
                .computed
                .is_none_or(|computed| computed.has(AccountFlags::PASSWORD_EXPIRED))
    }

    /// The first that the directory gave of: its conclusion, the moment, the age.
    fn password_has_expired(&self, domain: &DomainRules, now: FileTime) -> bool {
        if !self.password_expires() {
            return false;
        }
        if let Some(computed) = self.computed {
            return computed.has(AccountFlags::PASSWORD_EXPIRED);
        }
        if let Some(expires) = self.password_expires {
            return expires != FileTime::NEVER && expires <= now;
        }
        domain
            .max_password_age
            .ticks()
            .is_some_and(|age| now.since(self.password_last_set) > age)
    }
}

fn read<T>(
    raw: &[Option<&str>],
    index: usize,
    rule: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, AttributeError> {
    raw[index]
        .map(|text| {
            parse(text).ok_or_else(|| AttributeError::Value {
                attribute: NAMES[index],
                found: text.chars().take(40).collect(),
                rule,
            })
        })
        .transpose()
}

/// Directories write the 32 bits as a signed number.
fn parse_flags(text: &str) -> Option<AccountFlags> {
    let number: i64 = number(text)?;
    u32::try_from(number)
        .ok()
        .or_else(|| i32::try_from(number).ok().map(|bits| bits as u32))
        .map(AccountFlags)
}

fn parse_time(text: &str) -> Option<FileTime> {
    number(text).filter(|ticks| *ticks >= 0).map(FileTime)
}

/// An INTEGER or LargeInteger as LDAP writes it: digits, with a minus where negative.
fn number(text: &str) -> Option<i64> {
    (!text.starts_with('+'))
        .then(|| text.parse().ok())
        .flatten()
}
