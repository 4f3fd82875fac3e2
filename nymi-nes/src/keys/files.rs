use std::fs;
use std::io;
use std::path::Path;

use zeroize::Zeroizing;

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
    use nymi_net::durable::{self, Readers};

    #[test]
    fn a_key_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(read_secret(&path).unwrap().is_none());
        durable::write(&path, b"one", Readers::Owner).unwrap();
        durable::write(&path, b"two", Readers::Owner).unwrap();
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
