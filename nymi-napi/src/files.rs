//! Files that somebody else may have put in our way: opened once, without waiting, and looked at
//! through what was opened, so that nothing changes between check and use.
//!
//! Opening waits for nobody, and only regular files are read, so that a named pipe or a device
//! cannot hold up the thread of a client.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

/// Whose a file has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Anybody's, also behind a symbolic link.
    Anybody,
    /// This user's, and no symbolic link.
    This,
}

/// The bytes of a regular file of at most `max` bytes; links are followed.
///
/// # Errors
/// What the system says, or why the file is refused.
pub(crate) fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let (file, metadata) = open(path, OpenOptions::new().read(true), Owner::Anybody)?;
    let mut bytes = Vec::new();
    read_at_most(&file, &metadata, max, &mut bytes)?;
    Ok(bytes)
}

/// The bytes of a regular file of this user, which nobody else may read or write, of at most `max`
/// bytes. Symbolic links are refused.
///
/// # Errors
/// What the system says, or why the file is refused.
pub(crate) fn read_private(path: &Path, max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let (file, metadata) = open(path, OpenOptions::new().read(true), Owner::This)?;
    refuse_mode(
        &metadata,
        0o077,
        "others than this user may read or write it",
    )?;
    // With room for all of it, so that growing leaves no copy behind unwiped.
    let room = usize::try_from(metadata.len().min(max)).map_err(io::Error::other)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room + 1));
    read_at_most(&file, &metadata, max, &mut bytes)?;
    Ok(bytes)
}

/// Opens a regular file of this user to append to it, or makes it for this user to write and its
/// group to read. Links of both kinds are refused, and files that others may write to.
///
/// # Errors
/// What the system says, or why the file is refused.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o640);
    }
    let (file, metadata) = open(path, &mut options, Owner::This)?;
    refuse_mode(&metadata, 0o022, "others than this user may write to it")?;
    refuse_names(&metadata)?;
    Ok(file)
}

/// Refuses a folder that is not this user's own, or in which others may put files.
///
/// # Errors
/// What the system says, or why the folder is refused and what to do.
pub(crate) fn check_own_folder(folder: &Path) -> io::Result<()> {
    let metadata = std::fs::metadata(folder)?;
    if !metadata.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    refuse_owner(&metadata)?;
    refuse_mode(
        &metadata,
        0o022,
        "others than this user may put files there; take that right away (chmod go-w), or name another folder",
    )
}

fn open(path: &Path, options: &mut OpenOptions, owner: Owner) -> io::Result<(File, Metadata)> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        if owner == Owner::This {
            flags |= OFlags::NOFOLLOW;
        }
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path).map_err(explained)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other(NOT_REGULAR));
    }
    if owner == Owner::This {
        refuse_owner(&metadata)?;
    }
    Ok((file, metadata))
}

const NOT_REGULAR: &str = "it is no regular file";

/// The system's words for a link or a pipe that was refused are about something else.
#[cfg(unix)]
fn explained(error: io::Error) -> io::Error {
    use rustix::io::Errno;
    match Errno::from_io_error(&error) {
        Some(Errno::LOOP | Errno::MLINK) => io::Error::other("it is a symbolic link"),
        // A pipe that nobody reads, or a socket.
        Some(Errno::NXIO) => io::Error::other(NOT_REGULAR),
        _ => error,
    }
}

#[cfg(not(unix))]
fn explained(error: io::Error) -> io::Error {
    error
}

fn read_at_most(file: &File, metadata: &Metadata, max: u64, to: &mut Vec<u8>) -> io::Result<()> {
    let too_long = || io::Error::other(format!("it is longer than {} KiB", max / 1024));
    if metadata.len() > max {
        return Err(too_long());
    }
    // It may have grown since.
    let read = file.take(max + 1).read_to_end(to)?;
    if read as u64 > max {
        return Err(too_long());
    }
    Ok(())
}

#[cfg(unix)]
fn refuse_owner(metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let this = rustix::process::geteuid().as_raw();
    if metadata.uid() != this {
        let owner = metadata.uid();
        return Err(io::Error::other(format!(
            "it belongs to user {owner}, not to this one, {this}"
        )));
    }
    Ok(())
}

#[cfg(unix)]
fn refuse_mode(metadata: &Metadata, refused: u32, why: &'static str) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & refused != 0 {
        return Err(io::Error::other(why));
    }
    Ok(())
}

