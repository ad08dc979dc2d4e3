//! Files that hold a secret: the auth secret beside an SQLite file, made on the first start for its owner only, and those that
//! are named by `…_FILE`. Refuses one that everyone can read. One that its group can read is taken, with a warning: volumes
//! of Kubernetes with an `fsGroup` can't be otherwise.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::secret_strength;
use crate::server::secret::SecretBytes;

const LONGEST: u64 = 4096;

/// Reads `<database>.secret`; makes it from `fresh` where it is missing and no key depends on another.
///
/// # Errors
/// One line saying what is wrong.
pub fn read_or_make(database: &Path, has_keys: bool, fresh: [u8; 32]) -> Result<SecretBytes, String> {
    let path = database.with_extension("secret");
    let shown = path.display();
    match File::open(&path) {
        Ok(file) => read(file).map_err(|why| format!("auth_secret: {shown} {why}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !has_keys => {
            make(&path, fresh).map_err(|error| format!("auth_secret: {shown} can't be written: {error}"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!(
            "auth_secret: {shown} is missing and the database holds keys sealed with it; bring it back or set AUTH_SECRET"
        )),
        Err(error) => Err(format!("auth_secret: {shown} can't be read: {error}")),
    }
}

/// The text of a file that was named, less the line break at its end.
pub struct NamedSecret {
    pub text: String,
    /// What to say where its group can read it too.
    pub open_to_group: Option<String>,
}

/// Reads a secret out of the file that was named.
///
/// # Errors
/// What is wrong with the file, to be said after its path.
pub fn read_named(path: &Path) -> Result<NamedSecret, String> {
    let unread = |error: std::io::Error| format!("can't be read: {error}");
    let file = File::open(path).map_err(unread)?;
    let open_to_group = openness(&file)?;
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(unread)?;
    if text.len() as u64 > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    }
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(NamedSecret { text, open_to_group }) }
}

/// What is unwise about the mode of a secret's file.
///
/// # Errors
/// When everyone can read it.
pub fn openness(file: &File) -> Result<Option<String>, String> {
    let mode = file.metadata().map_err(|error| error.to_string())?.mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(format!("is readable by others (mode {mode:o}); chmod 600 it"));
    }
    Ok((mode & 0o070 != 0).then(|| format!("is readable by its group (mode {mode:o}); better its owner's only (600)")))
}

fn read(file: File) -> Result<SecretBytes, String> {
    openness(&file)?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let text = text.trim();
    match secret_strength::weakness(text) {
        Some(why) => Err(why.to_owned()),
        None => Ok(SecretBytes::new(text.as_bytes().to_vec())),
    }
}

/// Written whole under another name and then linked, so that two first starts at once end up with one secret and
/// nobody reads half of it.
fn make(path: &Path, fresh: [u8; 32]) -> std::io::Result<SecretBytes> {
    let text = BASE64_STANDARD.encode(fresh);
    let draft = path.with_extension(format!("secret.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            read(File::open(path)?).map_err(std::io::Error::other)
        }
        linked => linked.map(|()| SecretBytes::new(text.into_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn fresh(seed: u8) -> [u8; 32] {
        std::array::from_fn(|at| seed.wrapping_mul(31).wrapping_add(u8::try_from(at).unwrap().wrapping_mul(73)))
    }

    #[test]
    fn the_secret_is_made_once_for_its_owner_only_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let made = read_or_make(&database, false, fresh(7)).unwrap();
        let again = read_or_make(&database, true, fresh(8)).unwrap();
        assert_eq!(made.expose(), again.expose());
        let mode = std::fs::metadata(folder.path().join("a.secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn two_first_starts_at_once_end_up_with_one_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.secret");
        let first = make(&path, fresh(7)).unwrap();
        assert_eq!(make(&path, fresh(8)).unwrap().expose(), first.expose());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_secret_is_not_made_up_where_keys_depend_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let line = read_or_make(&folder.path().join("a.db"), true, fresh(7)).unwrap_err();
        assert!(line.contains("is missing") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_secret_that_everyone_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        read_or_make(&database, false, fresh(7)).unwrap();
        let set_mode = |mode| {
            std::fs::set_permissions(folder.path().join("a.secret"), std::fs::Permissions::from_mode(mode)).unwrap();
        };
        set_mode(0o644);
        assert!(read_or_make(&database, true, fresh(7)).unwrap_err().contains("readable by others"));
        set_mode(0o660);
        assert!(read_or_make(&database, true, fresh(7)).is_ok(), "its group may");
    }

    #[test]
    fn a_weak_secret_in_the_file_is_refused_as_one_that_is_set_would_be() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        read_or_make(&database, false, fresh(7)).unwrap();
        std::fs::write(folder.path().join("a.secret"), "changeme".repeat(8)).unwrap();
        let line = read_or_make(&database, true, fresh(7)).unwrap_err();
        assert!(line.starts_with("auth_secret:") && line.contains("documentation"), "{line}");
    }
}
