//! What is listened on: an address, or a Unix socket that a proxy on this machine opens.
//!
//! Whoever may open the socket is believed what they say of others, so its file is open to owner and group alone, from its
//! first moment on. A file that a crashed server left behind is replaced; one that somebody serves on, or that is no socket, is not.

use std::{
    fs::{self, Permissions},
    io::{self, ErrorKind},
    net::SocketAddr,
    os::fd::AsFd as _,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

/// No file has it.
const NO_INODE: u64 = 0;
/// Owner and group.
const MODE: u32 = 0o660;

pub type Stream = Either<TcpStream, UnixStream>;

pub enum Listener {
    Address(TcpListener),
    Socket(SocketFile),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Address(listener)
    }
}

impl Listener {
    /// The next connection, and from which address; nothing on a socket.
    ///
    /// # Errors
    /// When none can be accepted.
    pub async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match self {
            Self::Address(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Either::Left(stream), Some(peer)))
            }
            Self::Socket(socket) => {
                let (stream, _) = socket.listener.accept().await?;
                Ok((Either::Right(stream), None))
            }
        }
    }

    /// The same again, for who answers until another is ready to. It leaves the file of a socket where it is.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn again(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Address(listener) => {
                Self::Address(TcpListener::from_std(listener.as_fd().try_clone_to_owned()?.into())?)
            }
            Self::Socket(socket) => {
                let listener = UnixListener::from_std(socket.listener.as_fd().try_clone_to_owned()?.into())?;
                Self::Socket(SocketFile { listener, path: socket.path.clone(), inode: NO_INODE })
            }
        })
    }

    /// Where it is, as a program is told.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        match self {
            Self::Address(listener) => listener.local_addr().ok().map(|addr| addr.to_string()),
            Self::Socket(socket) => Some(socket.path.display().to_string()),
        }
    }
}

/// A socket and its file, which goes with it.
pub struct SocketFile {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl SocketFile {
    /// Made beside its place and moved there when its mode is right: nobody opens it before.
    ///
    /// # Errors
    /// `AddrInUse` where somebody serves on it, `AlreadyExists` for what is no socket, and whatever the system says.
    pub async fn bind(path: &Path) -> io::Result<Self> {
        make_way(path).await?;
        let mut new = path.as_os_str().to_owned();
        new.push(format!(".{}", std::process::id()));
        let new = PathBuf::from(new);
        // One that a crash left there.
        let _ = fs::remove_file(&new);
        let listener = UnixListener::bind(&new)?;
        let placed = fs::set_permissions(&new, Permissions::from_mode(MODE)).and_then(|()| fs::rename(&new, path));
        let inode = placed.and_then(|()| fs::symlink_metadata(path)).map(|file| file.ino());
        if inode.is_err() {
            let _ = fs::remove_file(&new);
        }
        Ok(Self { listener, path: path.to_owned(), inode: inode? })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another server may have taken its place.
        if fs::symlink_metadata(&self.path).is_ok_and(|file| file.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

async fn make_way(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(file) if !file.file_type().is_socket() => return Err(ErrorKind::AlreadyExists.into()),
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(ErrorKind::AddrInUse.into()),
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_open_to_owner_and_group_and_goes_with_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        let socket = SocketFile::bind(&path).await.unwrap();
        assert_eq!(fs::symlink_metadata(&path).unwrap().mode() & 0o7777, MODE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_a_crash_left_is_replaced_and_what_is_in_use_or_no_socket_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "it is left behind");
        let socket = SocketFile::bind(&path).await.unwrap();
        let second = SocketFile::bind(&path).await.err().unwrap();
        assert_eq!(second.kind(), ErrorKind::AddrInUse);
        let _ = UnixStream::connect(&path).await.unwrap();
        drop(socket);
        fs::write(&path, "mine").unwrap();
        assert_eq!(SocketFile::bind(&path).await.err().unwrap().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[tokio::test]
    async fn a_server_that_ends_leaves_the_file_of_the_one_after_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("http.sock"), folder.path().join("aside"));
        let first = SocketFile::bind(&path).await.unwrap();
        fs::rename(&path, aside).unwrap();
        let _second = SocketFile::bind(&path).await.unwrap();
        drop(first);
        assert!(path.exists());
    }
}
