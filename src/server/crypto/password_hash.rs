//! Argon2id (RFC 9106) on threads of its own, each owning the one block of memory it hashes in.
//!
//! Hashing is a few tens of milliseconds and 19 MiB. Left to the runtime it starves every other request and, with a
//! fresh block per call, grows the process by gigabytes. Here it is fenced in: as many threads as cores, at a lower
//! priority, and a bounded queue, in which each network that asks has a line of its own (`hash_lines.rs`); a place is
//! owned by the job, so a caller who hangs up frees nothing. Whoever asks over the network has been counted before
//! (`flow/throttling.rs`).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use subtle::ConstantTimeEq as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::Instant,
};

use super::hash_lines::{InLine, Lines};
use crate::{
    domain::network::Network,
    server::{rng::Rng, secret::Password},
};

/// Those who wait while all threads hash, in all lines; more are refused.
const QUEUE: usize = 512;
/// A flood of refusals is told of once in so long.
const TOLD_EVERY: Duration = Duration::from_secs(1);
const SALT: usize = 16;
const OUTPUT: usize = 32;
/// How much the hashing threads step back behind those that serve.
const NICENESS: i32 = 10;

/// What a hash costs. Stored in each hash; a rise is applied at the next sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Cost {
    /// OWASP's and ASVS 5.0's first choice.
    pub const STANDARD: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(OUTPUT))
    }

    fn of(params: &Params) -> Self {
        Self { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() }
    }

    fn is_below(self, other: Self) -> bool {
        self.memory_kib < other.memory_kib || self.passes < other.passes
    }
}

/// Why nothing was hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("too many passwords wait to be hashed")]
    Busy,
    #[error("a stored hash can't be read")]
    Unreadable,
    #[error("the work on a password broke off")]
    BrokenOff,
}

/// The outcome of comparing a password with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    No,
    Yes,
    /// Right, and hashed at a lower cost than today's.
    YesButCheap,
}

type Work = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

struct Job {
    work: Work,
    _next: Vec<OwnedSemaphorePermit>,
    _place: Arc<Standing>,
}

/// A place among those who may have passwords hashed, and in the lines of the networks they ask from.
#[derive(Clone)]
pub struct Place {
    hasher: PasswordHasher,
    standing: Arc<Standing>,
}

struct Standing {
    lines: Vec<InLine>,
    _place: OwnedSemaphorePermit,
}

#[derive(Clone)]
pub struct PasswordHasher {
    cost: Cost,
    rng: Rng,
    /// Compared against when there is no such account, so that both take the same time.
    dummy: Arc<str>,
    places: Arc<Semaphore>,
    most: usize,
    lines: Arc<Lines>,
    jobs: SyncSender<Job>,
    busy: Arc<Seldom>,
}

impl PasswordHasher {
    /// Starts `threads` hashing threads.
    ///
    /// # Errors
    /// When the cost is out of Argon2's bounds or a thread can't be started.
    pub fn start(cost: Cost, threads: usize, rng: Rng) -> std::io::Result<Self> {
        let places = threads + QUEUE;
        let (jobs, queue) = sync_channel(places);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name(format!("hash-{number}")).spawn(move || work_through(&queue))?;
        }
        let dummy = hash(cost, &rng.bytes::<32>(), rng.bytes(), &mut Vec::new()).map_err(std::io::Error::other)?;
        Ok(Self {
            cost,
            rng,
            dummy: dummy.into(),
            places: Arc::new(Semaphore::new(places)),
            most: places,
            lines: Lines::before(threads),
            jobs,
            busy: Arc::default(),
        })
    }

    /// A thread for each core: their niceness leaves the cores to those who serve.
    #[must_use]
    pub fn default_threads() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// Passwords being hashed or waiting for it.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.most - self.places.available_permits()
    }

    /// A place for somebody who asks from these networks. It costs nothing to have one.
    ///
    /// # Errors
    /// [`HashError::Busy`] where too many wait, in all or of a network.
    pub fn place(&self, networks: impl IntoIterator<Item = Network>) -> Result<Place, HashError> {
        let lines: Option<Vec<_>> = networks.into_iter().map(|network| self.lines.join(network)).collect();
        let place = Arc::clone(&self.places).try_acquire_owned().ok();
        match (lines, place) {
            (Some(lines), Some(place)) => {
                Ok(Place { hasher: self.clone(), standing: Arc::new(Standing { lines, _place: place }) })
            }
            _ => Err(self.busy()),
        }
    }

    /// Hashes a password for whoever is at the machine itself, whom nobody counts.
    ///
    /// # Errors
    /// Those of [`Place::hash`], and [`HashError::Busy`].
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        self.place([])?.hash(password).await
    }

    fn busy(&self) -> HashError {
        if self.busy.is_due() {
            tracing::error!(waiting = self.waiting(), "too many passwords wait to be hashed: more are refused");
        }
        HashError::Busy
    }
}

