//! Who a search finds.

use alloc::string::String;

/// Note of a user row that a search created (guide 000, 11.1.2.5 "audit.UserCore SQL Schema").
pub const CREATED_BY_SEARCH: &str = "Created from an AD search result";

/// A user of a managed domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// User name in the directory.
    pub username: String,
}

impl Person {
    /// Whether a search finds this user: by full or partial first name, last name, both with a
    /// space between, or user name, in either case (guide 000, 10.1.1).
    pub fn matches(&self, query: &str) -> bool {
        let words: alloc::vec::Vec<String> =
            query.split_whitespace().map(str::to_lowercase).collect();
        let first = self.first_name.to_lowercase();
        let last = self.last_name.to_lowercase();
        let query = words.join(" ");
        !query.is_empty()
            && (self.username.to_lowercase().contains(&query)
                || [first.as_str(), " ", &last].concat().contains(&query))
    }
}
