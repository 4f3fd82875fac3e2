//! Files that are replaced as a whole: whoever reads one, also after a crash, finds the old content or the
//! new one, never a part.
//!
//! The new content is written beside the file, brought to the disk, and renamed over the file. Windows refuses
//! that while somebody has the file open, as a virus scanner or a backup has it for a moment: there it is tried
//! again for a few seconds.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How long is waited, in all, for others who have a file open that is to be replaced.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first wait; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(5);
/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// From this age on, what was not renamed never will be.
const LEFTOVER: Duration = Duration::from_secs(10 * 60);

/// Who may read a file. Windows has no modes: there the folder decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Mode 0600: keys.
    Owner,
    /// Mode 0644, less what the umask takes: certificates.
    Everybody,
}

/// Writes a file, in the place of one that is there, and waits for the disk. Mode and owner of an old file are
/// not kept. Removes what earlier calls for this file left that never came to their end.
///
/// On Windows it blocks for as long as somebody has the old file open, at most five seconds.
///
/// # Errors
/// What the system says, without the file's name. The old file is as it was then, unless only the last step
/// failed, which brings the folder to the disk.
pub fn write(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let own = path.file_stem().unwrap_or_default().to_string_lossy();
    remove_leftovers(folder, |stem| stem == own);
    let mut suffix = [0; 8];
    getrandom::fill(&mut suffix).map_err(io::Error::other)?;
    let new = path.with_extension(format!("{:016x}.new", u64::from_be_bytes(suffix)));
    let written = write_new(&new, content, readers).and_then(|()| replace(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written?;
    // The new name is on disk only once its folder is, for which Windows has no call.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Removes what [`write()`] left in a folder that never came to its end, such as in a process that was killed: keys
/// may be in it. `of` is asked with the name of a file less its extension. What is young stays, since another
/// process may still write it.
pub fn remove_leftovers(folder: &Path, of: impl Fn(&str) -> bool) {
    let files = fs::read_dir(folder).into_iter().flatten();
    for file in files.filter_map(Result::ok) {
        let name = file.file_name();
        if !stem_of_new(&name.to_string_lossy()).is_some_and(&of) {
            continue;
        }
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        if modified.is_ok_and(|it| it.elapsed().is_ok_and(|age| age >= LEFTOVER)) {
            // Another process may have been quicker.
            let _ = fs::remove_file(file.path());
        }
    }
}

/// Of the name of what [`write()`] renames in the end, that of the file less its extension.
fn stem_of_new(name: &str) -> Option<&str> {
    let (stem, suffix) = name.strip_suffix(".new")?.rsplit_once('.')?;
    let is_ours = suffix.len() == 16 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_ours && !stem.is_empty()).then_some(stem)
}

fn write_new(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(match readers {
            Readers::Owner => 0o600,
            Readers::Everybody => 0o644,
        });
    }
    #[cfg(not(unix))]
    let _ = readers;
    let mut file: File = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn replace(new: &Path, path: &Path) -> io::Result<()> {
    let is_in_use = |error: &io::Error| {
        cfg!(windows) && error.raw_os_error().is_some_and(may_be_in_use) && can_be_replaced(path)
    };
    patiently(|| fs::rename(new, path), is_in_use, thread::sleep)
}

/// Whether an error of Windows is one of those for a file that somebody has open.
fn may_be_in_use(code: i32) -> bool {
    /// Of winerror.h. The first one is also said of a file that was opened by whoever shares all, and of one
    /// that is just being deleted.
    const ERROR_ACCESS_DENIED: i32 = 5;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    [ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION].contains(&code)
}

/// Folders and what is read-only are refused with the same error, however long one waits.
fn can_be_replaced(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| !it.is_dir() && !it.permissions().readonly())
}

/// Tries until it is done, fails for another reason or the patience ends.
fn patiently(
    mut attempt: impl FnMut() -> io::Result<()>,
    is_in_use: impl Fn(&io::Error) -> bool,
    mut wait: impl FnMut(Duration),
) -> io::Result<()> {
    let (mut left, mut pause) = (PATIENCE, FIRST_WAIT);
    loop {
        match attempt() {
            Err(error) if is_in_use(&error) => {
                if left.is_zero() {
                    let seconds = PATIENCE.as_secs();
                    return Err(io::Error::new(
                        error.kind(),
                        format!(
                            "another program has had it open for {seconds} s, or it may not be replaced: {error}"
                        ),
                    ));
                }
                pause = pause.min(left);
                wait(pause);
                left -= pause;
                pause = (pause * 2).min(LONGEST_WAIT);
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn in_use() -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, "in use")
    }

    fn is_in_use(error: &io::Error) -> bool {
        error.to_string() == "in use"
    }

    /// Refuses so many times, then does what it is told; with the waits there were.
    fn tried(
        refusals: usize,
        then: impl Fn() -> io::Result<()>,
    ) -> (io::Result<()>, Vec<Duration>) {
        let (mut attempts, mut waits) = (0, Vec::new());
        let attempt = || {
            attempts += 1;
            if attempts <= refusals {
                Err(in_use())
            } else {
                then()
            }
        };
        let done = patiently(attempt, is_in_use, |wait| waits.push(wait));
        assert_eq!(attempts, waits.len() + 1);
        (done, waits)
    }

    #[test]
    fn what_is_in_use_is_tried_again_ever_more_rarely_and_not_forever() {
        let (done, waits) = tried(0, || Ok(()));
        assert!(done.is_ok() && waits.is_empty());

        let (done, waits) = tried(6, || Ok(()));
        assert!(done.is_ok());
        assert_eq!(waits, [5, 10, 20, 40, 80, 100].map(Duration::from_millis));

        let (done, waits) = tried(usize::MAX, || Ok(()));
        let error = done.unwrap_err();
        assert_eq!(waits.iter().sum::<Duration>(), PATIENCE);
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let error = error.to_string();
        assert!(
            error.contains("open for 5 s") && error.ends_with(": in use"),
            "{error}"
        );
    }

    #[test]
    fn another_error_is_told_at_once() {
        let full = || Err(io::ErrorKind::StorageFull.into());
        let (done, waits) = tried(2, full);
        assert_eq!(done.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(waits.len(), 2);
    }

    #[test]
    fn only_a_file_that_can_be_replaced_is_waited_for() {
        assert!(may_be_in_use(5) && may_be_in_use(32));
        // Not found, and a disk that is full.
        assert!(!may_be_in_use(2) && !may_be_in_use(112));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(!can_be_replaced(&path) && !can_be_replaced(folder.path()));
        fs::write(&path, "").unwrap();
        assert!(can_be_replaced(&path));
        let writable = fs::metadata(&path).unwrap().permissions();
        let mut permissions = writable.clone();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        assert!(!can_be_replaced(&path));
        // Windows deletes nothing that is read-only.
        fs::set_permissions(&path, writable).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.pem");
        write(&path, b"one, and longer", Readers::Owner).unwrap();
        // Who has it open reads on in the old one.
        #[cfg(unix)]
        let before = File::open(&path).unwrap();
        write(&path, b"two", Readers::Owner).unwrap();
        #[cfg(unix)]
        assert_eq!(io::read_to_string(before).unwrap(), "one, and longer");
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["file.pem"]);
    }

    #[test]
    #[cfg(unix)]
    fn its_mode_says_who_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        write(&path, b"one", Readers::Everybody).unwrap();
        // The umask of whoever runs this may take the bits of group and others.
        assert_eq!(mode() & !0o044, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        write(&path, b"two", Readers::Owner).unwrap();
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn what_fails_leaves_what_was_there_and_nothing_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        // Nothing is renamed to where a folder is.
        fs::create_dir(&path).unwrap();
        fs::write(path.join("kept"), "").unwrap();
        let begun = std::time::Instant::now();
        write(&path, b"new", Readers::Owner).unwrap_err();
        assert!(begun.elapsed() < PATIENCE, "it waited for a folder");
        assert_eq!(names(folder.path()), ["file"]);
        assert_eq!(names(&path), ["kept"]);
        write(&folder.path().join("missing/file"), b"", Readers::Owner).unwrap_err();
    }

    #[test]
    fn what_a_crash_left_is_removed_by_the_next_write_of_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let suffix = "0123456789abcdef";
        let young = format!("file.{}.new", suffix.replace('0', "f"));
        let kept = [
            young.clone(),
            format!("other.{suffix}.new"),
            format!("file.{suffix}0.new"),
            format!("file.{suffix}.old"),
            format!(".{suffix}.new"),
            "file.new".to_owned(),
        ];
        let old = SystemTime::now() - LEFTOVER;
        for name in kept.iter().chain([&format!("file.{suffix}.new")]) {
            let file = File::create(folder.path().join(name)).unwrap();
            if *name != young {
                file.set_modified(old).unwrap();
            }
        }
        write(&folder.path().join("file.pem"), b"", Readers::Owner).unwrap();
        let mut expected = kept.to_vec();
        expected.push("file.pem".to_owned());
        expected.sort();
        assert_eq!(names(folder.path()), expected);
    }

    /// As a scanner that shares nothing has it.
    #[cfg(windows)]
    fn held(path: &Path) -> File {
        use std::os::windows::fs::OpenOptionsExt as _;
        let mut options = OpenOptions::new();
        options.read(true).share_mode(0).open(path).unwrap()
    }

    #[test]
    #[cfg(windows)]
    fn a_file_that_somebody_has_open_is_replaced_once_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"one", Readers::Owner).unwrap();
        let holder = held(&path);
        let new = folder.path().join("new");
        fs::write(&new, b"two").unwrap();
        let refused = fs::rename(&new, &path).unwrap_err();
        assert!(
            refused.raw_os_error().is_some_and(may_be_in_use),
            "{refused}"
        );

        let closing = thread::spawn(move || {
            thread::sleep(4 * LONGEST_WAIT);
            drop(holder);
        });
        write(&path, b"three", Readers::Owner).unwrap();
        closing.join().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");

        let holder = held(&path);
        let error = write(&path, b"four", Readers::Owner)
            .unwrap_err()
            .to_string();
        assert!(error.contains("open for 5 s"), "{error}");
        drop(holder);
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(names(folder.path()), ["file", "new"]);
    }
}
