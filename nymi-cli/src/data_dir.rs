//! Where `nymi up` keeps its state, and the small files that it leaves there.

use std::env;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nymi_net::durable::{self, Readers};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::error::CliError;

/// `$XDG_DATA_HOME/nymi/up`, or `~/.local/share/nymi/up`; on Windows `%LOCALAPPDATA%\nymi\up`.
pub(crate) fn default_dir() -> Result<PathBuf, CliError> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute())
    };
    if cfg!(windows) {
        return absolute("LOCALAPPDATA")
            .map(|base| base.join("nymi").join("up"))
            .ok_or_else(|| CliError::new("LOCALAPPDATA is not set; name a directory with --data"));
    }
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("nymi/up"))
        .ok_or_else(|| {
            CliError::new("neither XDG_DATA_HOME nor HOME is set; name a directory with --data")
        })
}

const PREFIX: &str = "nymi-up-";
const JUST_MADE: Duration = Duration::from_secs(60);

/// A data directory that this process alone uses.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    // Held for their effect on drop: the lock is released, a temporary directory removed.
    _lock: File,
    _temporary: Option<TempDir>,
}

impl DataDir {
    /// Opens the directory, making it with mode 0700 where it is missing. Windows has no modes: there a
    /// directory is for whom the one around it is, which by default is the user's own.
    pub(crate) fn open(path: &Path) -> Result<Self, CliError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        builder.mode(0o700);
        builder
            .create(path)
            .map_err(|error| unusable(path, &error))?;
        Self::locked(path.to_owned(), None)
    }

    /// A new directory that is removed at the end.
    pub(crate) fn temporary() -> Result<Self, CliError> {
        sweep();
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(fs::Permissions::from_mode(0o700));
        let directory = builder
            .tempdir()
            .map_err(|error| unusable(&env::temp_dir(), &error))?;
        Self::locked(directory.path().to_owned(), Some(directory))
    }

    fn locked(path: PathBuf, temporary: Option<TempDir>) -> Result<Self, CliError> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        options.mode(0o600);
        let lock = options
            .open(path.join("lock"))
            .map_err(|error| unusable(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path,
                _lock: lock,
                _temporary: temporary,
            }),
            Err(TryLockError::WouldBlock) => Err(CliError::about(
                path.display(),
                "another `nymi up` uses this data directory; stop it or choose another with --data",
            )),
            Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// The lock of a directory that this user made. Anybody may put something of such a name into a temporary folder, also
/// a named pipe, for whose reader an opening would wait.
fn own_lock(directory: &Path) -> Option<File> {
    let path = directory.join("lock");
    let is_ours = |metadata: &Metadata| {
        #[cfg(unix)]
        let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
        #[cfg(not(unix))]
        let is_ours = true;
        is_ours
    };
    let above = fs::symlink_metadata(directory).ok()?;
    // In a directory of ours nobody else changes what is looked at here and opened below.
    if !above.is_dir() || !is_ours(&above) {
        return None;
    }
    let itself = fs::symlink_metadata(&path).ok()?;
    if !itself.is_file() || !is_ours(&itself) {
        return None;
    }
    File::options().write(true).open(path).ok()
}

/// Removes what an ephemeral system left that was killed: a directory of ours that nobody locks.
fn sweep() {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            continue;
        }
        let Some(lock) = own_lock(&entry.path()) else {
            continue;
        };
        // One that is just being made is not locked yet.
        let old = lock
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > JUST_MADE));
        if old && lock.try_lock().is_ok() {
            // Another user's directory stays: it cannot be opened, let alone removed.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn unusable(path: &Path, error: &io::Error) -> CliError {
    if path.exists() && !path.is_dir() {
        return CliError::about(
            path.display(),
            "is not a directory; choose another with --data",
        );
    }
    CliError::about(
        path.display(),
        format_args!(
            "the data directory cannot be used: {error}; make it writable for this user, choose \
             another with --data, or run with --ephemeral"
        ),
    )
}

/// Writes a file that only this user may read, whole or not at all, and waits for the disk.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), CliError> {
    durable::write(path, content, Readers::Owner).map_err(|error| {
        CliError::about(path.display(), format_args!("cannot be written: {error}"))
    })
}

/// Reads a JSON file; none where it is missing.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, CliError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CliError::about(path.display(), error)),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| CliError::about(path.display(), format_args!("is damaged: {error}")))
}

/// How other commands find a running `nymi up`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunFile {
    /// The control port of the virtual hardware, `host:port`.
    pub(crate) nymulator: String,
}

impl RunFile {
    const NAME: &str = "running.json";

    pub(crate) fn read(directory: &Path) -> Result<Self, CliError> {
        read_json(&directory.join(Self::NAME))?.ok_or_else(|| {
            CliError::new(format!(
                "no `nymi up` runs with the data directory {}; start one, or name its virtual \
                 hardware with --nymulator HOST:PORT",
                directory.display()
            ))
        })
    }

    pub(crate) fn write(&self, directory: &DataDir) -> Result<(), CliError> {
        let text =
            serde_json::to_vec(self).map_err(|error| CliError::about("internal error", error))?;
        write_private(&directory.join(Self::NAME), &text)
    }

    pub(crate) fn remove(directory: &DataDir) {
        // Left behind, it only makes a later `nymi tap` say that nothing answers.
        let _ = fs::remove_file(directory.join(Self::NAME));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn a_second_user_of_the_directory_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let first = DataDir::open(temporary.path()).unwrap();
        let error = DataDir::open(temporary.path()).unwrap_err().to_string();
        assert!(error.contains("another `nymi up`"), "{error}");
        drop(first);
        DataDir::open(temporary.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private() {
        let directory = DataDir::temporary().unwrap();
        let file = directory.join("secret");
        write_private(&file, b"x").unwrap();
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn what_a_killed_system_left_is_removed_and_a_running_one_kept() {
        let running = DataDir::temporary().unwrap();
        let left = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir()
            .unwrap()
            .keep();
        let lock = File::create(left.join("lock")).unwrap();
        sweep();
        assert!(left.exists(), "it may just be starting");
        lock.set_modified(SystemTime::now() - 2 * JUST_MADE)
            .unwrap();
        sweep();
        assert!(!left.exists() && running.path().exists());
    }

    /// If it opened the pipe, this would never end.
    #[cfg(unix)]
    #[test]
    fn what_others_put_into_the_temporary_folder_is_not_waited_for() {
        let left = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
        let pipe = left.path().join("lock");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert!(own_lock(left.path()).is_none());
        fs::remove_file(&pipe).unwrap();
        std::os::unix::fs::symlink("/dev/null", &pipe).unwrap();
        assert!(own_lock(left.path()).is_none(), "a link");
        fs::remove_file(&pipe).unwrap();
        fs::write(&pipe, "").unwrap();
        assert!(own_lock(left.path()).is_some());
    }

    #[test]
    fn a_temporary_directory_goes_away() {
        let directory = DataDir::temporary().unwrap();
        let path = directory.path().to_owned();
        drop(directory);
        assert!(!path.exists());
    }
}
