//! Lines on their way into the log file.
//!
//! A disk that is full, a network drive that hangs or a pipe that nobody reads must never hold up the
//! application, so lines wait in a short queue and a thread of their own writes them. What does not fit
//! is dropped and counted. A file that has grown to [`MOST_BYTES`] becomes the old one, in place of the
//! one before, and a new one begins. Windows refuses that while somebody has either of them open, such as a
//! virus scanner: the file grows meanwhile, up to twice as long, and each write tries again.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nymi_net::threads::start_thread;

use crate::config::Clock;

/// Bytes from which on a file is the old one.
pub(crate) const MOST_BYTES: u64 = 10 * 1024 * 1024;
/// Bytes of lines that wait.
const MOST_WAITING: usize = 1024 * 1024;
/// How long the last lines may take, in all well below the second within which a client ends.
const FLUSH: Duration = Duration::from_millis(100);

/// Opens the file again once it was renamed.
type Reopen = fn(&Path) -> io::Result<File>;

#[derive(Default)]
struct Waiting {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: u64,
    /// Lines are being written.
    is_writing: bool,
    /// A flush has waited in vain since the last line went out.
    hangs: bool,
    closed: bool,
}

impl Waiting {
    fn is_done(&self) -> bool {
        self.lines.is_empty() && self.dropped == 0 && !self.is_writing
    }
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// For the thread.
    more: Condvar,
    /// For those who flush.
    done: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue of lines and its thread, which ends once this is dropped and the lines are written.
pub(crate) struct LogFile {
    shared: Arc<Shared>,
}

impl LogFile {
    /// Starts the thread that writes to `file`, which is open at `path`.
    pub(crate) fn start(
        file: File,
        path: PathBuf,
        reopen: Reopen,
        clock: Clock,
        set_up: Option<fn()>,
    ) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let writer = Writer {
            shared: Arc::clone(&shared),
            file,
            path,
            reopen,
            clock,
            is_cut: false,
            is_stuck: false,
        };
        let work = move || {
            if let Some(set_up) = set_up {
                set_up();
            }
            writer.run();
        };
        start_thread("nymi-log", || {}, work)?;
        Ok(Self { shared })
    }

    /// Queues a line, given without its end; never waits for the file.
    pub(crate) fn add(&self, line: String) {
        let mut waiting = self.shared.lock();
        if waiting.dropped > 0 || waiting.bytes + line.len() > MOST_WAITING {
            waiting.dropped += 1;
            return;
        }
        waiting.bytes += line.len();
        waiting.lines.push_back(line);
        drop(waiting);
        self.shared.more.notify_one();
    }

    /// Waits until every line is in the file, but not long for a file that hangs.
    pub(crate) fn flush(&self) {
        let waiting = self.shared.lock();
        if waiting.hangs {
            return;
        }
        let done = &self.shared.done;
        let waited = done.wait_timeout_while(waiting, FLUSH, |waiting| !waiting.is_done());
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.hangs = !waiting.is_done();
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.more.notify_one();
        self.flush();
    }
}

struct Writer {
    shared: Arc<Shared>,
    file: File,
    path: PathBuf,
    reopen: Reopen,
    clock: Clock,
    /// The last line was written in part, as on a full disk.
    is_cut: bool,
    /// The file is long enough and could not become the old one, which was told.
    is_stuck: bool,
}

impl Writer {
    fn run(mut self) {
        while let Some((lines, dropped)) = self.next() {
            let mut text = String::new();
            for line in lines {
                text += &line;
                text.push('\n');
            }
            if dropped > 0 {
                let now = (self.clock)();
                text += &format!("{now} WARN - {dropped} lines of the log were dropped here\n");
            }
            // A full disk must not stop the application.
            let _ = self.write(&text);
            let mut waiting = self.shared.lock();
            waiting.is_writing = false;
            waiting.hangs = false;
            drop(waiting);
            self.shared.done.notify_all();
        }
    }

