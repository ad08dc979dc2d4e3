//! What a revocation says, and which tokens it ends. No clock decides: sessions are named, and users carry a version.

use super::{
    access_claims::AccessClaims,
    ids::{SessionId, UserId},
    session::EndReason,
    time::Timestamp,
};

/// One entry of the revocation feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub subject: Subject,
    pub reason: EndReason,
    /// When the last token it can end has expired; it may be forgotten then.
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Every token of this session is dead.
    Session(SessionId),
    /// Every token of this user minted before `below` is dead, but for those of `except`, which are stale.
    User { user: UserId, below: i64, except: Option<SessionId> },
    /// Every token of this user minted before `below` says something outdated: renew.
    Stale { user: UserId, below: i64 },
    /// Every token signed with this key is dead. The keyring says so, which is read again.
    Key(String),
    /// There is another keyring; nothing ends.
    Keys,
}

/// What the revocations known say of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Good,
    Stale,
    Dead(EndReason),
}

impl Subject {
    /// What this subject says of a token with these claims, `reason` being why.
    #[must_use]
    pub fn standing(&self, claims: &AccessClaims, reason: EndReason) -> Standing {
        match self {
            Self::Session(sid) if *sid == claims.sid => Standing::Dead(reason),
            Self::User { user, below, except } if *user == claims.sub && claims.uv < *below => {
                if except.as_ref() == Some(&claims.sid) { Standing::Stale } else { Standing::Dead(reason) }
            }
            Self::Stale { user, below } if *user == claims.sub && claims.uv < *below => Standing::Stale,
            _ => Standing::Good,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access_claims::tests::claims;

    #[test]
    fn a_session_is_ended_by_its_name() {
        let other = SessionId::parse("0192a5c0-7d3e-7b21-9f00-000000000000").unwrap();
        assert_eq!(
            Subject::Session(claims().sid).standing(&claims(), EndReason::Kicked),
            Standing::Dead(EndReason::Kicked)
        );
        assert_eq!(Subject::Session(other).standing(&claims(), EndReason::Kicked), Standing::Good);
    }

    #[test]
    fn a_version_ends_the_tokens_minted_before_it_and_none_after() {
        let raised = Subject::User { user: claims().sub, below: 3, except: None };
        for (uv, standing) in [(2, Standing::Dead(EndReason::Password)), (3, Standing::Good), (4, Standing::Good)] {
            assert_eq!(raised.standing(&AccessClaims { uv, ..claims() }, EndReason::Password), standing, "{uv}");
        }
    }

    #[test]
    fn the_session_that_asked_is_only_stale() {
        let others = Subject::User { user: claims().sub, below: 3, except: Some(claims().sid) };
        assert_eq!(others.standing(&claims(), EndReason::Revoked), Standing::Stale);
    }

    #[test]
    fn a_role_change_makes_tokens_stale() {
        let changed = Subject::Stale { user: claims().sub, below: 1 };
        assert_eq!(changed.standing(&claims(), EndReason::None), Standing::Stale);
        assert_eq!(changed.standing(&AccessClaims { uv: 1, ..claims() }, EndReason::None), Standing::Good);
    }
}
