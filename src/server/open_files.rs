//! How many files this process may have open, and what follows for connections: each takes one, and a node that has none
//! left can neither accept a connection nor open its database.

use rustix::{
    io,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// For the database, what is sent out, `/metrics` and whatever else is opened.
const KEPT: usize = 128;
const MOST_CONNECTIONS: usize = 10_000;
const MOST_STREAMS: usize = 4_000;

/// What a process needs to let everybody in whom it would.
pub const ENOUGH: usize = MOST_CONNECTIONS + KEPT;

/// The most that the process may have open, now that it has asked for all that it can have.
///
/// # Errors
/// When the system refuses; the limit stays as it was.
pub fn raise() -> io::Result<usize> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(limit())
}

/// The most that the process may have open at present.
#[must_use]
pub fn limit() -> usize {
    count(getrlimit(Resource::Nofile).current)
}

/// The most that the process can ask for.
#[must_use]
pub fn highest() -> usize {
    count(getrlimit(Resource::Nofile).maximum)
}

fn count(limit: Option<u64>) -> usize {
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

/// Who fits in below a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub connections: usize,
    /// Connections of one address that is no trusted proxy's.
    pub of_one_peer: usize,
    /// Pages that listen to `/events`. They do so for hours, and leave most of the room to others.
    pub streams: usize,
}

impl Room {
    #[must_use]
    pub fn within(open_files: usize) -> Self {
        let connections = (open_files - KEPT.min(open_files / 2)).min(MOST_CONNECTIONS);
        Self { connections, of_one_peer: connections.div_ceil(4), streams: (connections * 2 / 5).min(MOST_STREAMS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_any_limit_there_is_room_for_others_and_for_files() {
        for open_files in [16, 64, 256, 1_024, 4_096, 524_288, usize::MAX] {
            let Room { connections, of_one_peer, streams } = Room::within(open_files);
            assert!(connections + KEPT.min(open_files / 2) <= open_files, "{open_files}");
            assert!(0 < of_one_peer && of_one_peer * 2 < connections, "{open_files}");
            assert!(0 < streams && streams * 2 < connections, "{open_files}");
        }
    }

    #[test]
    fn enough_is_enough_for_all() {
        let all = Room { connections: 10_000, of_one_peer: 2_500, streams: 4_000 };
        assert_eq!((Room::within(ENOUGH), Room::within(usize::MAX)), (all, all));
        assert_ne!(Room::within(ENOUGH - 1), all);
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_can_be() {
        assert_eq!(raise(), Ok(highest()));
    }
}