impl Place {
    /// Hashes a new password, as a PHC string with its own salt and cost.
    ///
    /// # Errors
    /// [`HashError::BrokenOff`] when there is no thread to do it.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        let (cost, salt) = (self.hasher.cost, self.hasher.rng.bytes());
        self.run(move |memory| {
            hash(cost, password.expose().as_bytes(), salt, memory).map_err(|_| HashError::Unreadable)
        })
        .await
    }

    /// Compares, in the same time whether or not there is a stored hash. Gives the password back for a rehash.
    ///
    /// # Errors
    /// [`HashError::Unreadable`], [`HashError::BrokenOff`].
    pub async fn verify(&self, password: Password, stored: Option<&str>) -> Result<(Match, Password), HashError> {
        let (cost, known) = (self.hasher.cost, stored.is_some());
        let stored = stored.unwrap_or(&self.hasher.dummy).to_owned();
        self.run(move |memory| {
            let matched = verify(cost, password.expose().as_bytes(), &stored, memory)?;
            Ok((if known { matched } else { Match::No }, password))
        })
        .await
    }

    /// Other work on a password that takes as long as a hash.
    ///
    /// # Errors
    /// [`HashError::BrokenOff`].
    pub async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
        self.run(move |_| Ok(work())).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let mut next = Vec::new();
        for line in &self.standing.lines {
            next.push(line.next().await.ok_or(HashError::BrokenOff)?);
        }
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |memory| {
            // A caller who is gone needs no answer.
            let _ = reply.send(work(memory));
        });
        let job = Job { work, _next: next, _place: Arc::clone(&self.standing) };
        self.hasher.jobs.try_send(job).map_err(|_| HashError::BrokenOff)?;
        answer.await.map_err(|_| HashError::BrokenOff)?
    }
}

/// Says now and then that something is to be told.
#[derive(Debug, Default)]
struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    fn is_due(&self) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.is_none_or(|at| at.elapsed() >= TOLD_EVERY);
        if due {
            *told = Some(Instant::now());
        }
        due
    }
}

fn work_through(queue: &Mutex<Receiver<Job>>) {
    // Linux gives each thread its own niceness; elsewhere this may not hold, and nothing depends on it.
    let _ = rustix::process::nice(NICENESS);
    let mut memory = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // What panics ends one answer and not the thread.
        let _ = catch_unwind(AssertUnwindSafe(|| (job.work)(&mut memory)));
    }
}

fn fill(params: Params, password: &[u8], salt: &[u8], memory: &mut Vec<Block>) -> Result<[u8; OUTPUT], argon2::Error> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let mut output = [0; OUTPUT];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        password,
        salt,
        &mut output,
        &mut memory[..blocks],
    )?;
    Ok(output)
}

fn hash(cost: Cost, password: &[u8], salt: [u8; SALT], memory: &mut Vec<Block>) -> Result<String, argon2::Error> {
    let params = cost.params()?;
    let shown = ParamsString::try_from(&params).map_err(|_| argon2::Error::AlgorithmInvalid)?;
    let output = fill(params, password, &salt, memory)?;
    let phc = PasswordHash {
        algorithm: argon2::ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: shown,
        salt: Some(Salt::new(&salt).map_err(|_| argon2::Error::SaltTooShort)?),
        hash: Some(Output::new(&output).map_err(|_| argon2::Error::OutputTooLong)?),
    };
    Ok(phc.to_string())
}

