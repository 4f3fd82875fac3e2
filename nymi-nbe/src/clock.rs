use std::time::{SystemTime, UNIX_EPOCH};

use nymi_core::UnixMillis;

/// This machine's time.
pub fn now() -> UnixMillis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
