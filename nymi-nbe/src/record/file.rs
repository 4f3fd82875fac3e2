use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A recording's file: made with the first thing that is written, and only if no file has its name.
/// Samples say who was where and when, so none but the owner may read it.
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    file: Option<File>,
}

impl NewFile {
    /// A file that is not there yet.
    ///
    /// # Errors
    /// The name is taken, or its folder is not there.
    pub fn named(path: &Path) -> io::Result<Self> {
        // What a link points to may be missing, and the name is taken all the same.
        match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(taken()),
        }
        let folder = path.parent().filter(|parent| *parent != Path::new(""));
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let reason = format!("there is no folder {}; make it first", folder.display());
            return Err(io::Error::new(ErrorKind::NotFound, reason));
        }
        Ok(Self {
            path: path.to_owned(),
            file: None,
        })
    }

    fn opened(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => create(&self.path)?,
        };
        Ok(self.file.insert(file))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.opened()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(),
        _ => error,
    })
}

fn taken() -> io::Error {
    let reason = "this file exists and is kept; give another name, or delete it";
    io::Error::new(ErrorKind::AlreadyExists, reason)
}