fn verify(today: Cost, password: &[u8], stored: &str, memory: &mut Vec<Block>) -> Result<Match, HashError> {
    let phc = PasswordHash::new(stored).map_err(|_| HashError::Unreadable)?;
    let params = Params::try_from(&phc).map_err(|_| HashError::Unreadable)?;
    let (Some(salt), Some(expected)) = (&phc.salt, &phc.hash) else { return Err(HashError::Unreadable) };
    let cost = Cost::of(&params);
    let output = fill(params, password, salt.as_ref(), memory).map_err(|_| HashError::Unreadable)?;
    Ok(match bool::from(output.ct_eq(expected.as_bytes())) {
        false => Match::No,
        true if cost.is_below(today) => Match::YesButCheap,
        true => Match::Yes,
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const LOW: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    const LESS: Cost = Cost { memory_kib: 32, passes: 1, lanes: 1 };

    fn hasher(cost: Cost) -> PasswordHasher {
        PasswordHasher::start(cost, 1, Rng::seeded(1)).unwrap()
    }

    fn place(hasher: &PasswordHasher) -> Place {
        hasher.place(Network::all_of("203.0.113.7".parse().unwrap())).unwrap()
    }

    fn password(text: &str) -> Password {
        text.to_owned().into()
    }

    #[tokio::test]
    async fn the_right_password_matches_and_no_other_spelling_does() {
        let hasher = hasher(LOW);
        let stored = hasher.hash(password("correct horse battery")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        for (typed, expected) in [
            ("correct horse battery", Match::Yes),
            ("correct horse batter", Match::No),
            ("Correct horse battery", Match::No),
            ("correct horse battery ", Match::No),
            ("correct horse battery\0", Match::No),
            ("", Match::No),
        ] {
            assert_eq!(place(&hasher).verify(password(typed), Some(&stored)).await.unwrap().0, expected, "{typed:?}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_a_lower_cost_matches_and_says_so() {
        let stored = hasher(LESS).hash(password("correct horse battery")).await.unwrap();
        let matched = place(&hasher(LOW)).verify(password("correct horse battery"), Some(&stored)).await.unwrap().0;
        assert_eq!(matched, Match::YesButCheap);
    }

    #[tokio::test]
    async fn without_a_stored_hash_the_same_is_computed_and_nothing_matches() {
        assert!(hasher(LOW).dummy.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert_eq!(place(&hasher(LOW)).verify(password(""), None).await.unwrap().0, Match::No);
    }

    #[tokio::test]
    async fn a_caller_who_hangs_up_does_not_free_the_place_of_a_job_that_still_runs() {
        let hasher = hasher(LOW);
        let (started, begun) = std::sync::mpsc::channel();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let theirs = place(&hasher);
        let caller = tokio::spawn(async move {
            theirs
                .run(move |_| {
                    started.send(()).unwrap();
                    held.recv().unwrap();
                    Ok(())
                })
                .await
        });
        tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
        caller.abort();
        let _ = caller.await;
        assert_eq!(hasher.waiting(), 1, "the running job keeps its place");
        let second = place(&hasher);
        let mut next = std::pin::pin!(second.work(|| ()));
        assert!(next.as_mut().now_or_never().is_none(), "and is the one that its network has");
        release.send(()).unwrap();
        next.await.unwrap();
    }

    #[tokio::test]
    async fn a_full_queue_refuses() {
        let hasher = hasher(LOW);
        let all = Arc::clone(&hasher.places).acquire_many_owned(u32::try_from(QUEUE).unwrap() + 1).await.unwrap();
        assert!(matches!(hasher.hash(password("x")).await, Err(HashError::Busy)));
        drop(all);
        assert!(hasher.hash(password("x")).await.is_ok());
    }

    #[tokio::test]
    async fn a_network_whose_line_is_full_is_refused_and_others_are_not() {
        let hasher = hasher(LOW);
        let network = |address: &str| Network::all_of(address.parse().unwrap());
        let standing: Vec<_> = (0..QUEUE).map_while(|_| hasher.place(network("203.0.113.7")).ok()).collect();
        assert!(standing.len() < QUEUE / 4);
        assert!(hasher.place(network("203.0.113.8")).unwrap().hash(password("x")).await.is_ok());
    }

    #[tokio::test]
    async fn work_that_panics_ends_no_thread() {
        let hasher = hasher(LOW);
        assert!(matches!(place(&hasher).work(|| panic!("odd")).await, Err::<(), _>(HashError::BrokenOff)));
        assert!(hasher.hash(password("next")).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_told_seldom_is_told_once_a_second() {
        let seldom = Seldom::default();
        assert_eq!([seldom.is_due(), seldom.is_due()], [true, false]);
        tokio::time::advance(TOLD_EVERY).await;
        assert_eq!([seldom.is_due(), seldom.is_due()], [true, false]);
    }
}