/// Whoever may link to this user's files could have put one of them here.
#[cfg(unix)]
fn refuse_names(metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    if metadata.nlink() > 1 {
        return Err(io::Error::other("it has another name, too (a hard link)"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_names(_: &Metadata) -> io::Result<()> {
    Ok(())
}

/// On Windows the folder of the user's profile is for that user alone.
#[cfg(not(unix))]
fn refuse_owner(_: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn refuse_mode(_: &Metadata, _: u32, _: &'static str) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::PathBuf;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn pipe(path: &Path) {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    }

    struct Files {
        folder: tempfile::TempDir,
    }

    impl Files {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("file"), "text").unwrap();
            set_mode(&folder.path().join("file"), 0o600);
            symlink("file", folder.path().join("link")).unwrap();
            pipe(&folder.path().join("pipe"));
            Self { folder }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }
    }

    fn why<T>(result: io::Result<T>) -> String {
        result.err().map_or_else(String::new, |it| it.to_string())
    }

    #[test]
    fn only_regular_files_are_opened_and_nothing_waits() {
        let files = Files::new();
        for name in ["pipe", "."] {
            let path = files.at(name);
            assert_eq!(why(read(&path, 9)), NOT_REGULAR);
            assert_eq!(why(read_private(&path, 9)), NOT_REGULAR);
        }
        assert_eq!(why(append(&files.at("pipe"))), NOT_REGULAR);
        let reader = OpenOptions::new()
            .read(true)
            .write(true)
            .open(files.at("pipe"));
        assert_eq!(why(append(&files.at("pipe"))), NOT_REGULAR);
        drop(reader);
        assert_eq!(why(read(Path::new("/dev/zero"), 9)), NOT_REGULAR);
    }

    #[test]
    fn links_are_followed_only_where_nobody_minds() {
        let files = Files::new();
        assert_eq!(read(&files.at("link"), 9).unwrap(), b"text");
        let refused = "it is a symbolic link";
        assert_eq!(why(read_private(&files.at("link"), 9)), refused);
        assert_eq!(why(append(&files.at("link"))), refused);
        fs::remove_file(files.at("file")).unwrap();
        assert_eq!(why(append(&files.at("link"))), refused);
        assert!(!files.at("file").exists(), "made through a link");
    }

    #[test]
    fn a_file_with_another_name_is_not_appended_to() {
        let files = Files::new();
        fs::hard_link(files.at("file"), files.at("other")).unwrap();
        assert!(why(append(&files.at("other"))).contains("a hard link"));
        assert_eq!(fs::read(files.at("file")).unwrap(), b"text");
        fs::remove_file(files.at("file")).unwrap();
        assert!(append(&files.at("other")).is_ok());
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let files = Files::new();
        assert_eq!(*read_private(&files.at("file"), 4).unwrap(), b"text");
        assert_eq!(why(read(&files.at("file"), 3)), "it is longer than 0 KiB");
        // Says that it is empty.
        assert!(why(read(Path::new("/proc/self/maps"), 3)).contains("longer"));
    }

    #[test]
    fn others_may_not_have_a_hand_in_it() {
        let files = Files::new();
        for (mode, reads, appends) in [
            (0o600, true, true),
            (0o640, false, true),
            (0o644, false, true),
            (0o620, false, false),
            (0o602, false, false),
        ] {
            set_mode(&files.at("file"), mode);
            let read = read_private(&files.at("file"), 9);
            assert_eq!(read.is_ok(), reads, "{mode:o}");
            assert_eq!(append(&files.at("file")).is_ok(), appends, "{mode:o}");
        }
        for (mode, accepted) in [
            (0o700, true),
            (0o755, true),
            (0o775, false),
            (0o1777, false),
        ] {
            set_mode(files.folder.path(), mode);
            let checked = check_own_folder(files.folder.path());
            assert_eq!(checked.is_ok(), accepted, "{mode:o}");
        }
        let no_folder = check_own_folder(&files.at("file")).unwrap_err();
        assert_eq!(no_folder.kind(), io::ErrorKind::NotADirectory);
    }

    /// Only the superuser can give files away; for others the system's own files serve.
    #[test]
    fn what_belongs_to_another_user_is_refused() {
        let files = Files::new();
        let (mut file, mut folder) = (PathBuf::from("/etc/passwd"), PathBuf::from("/etc"));
        if rustix::process::geteuid().is_root() {
            (file, folder) = (files.at("file"), files.folder.path().to_owned());
            std::os::unix::fs::chown(&file, Some(4242), None).unwrap();
            std::os::unix::fs::chown(&folder, Some(4242), None).unwrap();
        }
        assert!(why(read_private(&file, 1 << 20)).contains("belongs to user"));
        assert!(why(check_own_folder(&folder)).contains("belongs to user"));
        assert!(read(&file, 1 << 20).is_ok());
    }
}
