//! Outputs: the tar of a directory, made while it is sent, as `docker cp DIRECTORY/.` gives it.

use std::fs::{self, File, Metadata};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tar::{Builder, EntryType, Header};

use crate::client::{Chainpod, Failure};
use crate::{in_thread, say};

/// The name of the directory itself. All other names begin with it.
const ROOT: &str = "./";
/// The mode of a new directory, for a directory that does not exist.
const ROOT_MODE: u32 = 0o755;
/// The length that a header allows for a name, and for the target of a link.
const NAME_BYTES: usize = 100;
/// The name that tar gives an entry whose content is the next entry's name or link.
const LONG: &[u8] = b"././@LongLink";

/// Sends the outputs, in order. An output that cannot be sent is logged and skipped.
pub(crate) fn hand_over(chainpod: &Chainpod, directories: &[String]) {
    for (number, directory) in directories.iter().enumerate() {
        let sent = chainpod.insist(&format!("cannot send {directory}"), || {
            let mut tar = TarStream::of(Path::new(directory)).map_err(Failure::Local)?;
            let answer = chainpod.put(&format!("outputs/{number}"), &mut tar);
            tar.failed
                .take()
                .map_or(answer, |error| Err(Failure::Local(error)))
        });
        if let Err(failure) = sent {
            say(&format!("cannot send {directory}: {}", failure.into_text()));
        }
    }
}

/// A directory's tar, written by a thread of its own.
struct TarStream {
    pipe: PipeReader,
    writer: Option<JoinHandle<io::Result<()>>>,
    /// The reason for which the tar could not be made.
    failed: Option<String>,
}

impl TarStream {
    fn of(directory: &Path) -> Result<Self, String> {
        let (pipe, writer) = io::pipe().map_err(|error| error.to_string())?;
        let directory = directory.to_owned();
        let writer = in_thread(move || write(&directory, writer))?;
        Ok(Self {
            pipe,
            writer: Some(writer),
            failed: None,
        })
    }
}

impl Read for TarStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.pipe.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        // The end of the pipe is the end of the tar only if its writer succeeded.
        let Some(writer) = self.writer.take() else {
            return Ok(0);
        };
        match writer.join() {
            Ok(Ok(())) => Ok(0),
            Ok(Err(error)) => {
                self.failed = Some(error.to_string());
                Err(error)
            }
            Err(_) => Err(io::Error::other("the writer of the tar panicked")),
        }
    }
}

fn write(directory: &Path, to: PipeWriter) -> io::Result<()> {
    write_tar(directory, to)?.flush()
}

/// Writes the tar of `directory`. If it does not exist, writes the tar of an empty directory.
fn write_tar<W: Write>(directory: &Path, to: W) -> io::Result<W> {
    let mut tar = Builder::new(to);
    match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => {
            let mut header = header(&metadata, EntryType::Directory);
            append(&mut tar, &mut header, ROOT.as_bytes(), io::empty())?;
            write_children(&mut tar, directory, ROOT.as_bytes())?;
        }
        _ => {
            let mut header = Header::new_gnu();
            header.set_entry_type(EntryType::Directory);
            header.set_mode(ROOT_MODE);
            header.set_size(0);
            append(&mut tar, &mut header, ROOT.as_bytes(), io::empty())?;
        }
    }
    tar.into_inner()
}

/// Writes the entries of `directory`, sorted by name, below the name `below`.
fn write_children<W: Write>(tar: &mut Builder<W>, directory: &Path, below: &[u8]) -> io::Result<()> {
    let mut children: Vec<PathBuf> = fs::read_dir(directory)
        .map_err(|error| at(directory, &error))?
        .map(|child| Ok(child?.path()))
        .collect::<io::Result<_>>()?;
    children.sort();
    for child in children {
        let mut name = below.to_vec();
        name.extend(child.file_name().unwrap_or_default().as_bytes());
        write_child(tar, &child, name).map_err(|error| at(&child, &error))?;
    }
    Ok(())
}

fn write_child<W: Write>(tar: &mut Builder<W>, child: &Path, mut name: Vec<u8>) -> io::Result<()> {
    let metadata = fs::symlink_metadata(child)?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        name.push(b'/');
        append(
            tar,
            &mut header(&metadata, EntryType::Directory),
            &name,
            io::empty(),
        )?;
        write_children(tar, child, &name)
    } else if kind.is_symlink() {
        let target = fs::read_link(child)?;
        let target = target.as_os_str().as_bytes();
        let mut header = header(&metadata, EntryType::Symlink);
        match header.as_old_mut().linkname.get_mut(..target.len()) {
            Some(field) => field.copy_from_slice(target),
            None => append_long(tar, EntryType::GNULongLink, target)?,
        }
        append(tar, &mut header, &name, io::empty())
    } else if kind.is_file() {
        let mut header = header(&metadata, EntryType::Regular);
        header.set_size(metadata.len());
        // A file that is written to meanwhile keeps the size that it had.
        let content = Exactly {
            from: File::open(child)?,
            left: metadata.len(),
        };
        append(tar, &mut header, &name, content)
    } else {
        // Sockets and the like: Docker leaves them out, too.
        Ok(())
    }
}

fn header(metadata: &Metadata, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_metadata(metadata);
    header.set_mode(header.mode().unwrap_or_default() & 0o7777);
    header.set_entry_type(kind);
    header.set_size(0);
    header
}

/// Appends an entry. tar's own function is not used, because it removes the `./`.
fn append<W: Write>(
    tar: &mut Builder<W>,
    header: &mut Header,
    name: &[u8],
    content: impl Read,
) -> io::Result<()> {
    match header.as_old_mut().name.get_mut(..name.len()) {
        Some(field) => field.copy_from_slice(name),
        None => {
            append_long(tar, EntryType::GNULongName, name)?;
            header.as_old_mut().name.copy_from_slice(&name[..NAME_BYTES]);
        }
    }
    header.set_cksum();
    tar.append(header, content)
}

fn append_long<W: Write>(tar: &mut Builder<W>, kind: EntryType, name: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..LONG.len()].copy_from_slice(LONG);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(name.len() as u64 + 1);
    header.set_cksum();
    tar.append(&header, [name, b"\0"].concat().as_slice())
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A given number of bytes of a file, or an error.
struct Exactly {
    from: File,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.from.read(&mut buffer[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "became shorter while it was read",
            ));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
