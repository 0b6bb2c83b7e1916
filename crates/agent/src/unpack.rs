//! Unpacks inputs while they are fetched, so that no file is stored twice.

use std::cell::Cell;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use tar::{Archive, Entry, EntryType};

use crate::client::{Chainpod, Failure};
use crate::say;

/// The size of one write to a large file.
const PIECE_BYTES: u64 = 256 * 1024;
/// The number of times that the stream of an input may break before that is reported. A restart of chainpod
/// breaks it once, and a peer's user gets the reason within 30 s.
const BROKEN_TIMES: u32 = 3;
/// The time for which streams may break, even if they break often. An error needs both limits.
const BROKEN_FOR: Duration = Duration::from_secs(15);
/// The bits of a mode that a file keeps.
const MODE_BITS: u32 = 0o7777;

/// Fetches the inputs into their directories, in order. A stream that breaks is fetched again, up to the
/// limits.
pub(crate) fn all(chainpod: &Chainpod, directories: &[String]) -> Result<(), Failure> {
    for (number, directory) in directories.iter().enumerate() {
        let what = format!("cannot fetch files for {directory}");
        let mut broken = Broken::default();
        chainpod.insist(&what, || {
            let body = chainpod.get(&format!("inputs/{number}"))?;
            unpack(body, Path::new(directory)).map_err(|failure| broken.counted(failure, &what))
        })?;
    }
    Ok(())
}

/// The streams of one input that broke after their begin, which shows that chainpod was reachable.
#[derive(Default)]
struct Broken {
    times: u32,
    since: Option<Instant>,
}

impl Broken {
    /// Returns the same failure, or the final failure if the limits are reached.
    fn counted(&mut self, failure: Failure, what: &str) -> Failure {
        let since = *self.since.get_or_insert_with(Instant::now);
        self.times += 1;
        match failure {
            Failure::Away(why) if self.times >= BROKEN_TIMES && since.elapsed() >= BROKEN_FOR => {
                Failure::Local(format!(
                    "{what}: the connection broke {} times: {why}",
                    self.times
                ))
            }
            failure => failure,
        }
    }
}

/// Unpacks a tar below `directory`, as the caller's own files.
fn unpack(tar: impl Read, directory: &Path) -> Result<(), Failure> {
    let broken = Cell::new(false);
    let source = Source {
        from: tar,
        broken: &broken,
    };
    unpack_from(source, directory).map_err(|error| {
        let why = chain(&error);
        if broken.get() {
            Failure::Away(why)
        } else {
            Failure::Local(format!("cannot unpack into {}: {why}", directory.display()))
        }
    })
}

fn unpack_from(mut source: Source<'_, impl Read>, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut archive = Archive::new(&mut source);
    archive.set_preserve_permissions(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        place(&mut entry, directory).map_err(|error| {
            let text = format!("{}: {}", name.display(), chain(&error));
            io::Error::new(error.kind(), text)
        })?;
    }
    // The bytes after the tar's end belong to the answer. The connection is reused only once they are read.
    io::copy(&mut source, &mut io::sink())?;
    Ok(())
}

/// Puts one entry where it belongs.
fn place(entry: &mut Entry<'_, impl Read>, directory: &Path) -> io::Result<()> {
    let kind = entry.header().entry_type();
    if matches!(kind, EntryType::Char | EntryType::Block | EntryType::Fifo) {
        say(&format!("skipped {}: not a file", entry.path()?.display()));
        return Ok(());
    }
    let to = target(entry, directory)?;
    let unpacked = if kind.is_file() && entry.size() > PIECE_BYTES {
        write(entry, directory, &to)
    } else {
        // A path must not lead outside the directory: `unpack_in` checks that.
        entry.unpack_in(directory).map(drop)
    };
    match unpacked {
        Ok(()) => {}
        // A mount point, or a link of the image to a directory: it is there, and not the agent's.
        Err(_) if kind.is_dir() && to.is_dir() => return Ok(()),
        // A hard link from an earlier try, or a file in the place of a directory.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && !kind.is_file() => {
            fs::remove_file(&to)?;
            entry.unpack_in(directory)?;
        }
        // A file that was uploaded by itself is mounted here. It is newer than the archive.
        Err(error) if error.kind() == ErrorKind::ResourceBusy => return Ok(()),
        Err(error) => return Err(error),
    }
    widen(entry, kind, &to)
}

/// Writes a large file as `unpack_in` would, but in large pieces: a launch waits for it, and each piece takes the
/// file system's journal, which the whole node shares.
fn write(entry: &mut Entry<'_, impl Read>, directory: &Path, to: &Path) -> io::Result<()> {
    let parent = to.parent().unwrap_or(directory);
    let there = parent.ancestors().find(|path| path.exists()).unwrap_or(directory);
    if !there.canonicalize()?.starts_with(directory.canonicalize()?) {
        return Err(io::Error::other(format!(
            "the path leads out of {}",
            directory.display()
        )));
    }
    fs::create_dir_all(parent)?;
    match fs::remove_file(to) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (mode, size) = (entry.header().mode()?, entry.size());
    let modified = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(entry.header().mtime()?));
    let mut file = File::create_new(to)?;
    file.set_len(size)?;
    let (mut piece, mut written) = (Vec::new(), 0);
    while entry.by_ref().take(PIECE_BYTES).read_to_end(&mut piece)? > 0 {
        file.write_all(&piece)?;
        written += piece.len() as u64;
        piece.clear();
    }
    if written < size {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    // A date that no clock knows is left out.
    if let Some(modified) = modified {
        file.set_modified(modified)?;
    }
    file.set_permissions(Permissions::from_mode(mode & MODE_BITS))
}

/// Where an entry goes.
fn target(entry: &Entry<'_, impl Read>, directory: &Path) -> io::Result<PathBuf> {
    let path = entry.path()?;
    let mut to = directory.to_owned();
    for component in path.components() {
        match component {
            Component::Normal(name) => to.push(name),
            Component::ParentDir => {
                return Err(io::Error::other(format!(
                    "the path leads out of {}",
                    directory.display()
                )));
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Ok(to)
}

/// The files belong to the agent's user and no longer to root, so this user gets root's permissions for them.
fn widen(entry: &Entry<'_, impl Read>, kind: EntryType, to: &Path) -> io::Result<()> {
    let mode = entry.header().mode()?;
    match widened(mode, kind) {
        wide if wide == mode => Ok(()),
        wide => fs::set_permissions(to, Permissions::from_mode(wide)),
    }
}

/// Root can read all files, enter all directories, and run each file that any user can run.
fn widened(mode: u32, kind: EntryType) -> u32 {
    if kind.is_dir() {
        mode | 0o700
    } else if kind.is_symlink() || kind.is_hard_link() {
        mode
    } else if mode & 0o111 != 0 {
        mode | 0o500
    } else {
        mode | 0o400
    }
}

/// Returns `error` with its causes: tar's own errors have only the path.
fn chain(error: &io::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.get_ref().and_then(std::error::Error::source);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A stream that records whether it failed itself.
struct Source<'a, R> {
    from: R,
    broken: &'a Cell<bool>,
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.from.read(buffer).inspect_err(|error| {
            if error.kind() != ErrorKind::Interrupted {
                self.broken.set(true);
            }
        })
    }
}

#[cfg(test)]
mod tests;