    /// The lines that wait, and how many were dropped after them; none at the end.
    fn next(&self) -> Option<(VecDeque<String>, u64)> {
        let mut waiting = self.shared.lock();
        while waiting.lines.is_empty() && waiting.dropped == 0 {
            if waiting.closed {
                return None;
            }
            let waited = self.shared.more.wait(waiting);
            waiting = waited.unwrap_or_else(PoisonError::into_inner);
        }
        waiting.is_writing = true;
        waiting.bytes = 0;
        let lines = std::mem::take(&mut waiting.lines);
        Some((lines, std::mem::take(&mut waiting.dropped)))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        let is_long = metadata.is_file() && metadata.len() >= MOST_BYTES;
        if is_long && let Err(error) = self.rotate() {
            if metadata.len() >= 2 * MOST_BYTES {
                return Err(error);
            }
            if !self.is_stuck {
                self.is_stuck = true;
                self.write_all(self.why_stuck(&error).as_bytes())?;
            }
        }
        if self.is_cut {
            self.write_all(b"\n")?;
        }
        self.write_all(text.as_bytes())
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    let (done, rest) = bytes.split_at(written);
                    self.is_cut = !done.ends_with(b"\n");
                    bytes = rest;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes the file the old one, unless another client has done so, and opens the new one.
    fn rotate(&mut self) -> io::Result<()> {
        let at_path = fs::symlink_metadata(&self.path);
        if at_path.is_ok_and(|it| it.is_file() && it.len() >= MOST_BYTES) {
            fs::rename(&self.path, old(&self.path))?;
        }
        self.file = (self.reopen)(&self.path)?;
        self.is_cut = false;
        self.is_stuck = false;
        Ok(())
    }

    /// A line for the log.
    fn why_stuck(&self, error: &io::Error) -> String {
        let (now, path, old) = ((self.clock)(), self.path.display(), old(&self.path));
        let old = old.display();
        format!("{now} WARN - {path} grows on, since it cannot become {old}: {error}\n")
    }
}

/// The path of the old file: with `.1` at its end.
fn old(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".1");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nymi_core::UnixMillis;
    #[cfg(unix)]
    use std::time::Instant;

    fn append(path: &Path) -> io::Result<File> {
        File::options().append(true).create(true).open(path)
    }

    fn start(file: File, path: &Path) -> LogFile {
        LogFile::start(
            file,
            path.to_owned(),
            append,
            Arc::new(|| UnixMillis(0)),
            None,
        )
        .unwrap()
    }

