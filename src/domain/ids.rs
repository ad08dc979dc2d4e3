//! Public ids: `UUIDv7` as text. None of them is a secret, and none of them grants anything.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the canonical text of a UUID (36 characters, lower case); anything else is `None`.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                is_uuid(text).then(|| Self(text.to_owned()))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A user, as claim `sub`.
    UserId
);
id!(
    /// A session, as claim `sid`.
    SessionId
);
id!(
    /// An invitation; its link has a token instead.
    InviteId
);

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_of_a_uuid_is_an_id() {
        assert!(SessionId::parse("0192a5c0-7d3e-7b21-9f00-0123456789ab").is_some());
        for other in ["", "0192A5C0-7D3E-7B21-9F00-0123456789AB", "0192a5c07d3e7b219f000123456789ab", "' OR 1=1 --"] {
            assert!(SessionId::parse(other).is_none(), "{other}");
        }
    }
}
