//! When keys begin, retire and die.

use super::*;
use crate::server::{
    crypto::{
        seal::Sealer,
        sealed_keys::{self, tests::opener},
    },
    rng::Rng,
};

const LIFE: Duration = Duration::from_secs(900);
const BEGIN: Timestamp = Timestamp(1_000_000);

fn first() -> Vec<SealedKey> {
    sealed_keys::first(&sealer(), &Rng::seeded(1), SigningAlgorithm::EdDsa, BEGIN)
}

fn sealer() -> Sealer {
    Sealer::new(&SecretBytes::new(vec![1; 32]))
}

/// The first keys, and one that begins to sign after it was published, newest first.
fn rotated() -> (Vec<SealedKey>, Timestamp) {
    let begins = BEGIN.plus(PUBLISHED_FOR);
    let new = sealed_keys::signing((&sealer(), &Rng::seeded(2)), SigningAlgorithm::EdDsa, (BEGIN, begins));
    let mut rows = first();
    rows[0].retired_at = Some(begins.0);
    rows.insert(0, new);
    (rows, begins)
}

fn ring(rows: &[SealedKey], now: Timestamp) -> Keyring {
    Keyring::open(rows, &opener(1, LIFE), now).unwrap()
}

#[test]
fn the_published_set_has_public_members_only() {
    let ring = ring(&first(), BEGIN);
    let set: serde_json::Value = serde_json::from_str(ring.jwks()).unwrap();
    let key = set["keys"][0].as_object().unwrap();
    let mut names: Vec<_> = key.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn a_key_of_another_algorithm_follows_like_any_other() {
    let (mut rows, begins) = rotated();
    rows[0] = sealed_keys::signing((&sealer(), &Rng::seeded(2)), SigningAlgorithm::Es256, (BEGIN, begins));
    let ring = ring(&rows, begins);
    let set: serde_json::Value = serde_json::from_str(ring.jwks()).unwrap();
    let mut names: Vec<_> = set["keys"][0].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(ring.signing(begins).algorithm, Algorithm::ES256);
    assert_eq!(ring.verifying(&rows[1].kid).unwrap().algorithm, Algorithm::EdDSA);
}

#[test]
fn a_key_is_published_before_it_signs() {
    let (rows, begins) = rotated();
    let ring = ring(&rows, BEGIN);
    assert!(rows[..2].iter().all(|row| ring.jwks().contains(&row.kid)));
    assert_eq!(ring.signing(Timestamp(begins.0 - 1)).kid, rows[1].kid);
    assert_eq!(ring.signing(begins).kid, rows[0].kid);
    assert_eq!(ring.signing(Timestamp(0)).kid, rows[1].kid, "a clock that was set back signs all the same");
}

#[test]
fn a_retired_key_is_believed_until_its_last_token_has_ended() {
    let (rows, begins) = rotated();
    let before = ring(&rows, BEGIN);
    let last_end = begins.plus(LIFE);
    assert!(before.changes_at() > last_end);
    assert!(ring(&rows, Timestamp(before.changes_at().0 - 1)).verifying(&rows[1].kid).is_some());
    let after = ring(&rows, before.changes_at());
    assert!(after.verifying(&rows[1].kid).is_none() && !after.jwks().contains(&rows[1].kid));
    assert_eq!(after.changes_at(), Timestamp::NEVER);
    let outlived = Opener { vouchers_end: Timestamp::NEVER, ..opener(1, LIFE) };
    assert!(Keyring::open(&rows, &outlived, before.changes_at()).unwrap().verifying(&rows[1].kid).is_some());
}

#[test]
fn the_dead_are_dropped_also_where_a_new_key_does_not_open() {
    let mut rows = first();
    let (dead, kept) = (rows[0].kid.clone(), rows[1].kid.clone());
    let live = Ring::new(ring(&rows, BEGIN), opener(1, LIFE));
    rows[0].dead_at = Some(BEGIN.0);
    let foreign = Sealer::new(&SecretBytes::new(vec![2; 32]));
    rows.insert(0, sealed_keys::signing((&foreign, &Rng::seeded(2)), SigningAlgorithm::EdDsa, (BEGIN, BEGIN)));
    assert!(matches!(live.replace(&rows, BEGIN), Err(KeyringError::WrongSecret(_))));
    assert!(live.now().verifying(&dead).is_none() && live.now().mac(&kept).is_some());
    rows[2].dead_at = Some(BEGIN.0);
    assert!(live.replace(&rows, BEGIN).is_err());
    assert!(live.now().mac(&kept).is_none());
}

#[test]
fn what_belongs_to_a_moment_is_derived_under_the_key_that_stood_then() {
    let later = BEGIN.plus(LIFE);
    let mut rows = sealed_keys::first(&sealer(), &Rng::seeded(2), SigningAlgorithm::EdDsa, later);
    rows.extend(first());
    let (new, former) = (rows[1].kid.clone(), rows[3].kid.clone());
    let both = ring(&rows, later);
    let under = |ring: &Keyring, at| {
        let key = ring.deriving_at(at).expose().to_vec();
        [&new, &former].into_iter().find(|kid| ring.mac(kid).is_some_and(|mac| mac.expose() == key)).cloned()
    };
    assert_eq!(both.deriving().0, new);
    assert_eq!(under(&both, later).as_ref(), Some(&new));
    assert_eq!(under(&both, Timestamp(later.0 - 1)).as_ref(), Some(&former));
    assert_eq!(under(&both, Timestamp(0)).as_ref(), Some(&former), "before the first there is none but that");
    rows[3].retired_at = Some(later.0);
    assert_eq!(under(&ring(&rows, later), BEGIN).as_ref(), Some(&former), "what has retired still stood then");
    rows[3].dead_at = Some(later.0);
    assert_eq!(under(&ring(&rows, later), BEGIN).as_ref(), Some(&new), "what is dead stands for nothing");
}
