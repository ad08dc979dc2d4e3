//! A service that verifies Sekisho's access tokens by itself: with its public keys, and with the signed list of what was
//! revoked, asked for when it is two seconds old. Without a list that is still good it lets nobody in.
//!
//! `cargo run --features ssr --example verifier -- http://localhost:3000` reads a token per line and says who it is of,
//! or why not.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program of its own, for the command line")]

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, TokenData, Validation, decode, decode_header, jwk::JwkSet};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

type Outcome<T> = Result<T, Box<dyn Error>>;
const EVERY: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Access {
    sub: String,
    sid: String,
    uv: i64,
}

#[derive(Deserialize)]
struct List {
    iat: u64,
    exp: u64,
    since: i64,
    seq: i64,
    #[serde(default)]
    more: bool,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    sid: Option<String>,
    sub: Option<String>,
    uv: Option<i64>,
    kid: Option<String>,
}

struct Verifier {
    issuer: String,
    jwks: JwkSet,
    /// When the list was asked for last, when it was made, until when it is good, and its newest number.
    asked_at: Option<Instant>,
    iat: u64,
    exp: u64,
    seq: i64,
    sessions: HashSet<String>,
    users: HashMap<String, i64>,
    keys: HashSet<String>,
}

impl Verifier {
    fn get(&self, path: &str) -> Outcome<String> {
        Ok(ureq::get(format!("{}/.well-known/{path}", self.issuer)).call()?.body_mut().read_to_string()?)
    }

    /// Who signed this, for what, and whether it has not ended. A key that is not known yet is asked for once.
    fn check<T: DeserializeOwned>(&mut self, token: &str, typ: &str, audience: Option<&str>) -> Outcome<TokenData<T>> {
        let header = decode_header(token)?;
        let kid = header.kid.filter(|_| header.typ.as_deref() == Some(typ)).ok_or("of another type")?;
        if self.jwks.find(&kid).is_none() {
            self.jwks = serde_json::from_str(&self.get("jwks.json")?)?;
        }
        let jwk = self.jwks.find(&kid).ok_or("of an unknown key")?;
        // The algorithm is the key's, whatever the header says.
        let algorithm = jwk.common.key_algorithm.ok_or("of a key without an algorithm")?.to_string().parse()?;
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        validation.set_issuer(&[&self.issuer]);
        match audience {
            Some(audience) => validation.set_audience(&[audience]),
            None => validation.validate_aud = false,
        }
        Ok(decode(token, &DecodingKey::from_jwk(jwk)?, &validation)?)
    }

    /// Catches up with the list. What is older than the one that is had, or of another history, is told by its claims.
    fn hear(&mut self) -> Outcome<()> {
        loop {
            let text = self.get(&format!("revocations?since={}", self.seq))?;
            let list = self.check::<List>(&text, "revocations+jwt", None)?.claims;
            if list.iat < self.iat {
                return Err("an older list than the one before".into());
            }
            if list.since != self.seq {
                (self.sessions, self.users, self.keys) = Default::default();
            }
            for entry in list.entries {
                self.sessions.extend(entry.sid);
                self.keys.extend(entry.kid);
                for (sub, uv) in entry.sub.into_iter().zip(entry.uv) {
                    self.users.entry(sub).and_modify(|known| *known = uv.max(*known)).or_insert(uv);
                }
            }
            (self.iat, self.seq) = (list.iat, list.seq);
            // Of a list in parts the last makes the whole.
            if !list.more {
                self.exp = list.exp;
                return Ok(());
            }
        }
    }

    fn verify(&mut self, token: &str) -> Outcome<Access> {
        if self.asked_at.is_none_or(|asked_at| asked_at.elapsed() >= EVERY) {
            self.asked_at = Some(Instant::now());
            // An old list may do until its end.
            let _ = self.hear();
        }
        if self.exp <= SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() {
            return Err("no list of revocations that is still good".into());
        }
        let audience = self.issuer.clone();
        let TokenData { header, claims, .. } = self.check::<Access>(token, "at+jwt", Some(&audience))?;
        let hash = |id: &str| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(id));
        let is_too_old = self.users.get(&hash(&claims.sub)).is_some_and(|uv| claims.uv < *uv);
        let is_key_dead = header.kid.is_some_and(|kid| self.keys.contains(&kid));
        if self.sessions.contains(&hash(&claims.sid)) || is_too_old || is_key_dead {
            return Err("revoked".into());
        }
        Ok(claims)
    }
}

fn main() -> Outcome<()> {
    let issuer = std::env::args().nth(1).ok_or("verifier ISSUER")?;
    let mut verifier = Verifier {
        issuer,
        jwks: JwkSet { keys: Vec::new() },
        asked_at: None,
        iat: 0,
        exp: 0,
        seq: 0,
        sessions: HashSet::new(),
        users: HashMap::new(),
        keys: HashSet::new(),
    };
    for token in std::io::stdin().lines() {
        match verifier.verify(&token?) {
            Ok(claims) => println!("ok {}", claims.sub),
            Err(error) => println!("no {error}"),
        }
    }
    Ok(())
}
