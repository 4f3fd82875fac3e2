//! The C ABI: nymi_api
