use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use super::{Settings, SettingsError};

/// Notices that the settings file changed, appeared or vanished.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    seen: Option<(SystemTime, u64)>,
}

impl Watch {
    /// Begins with the file as it is now.
    pub fn new(path: PathBuf) -> Self {
        let mut watch = Self { path, seen: None };
        watch.seen = watch.look();
        watch
    }

    fn look(&self) -> Option<(SystemTime, u64)> {
        let metadata = fs::metadata(&self.path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    }

    /// The settings, if the file is another than at the last call.
    pub fn changed(
        &mut self,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Option<Result<Settings, SettingsError>> {
        let found = self.look();
        if found == self.seen {
            return None;
        }
        self.seen = found;
        Some(Settings::load(&self.path, false, environment))
    }
}
