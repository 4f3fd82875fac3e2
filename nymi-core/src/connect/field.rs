use crate::message::AccountName;

/// A drop-down list that does not offer the user exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// Not at all.
    #[error("the list of users does not have this user")]
    Missing,
    /// More than once, in different words.
    #[error("the list of users has more than one entry for this user")]
    Ambiguous,
}

/// The option of a drop-down list that is this user: the user name alone, `DOMAIN\user` or
/// `user@domain`, in any case. Never a part of an option: `ann` is not `anna`.
///
/// # Errors
/// No option is, or several are.
///
/// ```
/// use nymi_core::connect::{OptionError, choose_option};
/// let user = "CORP\\ann".parse().unwrap();
/// assert_eq!(choose_option(&["", "Anna", "ANN"], &user), Ok(2));
/// assert_eq!(choose_option(&["Anna"], &user), Err(OptionError::Missing));
/// ```
pub fn choose_option(options: &[&str], user: &AccountName) -> Result<usize, OptionError> {
    let name = user.username().to_lowercase();
    let domain = user.domain().to_lowercase();
    let is_user = |option: &str| {
        let option = option.trim().to_lowercase();
        option == name
            || option
                .strip_prefix(&domain)
                .and_then(|rest| rest.strip_prefix('\\'))
                == Some(name.as_str())
            || option
                .strip_suffix(&domain)
                .and_then(|rest| rest.strip_suffix('@'))
                == Some(name.as_str())
    };
    let mut matches = options
        .iter()
        .enumerate()
        .filter(|(_, option)| is_user(option))
        .map(|(index, _)| index);
    match (matches.next(), matches.next()) {
        (Some(index), None) => Ok(index),
        (None, _) => Err(OptionError::Missing),
        (Some(_), Some(_)) => Err(OptionError::Ambiguous),
    }
}