    /// A named pipe with its reading end, which holds little until it is read.
    #[cfg(unix)]
    fn fifo(directory: &Path) -> (File, PathBuf) {
        let path = directory.join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        // For both, so that opening does not wait for the other end.
        let reader = File::options().read(true).write(true).open(&path).unwrap();
        (reader, path)
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_hangs_holds_nobody_up_and_what_was_dropped_is_counted() {
        use std::io::{BufRead as _, BufReader};

        let directory = tempfile::tempdir().unwrap();
        let (reader, path) = fifo(directory.path());
        let log = start(append(&path).unwrap(), &path);
        let line = "x".repeat(1023);
        let begun = Instant::now();
        // The thread hangs before the others come.
        log.add("x".repeat(512 * 1024));
        while !log.shared.lock().is_writing {
            std::thread::yield_now();
        }
        for _ in 0..5000 {
            log.add(line.clone());
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
        let begun = Instant::now();
        log.flush();
        log.flush();
        assert!(begun.elapsed() >= FLUSH && begun.elapsed() < FLUSH * 10);

        let mut written = 0;
        for line in BufReader::new(reader).lines() {
            let line = line.unwrap();
            if let Some(note) = line.strip_prefix("1970-01-01T00:00:00.000Z WARN - ") {
                let dropped = note.strip_suffix(" lines of the log were dropped here");
                assert_eq!(written + dropped.unwrap().parse::<usize>().unwrap(), 5001);
                break;
            }
            written += 1;
        }
        assert!(written >= MOST_WAITING / 1024, "{written}");
    }

    #[test]
    #[cfg(unix)]
    fn a_line_that_was_cut_is_ended_before_the_next() {
        use std::io::Read as _;
        use std::os::unix::fs::OpenOptionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let (reader, path) = fifo(directory.path());
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let full = File::options().append(true).custom_flags(flags).open(&path);
        let log = start(full.unwrap(), &path);
        // More than a pipe holds, so that the end is refused as on a full disk.
        log.add("x".repeat(512 * 1024));
        log.flush();
        let mut text = vec![0; 512 * 1024];
        let cut = (&reader).read(&mut text).unwrap();
        assert!(text[..cut].iter().all(|byte| *byte == b'x'));
        log.add("next".into());
        log.add("and next".into());
        log.flush();
        let read = (&reader).read(&mut text).unwrap();
        assert_eq!(String::from_utf8_lossy(&text[..read]), "\nnext\nand next\n");
    }

    #[test]
    #[cfg(unix)]
    fn dropped_while_it_hangs_it_waits_once_and_not_long() {
        let directory = tempfile::tempdir().unwrap();
        let (_reader, path) = fifo(directory.path());
        let log = start(append(&path).unwrap(), &path);
        log.add("x".repeat(512 * 1024));
        let begun = Instant::now();
        log.flush();
        drop(log);
        assert!(begun.elapsed() < FLUSH * 10, "{:?}", begun.elapsed());
    }

    #[test]
    fn a_file_that_is_long_enough_becomes_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        let file = append(&path).unwrap();
        file.set_len(MOST_BYTES - 1).unwrap();
        let log = start(file, &path);
        log.add("fits".into());
        log.flush();
        assert!(!old(&path).exists());
        // Another client of the same file goes on in the new one, too.
        let other = start(append(&path).unwrap(), &path);
        log.add("one".into());
        log.flush();
        other.add("two".into());
        other.flush();
        assert_eq!(read(&path), "one\ntwo\n");
        assert!(read(&old(&path)).ends_with("fits\n"));

        append(&path).unwrap().set_len(MOST_BYTES).unwrap();
        log.add("three".into());
        drop((log, other));
        assert_eq!(read(&path), "three\n");
        assert!(read(&old(&path)).starts_with("one\ntwo\n"));
    }

    /// Lets `hold` keep the file from becoming the old one, until what it gave is given to `release`.
    fn goes_on_while<T>(hold: impl FnOnce(&Path) -> T, release: impl FnOnce(&Path, T)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let end = |path: &Path| {
            let text = fs::read(path).unwrap();
            let lines = String::from_utf8(text).unwrap();
            lines.trim_start_matches('\0').to_owned()
        };
        let file = append(&path).unwrap();
        file.set_len(MOST_BYTES).unwrap();
        let holder = hold(&path);
        let log = start(file, &path);
        let add = |line: &str| {
            log.add(line.to_owned());
            log.flush();
        };
        add("one");
        add("two");
        let told = end(&path);
        let told = told
            .strip_prefix("1970-01-01T00:00:00.000Z WARN - ")
            .unwrap();
        let (why, lines) = told.split_once('\n').unwrap();
        let names = format!(
            "{} grows on, since it cannot become {}: ",
            path.display(),
            old(&path).display()
        );
        assert!(why.starts_with(&names), "{why}");
        assert_eq!(lines, "one\ntwo\n", "told once, and no line lost");

        // Not endlessly.
        append(&path).unwrap().set_len(2 * MOST_BYTES).unwrap();
        add("lost");
        assert_eq!(fs::metadata(&path).unwrap().len(), 2 * MOST_BYTES);
        release(&path, holder);
        add("three");
        assert_eq!(end(&path), "three\n");
        assert_eq!(fs::metadata(old(&path)).unwrap().len(), 2 * MOST_BYTES);
    }

    #[test]
    fn a_file_that_cannot_become_the_old_one_grows_on_and_is_tried_again() {
        goes_on_while(
            |path| fs::create_dir_all(old(path).join("full")).unwrap(),
            |path, ()| fs::remove_dir_all(old(path)).unwrap(),
        );
    }

    #[test]
    #[cfg(windows)]
    fn an_old_file_that_somebody_has_open_is_replaced_once_it_is_closed() {
        use std::os::windows::fs::OpenOptionsExt as _;
        goes_on_while(
            |path| {
                let mut options = File::options();
                options.write(true).create_new(true).share_mode(0);
                options.open(old(path)).unwrap()
            },
            |_, holder| drop(holder),
        );
    }
}
