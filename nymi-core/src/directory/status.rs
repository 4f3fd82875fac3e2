use core::fmt;

use crate::message::Status;

/// Whether an account may act, and else why not. Where several reasons apply, the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountStatus {
    /// There is no such account.
    NotFound,
    /// Disabled by an administrator.
    Disabled,
    /// Locked after wrong passwords.
    Locked,
    /// The account's time is over.
    Expired,
    /// The password must be changed before the next log-in.
    MustChangePassword,
    /// The password is older than the domain allows.
    PasswordExpired,
    /// In none of the organizational units that are allowed.
    NotInUnit,
    /// May act.
    Active,
}

impl AccountStatus {
    /// Every status, the one that counts first in front.
    pub const ALL: [Self; 8] = [
        Self::NotFound,
        Self::Disabled,
        Self::Locked,
        Self::Expired,
        Self::MustChangePassword,
        Self::PasswordExpired,
        Self::NotInUnit,
        Self::Active,
    ];

    /// The word in `user_status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Disabled => "disabled",
            Self::Locked => "locked",
            Self::Expired => "expired",
            Self::MustChangePassword => "must_change_password",
            Self::PasswordExpired => "password_expired",
            Self::NotInUnit => "not_in_unit",
            Self::Active => "active",
        }
    }

    /// The status code with which a request is refused; success for an active account.
    pub const fn status(self) -> Status {
        match self {
            Self::NotFound => Status::USER_NOT_FOUND,
            Self::Disabled => Status::ACCOUNT_DISABLED,
            Self::Locked => Status::ACCOUNT_LOCKED,
            Self::Expired => Status::ACCOUNT_EXPIRED,
            Self::MustChangePassword | Self::PasswordExpired => Status::PASSWORD_EXPIRED,
            Self::NotInUnit => Status::NOT_IN_UNIT,
            Self::Active => Status::SUCCESS,
        }
    }

    /// A sentence for an operator.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotFound => "the directory has no such account",
            Self::Disabled => "the account is disabled; an administrator can enable it",
            Self::Locked => "the account is locked; an administrator can unlock it",
            Self::Expired => "the account has expired; an administrator can extend it",
            Self::MustChangePassword => "the password must be changed before the next sign-in",
            Self::PasswordExpired => "the password has expired; change it",
            Self::NotInUnit => "the account is in no organizational unit that is allowed",
            Self::Active => "the account is active",
        }
    }

    /// The heading that Connect shows (guide 001, troubleshooting); none where it goes on.
    pub const fn connect_heading(self) -> Option<&'static str> {
        match self {
            Self::MustChangePassword | Self::PasswordExpired => Some("Password has expired"),
            Self::Active => None,
            _ => Some("Cannot log in using this account"),
        }
    }

    /// Whether the user can help it without an administrator.
    pub const fn user_can_help(self) -> bool {
        matches!(self, Self::MustChangePassword | Self::PasswordExpired)
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
