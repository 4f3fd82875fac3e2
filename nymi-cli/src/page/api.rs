use std::sync::Arc;

use super::PageConfig;

pub(super) fn routes(_config: Arc<PageConfig>) -> axum::Router {
    axum::Router::new()
}
