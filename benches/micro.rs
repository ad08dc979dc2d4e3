//! What is too short to be seen over HTTP, by criterion: the check of a token, the decision of a rotation, and the look
//! into what has been revoked, which must cost the same however much that is.

use std::{fs, hint::black_box, path::PathBuf, time::Duration};

use criterion::{BatchSize, Criterion};
use sekisho::{
    domain::{
        access_claims::AccessClaims,
        ids::{SessionId, UserId},
        revocation::{Revocation, Subject},
        role::Role,
        rotation::{self, Chain, Presented},
        session::EndReason,
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        crypto::{
            access_token::AccessTokens,
            keyring::Keyring,
            seal::Sealer,
            sealed_keys::{self, Opener},
            signing_key::SigningAlgorithm,
        },
        node::revocation_set::RevocationSet,
        rng::Rng,
        secret::SecretBytes,
    },
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const ISSUER: &str = "http://localhost:3000";
const NOW: Timestamp = Timestamp(1_700_000_000_000);
const MOST: usize = 1_000_000;
/// So many ask in turn.
const PEOPLE: usize = 4096;

fn main() -> Outcome<()> {
    // First, while nothing else has been asked of memory.
    let million = revoked(MOST)?;
    let mut criterion = Criterion::default().configure_from_args();
    for (count, set) in [(1, revoked(1)?), (10_000, revoked(10_000)?), (MOST, million)] {
        look_up(&mut criterion, count, &set)?;
    }
    rotation(&mut criterion);
    tokens(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

/// Of sessions that stand, and of those that were ended: another each time, as people come.
fn look_up(criterion: &mut Criterion, count: usize, set: &RevocationSet) -> Outcome<()> {
    let live = (0..PEOPLE).map(|number| claims(MOST + number)).collect::<Outcome<Vec<_>>>()?;
    let dead = (0..PEOPLE).map(|number| claims(count * number / PEOPLE)).collect::<Outcome<Vec<_>>>()?;
    let mut group = criterion.benchmark_group("revoked");
    for (name, people) in [(count.to_string(), live), (format!("{count}-hit"), dead)] {
        let mut people = people.iter().cycle();
        group.bench_function(name, |bench| bench.iter(|| people.next().map(|person| set.standing(black_box(person)))));
    }
    group.finish();
    Ok(())
}

/// So many sessions that were ended. Of the most, it tells what each takes in memory.
fn revoked(count: usize) -> Outcome<RevocationSet> {
    let before = resident()?;
    let set = RevocationSet::default();
    for number in 0..count {
        set.apply(&Revocation {
            subject: Subject::Session(session(number)?),
            reason: EndReason::Kicked,
            until: NOW.plus(Duration::from_secs(900)),
        });
    }
    let home = std::env::var_os("CRITERION_HOME").map(PathBuf::from);
    if let (Some(home), MOST) = (home, count) {
        fs::create_dir_all(&home)?;
        fs::write(home.join("revoked-bytes"), ((resident()? - before) / count).to_string())?;
    }
    Ok(set)
}

/// Bytes of this process in memory.
fn resident() -> Outcome<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? * 1024)
}

fn rotation(criterion: &mut Criterion) {
    let chain = Chain { generation: 7, confirmed_generation: 7, ..Chain::start("Firefox/Linux".to_owned()) };
    let presented = Presented { generation: 7, device_kind: "Firefox/Linux", now: NOW };
    criterion.bench_function("rotation", |bench| {
        bench.iter(|| {
            let rotation = rotation::decide(black_box(&chain), black_box(presented), Duration::from_secs(20));
            chain.after(rotation, presented)
        });
    });
}

fn tokens(criterion: &mut Criterion) -> Outcome<()> {
    let (rng, sealer) = (Rng::seeded(1), || Sealer::new(&SecretBytes::new(vec![1; 32])));
    let rows = sealed_keys::first(&sealer(), &rng, SigningAlgorithm::EdDsa, NOW);
    let opener =
        Opener { sealer: sealer(), previous: None, token_life: Duration::from_secs(900), vouchers_end: Timestamp(0) };
    let ring = Keyring::open(&rows, &opener, NOW)?;
    let tokens = AccessTokens::new(ISSUER);
    let token = tokens.sign(&ring, &claims(1)?)?;
    let mut group = criterion.benchmark_group("token");
    group.bench_function("known", |bench| bench.iter(|| tokens.look(&ring, black_box(&token))));
    group.bench_function("new", |bench| {
        // One that has seen nothing yet.
        let unused = || AccessTokens::new(ISSUER);
        bench.iter_batched_ref(unused, |tokens| tokens.look(&ring, black_box(&token)), BatchSize::LargeInput);
    });
    group.finish();
    Ok(())
}

/// Claims of a session with this number.
fn claims(number: usize) -> Outcome<AccessClaims> {
    Ok(AccessClaims {
        iss: ISSUER.to_owned(),
        aud: ISSUER.to_owned(),
        sub: UserId::parse("0192a5c0-7d3e-7b21-9f00-0123456789ab").ok_or("no user id")?,
        client_id: "sekisho".to_owned(),
        sid: session(number)?,
        generation: 1,
        uv: 0,
        jti: "0192a5c0-7d3e-7b21-9f00-0123456789ad".to_owned(),
        iat: NOW.as_secs(),
        exp: NOW.as_secs() + 900,
        idle_end: NOW.as_secs() + 900,
        auth_time: NOW.as_secs(),
        proved_at: NOW.as_secs(),
        amr: vec!["pwd".to_owned()],
        role: Role::User,
        strategy: Strategy::Hybrid,
        remembered: false,
    })
}

fn session(number: usize) -> Outcome<SessionId> {
    Ok(SessionId::parse(&format!("0192a5c0-7d3e-7b21-9f00-{number:012x}")).ok_or("no session id")?)
}
