//! Directory: from numbers to a reason.

mod bind;
mod cache;
mod page;
mod status;
mod unit;
