use super::status::AccountStatus;
use crate::message::Status;

/// Why the directory refused a name and password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindRefusal {
    /// The password is wrong.
    WrongCredentials,
    /// Right or wrong, the account may not act.
    Account(AccountStatus),
    /// Not at this time of day (logonHours).
    LogonHours,
    /// Not from this computer (userWorkstations).
    Workstation,
    /// The account is in more groups than fit into a token: more than 1009 (guide 002, "Invalid
    /// Credentials").
    TooManyGroups,
    /// A code that is not in the table, or none.
    Other(Option<u32>),
}

/// A row of the table of sub-codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubCode {
    /// The number after `data`, which is written in hex; a Win32 error code.
    pub code: u32,
    /// The name of that error.
    pub name: &'static str,
    /// What it means.
    pub refusal: BindRefusal,
    /// Whether the directory says so only after the right password.
    pub after_password: bool,
}

macro_rules! sub_codes {
    ($($code:literal $name:ident $refusal:expr, $after:literal;)*) => {
        /// Every sub-code of a refused bind that means something here.
        pub const SUB_CODES: &[SubCode] = &[$(SubCode {
            code: $code,
            name: stringify!($name),
            refusal: $refusal,
            after_password: $after,
        },)*];
    };
}

sub_codes! {
    0x525 ERROR_NO_SUCH_USER BindRefusal::Account(AccountStatus::NotFound), false;
    0x52e ERROR_LOGON_FAILURE BindRefusal::WrongCredentials, false;
    0x530 ERROR_INVALID_LOGON_HOURS BindRefusal::LogonHours, true;
    0x531 ERROR_INVALID_WORKSTATION BindRefusal::Workstation, true;
    0x532 ERROR_PASSWORD_EXPIRED BindRefusal::Account(AccountStatus::PasswordExpired), true;
    0x533 ERROR_ACCOUNT_DISABLED BindRefusal::Account(AccountStatus::Disabled), true;
    0x568 ERROR_TOO_MANY_CONTEXT_IDS BindRefusal::TooManyGroups, true;
    0x701 ERROR_ACCOUNT_EXPIRED BindRefusal::Account(AccountStatus::Expired), true;
    0x773 ERROR_PASSWORD_MUST_CHANGE BindRefusal::Account(AccountStatus::MustChangePassword), true;
    0x775 ERROR_ACCOUNT_LOCKED_OUT BindRefusal::Account(AccountStatus::Locked), false;
}

impl BindRefusal {
    /// The refusal that a sub-code means.
    pub fn from_code(code: u32) -> Self {
        SUB_CODES
            .iter()
            .find(|row| row.code == code)
            .map_or(Self::Other(Some(code)), |row| row.refusal)
    }

    /// Reads the diagnostic message of the directory: `…, comment: AcceptSecurityContext error, data
    /// 52e, v4563`.
    pub fn parse(diagnostic: &str) -> Self {
        let code = diagnostic.split(',').find_map(|part| {
            let digits = part.trim().strip_prefix("data ")?.trim();
            let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
        });
        code.map_or(Self::Other(None), Self::from_code)
    }

    /// The status code, for the log and for those who may know.
    pub const fn status(self) -> Status {
        match self {
            Self::WrongCredentials => Status::NES_CREDENTIALS,
            Self::Account(status) => status.status(),
            Self::LogonHours | Self::Workstation => Status::NES_FORBIDDEN,
            Self::TooManyGroups | Self::Other(_) => Status::NES_SERVER_ERROR,
        }
    }

    /// The status code for the one who tried: what the directory says without the right password
    /// tells a stranger nothing of the account, not even that it exists.
    pub fn status_outside(self) -> Status {
        let known = SUB_CODES.iter().find(|row| row.refusal == self);
        match known {
            Some(row) if !row.after_password => Status::NES_CREDENTIALS,
            _ => self.status(),
        }
    }

    /// A sentence for an operator.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::WrongCredentials => "the password is wrong",
            Self::Account(status) => status.sentence(),
            Self::LogonHours => "the account may not log on at this time",
            Self::Workstation => "the account may not log on from this computer",
            Self::TooManyGroups => {
                "the account is in more groups than fit into a token; reduce them to 1009 or less"
            }
            Self::Other(_) => "the directory refused the log-in for another reason",
        }
    }
}
