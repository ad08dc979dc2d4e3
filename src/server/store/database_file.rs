//! The SQLite file as a file: whether it is the one that was opened, whether its pages are whole, and copies of it.
//!
//! A copy is made by SQLite (`VACUUM INTO`), so that it is of one moment whoever writes meanwhile, and it becomes visible when
//! it is whole. It takes no place of another file.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{FlockOperation, fcntl_lock};
use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::{Fault, On, StoreError, StoreResult};

/// How often a file is tried that somebody has open who is about to close it.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// A file as it was when it was opened.
pub struct OpenedFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl OpenedFile {
    /// The file at this path, which has just been opened; `None` where nothing can be said of it.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        let identity = identity(path).ok()?;
        Some(Self { path: path.to_owned(), identity })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong where the path leads to another file by now, or to none.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match identity(&self.path) {
            Ok(found) => (found != self.identity).then_some(Fault::Replaced),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Fault::Gone),
            // Whether it can be read and written is found out by doing so.
            Err(_) => None,
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|about| (about.dev(), about.ino()))
}

/// What SQLite finds damaged in its file, some lines of it; `None` on PostgreSQL. It reads every page, however long that takes.
///
/// # Errors
/// When it can't even be looked for.
pub async fn damage(db: On<'_>) -> StoreResult<Option<Vec<String>>> {
    let On::Sqlite(pool) = db else { return Ok(None) };
    let found: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(5)").fetch_all(pool).await?;
    Ok(Some(found.into_iter().filter(|line| line != "ok").collect()))
}

/// Copies the database into a new file, for its owner only; nothing on PostgreSQL.
///
/// # Errors
/// When there is a file already, or it can't be written.
pub async fn copy_into(db: On<'_>, file: &Path) -> io::Result<()> {
    let On::Sqlite(pool) = db else { return Ok(()) };
    let draft = Draft::beside(file)?;
    // A bare name could be taken for the address of something else.
    let path = std::path::absolute(&draft.path)?;
    let copied = sqlx::query("VACUUM INTO $1").bind(path.to_string_lossy().into_owned()).execute(pool).await;
    copied.map_err(io::Error::other)?;
    draft.publish(file)
}

/// A file that is not whole yet; it goes when it is dropped, with what SQLite has put beside it.
pub struct Draft {
    pub path: PathBuf,
}

impl Draft {
    /// An empty one, its owner's only, on the same disk as what it will be.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn beside(file: &Path) -> io::Result<Self> {
        let path = with_suffix(file, &format!(".{}.part", std::process::id()));
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path })
    }

    /// One with the content of a database file, and of the journal that belongs to it.
    ///
    /// # Errors
    /// When one can't be read or the other not written.
    pub fn copy_of(source: &Path, file: &Path) -> io::Result<Self> {
        let draft = Self::beside(file)?;
        io::copy(&mut File::open(source)?, &mut OpenOptions::new().write(true).open(&draft.path)?)?;
        match File::open(journal(source)) {
            Ok(mut journal_of_source) => {
                let mut options = OpenOptions::new();
                options.write(true).create_new(true).mode(0o600);
                io::copy(&mut journal_of_source, &mut options.open(journal(&draft.path))?)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(draft)
    }

    /// Makes it the file, unless there is one.
    fn publish(self, file: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        match fs::hard_link(&self.path, file) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // A disk that knows no links, such as exFAT.
            Err(_) if file.exists() => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.path, file)?,
            Ok(()) => {}
        }
        sync_folder(file)
    }

    /// Makes it the file, whatever there was. No journal of the former is left that SQLite could take for its own, at no
    /// moment: it goes first.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn replace(self, file: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        remove_beside(file)?;
        sync_folder(file)?;
        fs::rename(&self.path, file)?;
        sync_folder(file)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = remove_beside(&self.path);
    }
}

/// Held, it keeps everybody from opening a database file by SQLite; `None` where there is no file. It doesn't hold while
/// this process opens and closes the same file by itself.
///
/// # Errors
/// When somebody has it open, or it can't be opened here.
pub fn hold(file: &Path) -> io::Result<Option<File>> {
    let opened = match OpenOptions::new().read(true).write(true).open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    // SQLite in WAL mode has a read lock on it as long as it is open.
    fcntl_lock(&opened, FlockOperation::NonBlockingLockExclusive)?;
    Ok(Some(opened))
}

/// Brings what is only in the journal into the file, which then is all there is.
///
/// # Errors
/// When it is no database, is damaged, or somebody keeps it open.
pub async fn make_whole(file: &Path) -> StoreResult<()> {
    let options =
        SqliteConnectOptions::new().filename(file).busy_timeout(PAUSE).journal_mode(SqliteJournalMode::Delete);
    let mut tries_left = TRIES;
    loop {
        match options.connect().await.map_err(StoreError::from) {
            Ok(conn) => return Ok(conn.close().await?),
            Err(error) if tries_left == 0 || error.fault() != Fault::Locked => return Err(error),
            Err(_) => tries_left -= 1,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn journal(file: &Path) -> PathBuf {
    with_suffix(file, "-wal")
}

/// Removes what SQLite keeps beside a file.
fn remove_beside(file: &Path) -> io::Result<()> {
    for suffix in ["-wal", "-shm", "-journal"] {
        match fs::remove_file(with_suffix(file, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// What a file is called is kept by its folder.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_has_gone_and_another_in_its_place_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("a.db"), folder.path().join("aside"));
        fs::write(&path, "a").unwrap();
        let opened = OpenedFile::at(&path).unwrap();
        assert_eq!(opened.fault(), None);
        fs::rename(&path, &aside).unwrap();
        assert_eq!(opened.fault(), Some(Fault::Gone));
        fs::write(&path, "a").unwrap();
        assert_eq!(opened.fault(), Some(Fault::Replaced));
        fs::rename(&aside, &path).unwrap();
        assert_eq!(opened.fault(), None);
    }

    #[test]
    fn what_takes_the_place_of_a_file_leaves_no_journal_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        for suffix in ["", "-wal", "-shm", "-journal"] {
            fs::write(with_suffix(&file, suffix), "former").unwrap();
        }
        let draft = Draft::beside(&file).unwrap();
        fs::write(&draft.path, "new").unwrap();
        draft.replace(&file).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_draft_takes_no_place_of_another_file_and_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        fs::write(&file, "mine").unwrap();
        let refused = Draft::beside(&file).unwrap().publish(&file).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&file).unwrap(), b"mine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
