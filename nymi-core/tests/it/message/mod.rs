//! Messages: checks in their fixed order, round trips, and no input that panics.
mod arbitrary;
mod channel;
mod description;
mod phoenix;
mod requests;
mod status_page;
mod updates;
