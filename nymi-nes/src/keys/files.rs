use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use zeroize::Zeroizing;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// Mode 0600: keys.
    OwnerOnly,
    /// Mode 0644: certificates.
    Public,
}

/// Creates a folder that only the owner enters (0700), if it is missing.
pub(crate) fn prepare_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    #[allow(unused_mut, reason = "the mode is set on Unix only")]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.recursive(true).create(path)
}

/// Writes a file so that after a crash either the old or the new content is there, never a part.
pub(crate) fn write_atomically(
    path: &Path,
    content: &[u8],
    protection: Protection,
) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut suffix = [0; 8];
    getrandom::fill(&mut suffix).map_err(io::Error::other)?;
    let temporary = folder.join(format!(".tmp-{}", hex::encode(suffix)));
    let written = write_new(&temporary, content, protection)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_new(path: &Path, content: &[u8], protection: Protection) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(match protection {
            Protection::OwnerOnly => 0o600,
            Protection::Public => 0o644,
        });
    }
    #[cfg(not(unix))]
    let _ = protection;
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows has no way to do this; a rename is durable there once the volume's journal is.
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

/// Reads a key file; none if it does not exist. One that others may read is refused.
pub(crate) fn read_secret(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let content = match fs::read(path) {
        Ok(content) => Zeroizing::new(content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(io::Error::other(format!(
                "its mode is {mode:04o}, so that others could read this key; run `chmod 600` on it \
                 and consider the key known"
            )));
        }
    }
    Ok(Some(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(read_secret(&path).unwrap().is_none());
        write_atomically(&path, b"one", Protection::OwnerOnly).unwrap();
        write_atomically(&path, b"two", Protection::OwnerOnly).unwrap();
        assert_eq!(read_secret(&path).unwrap().unwrap().as_slice(), b"two");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let error = read_secret(&path).unwrap_err().to_string();
            assert!(
                error.contains("0640") && error.contains("chmod 600"),
                "{error}"
            );
        }
    }
}
