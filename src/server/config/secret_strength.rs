//! Whether an auth secret can be one: 256 bits at most plausible, and nothing that stands in a README.
//!
//! It can only tell what is surely too weak; a secret is as good as what made it.

/// Secrets that people have copied out of documentation and tutorials, and that look random.
const PUBLISHED: [&str; 4] = [
    // FastAPI, "OAuth2 with Password and JWT"
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    // RFC 7515, appendix A.1
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    // Spring Security tutorials on JWT
    "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
    "3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b",
];

/// What examples are made of. Long enough that chance doesn't write them.
const PLACEHOLDERS: [&str; 22] = [
    "secret",
    "s3cr3t",
    "password",
    "passw0rd",
    "passphrase",
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "replacewith",
    "example",
    "placeholder",
    "insecure",
    "default",
    "development",
    "generate",
    "random",
    "string",
    "qwerty",
    "keyboardcat",
    "sekisho",
];

/// Why `text` is refused as an auth secret; `None` if nothing is known against it.
#[must_use]
pub fn weakness(text: &str) -> Option<&'static str> {
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if PUBLISHED.contains(&text) || PLACEHOLDERS.iter().any(|word| plain.contains(word)) {
        Some("is one that stands in documentation; make your own (openssl rand -base64 32)")
    } else if bits(text) < 256 {
        Some("carries less than 256 bits; write 32 random bytes as text (openssl rand -base64 32)")
    } else if kinds(text) < 8 || repeats(text) || climbs(text) {
        Some("is a pattern; make one at random (openssl rand -base64 32)")
    } else {
        None
    }
}

/// How much a random text of this length and alphabet could carry at most.
fn bits(text: &str) -> usize {
    let all = |test: fn(&u8) -> bool| text.bytes().all(|byte| test(&byte));
    let one_case =
        !text.bytes().any(|byte| byte.is_ascii_uppercase()) || !text.bytes().any(|byte| byte.is_ascii_lowercase());
    let hundredths = if all(u8::is_ascii_digit) {
        332
    } else if all(|byte| byte.is_ascii_hexdigit() || *byte == b'-') && one_case {
        400
    } else if all(u8::is_ascii_alphanumeric) && one_case {
        517
    } else if all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte)) {
        600
    } else if text.is_ascii() {
        655
    } else {
        800
    };
    // Padding and the dashes of UUIDs carry nothing.
    let length = text.trim_end_matches('=').len() - if hundredths == 400 { text.matches('-').count() } else { 0 };
    length * hundredths / 100
}

fn kinds(text: &str) -> usize {
    let mut bytes: Vec<u8> = text.bytes().collect();
    bytes.sort_unstable();
    bytes.dedup();
    bytes.len()
}

/// Whether it is a block and its repetitions, the last one perhaps cut off.
fn repeats(text: &str) -> bool {
    let bytes = text.trim_end_matches('=').as_bytes();
    (1..=bytes.len() / 2).any(|period| bytes.iter().zip(&bytes[period..]).all(|(one, next)| one == next))
}

/// Whether most of it runs along the alphabet or the digits, up or down.
fn climbs(text: &str) -> bool {
    let bytes = text.as_bytes();
    let steps = bytes.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) <= 1).count();
    steps * 2 > bytes.len()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::*};
    use proptest::prelude::*;

    use super::weakness;

    #[test]
    fn what_is_copied_from_documentation_is_refused() {
        for text in [
            "changeme-changeme-changeme-changeme-changeme",
            "please-change-me-to-something-random-and-much-longer",
            "secretsecretsecretsecretsecretsecretsecretsecret",
            "a-string-secret-at-least-256-bits-long",
            "your-super-secret-jwt-token-with-at-least-32-characters-long",
            "better-auth-secret-12345678901234567890",
            "MY_VERY_S3CR3T_KEY_THAT_NOBODY_WILL_EVER_GUESS_1",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "zyxwvutsrqponmlkjihgfedcba9876543210ZYXWVUTSRQPONMLKJIHGFEDCBA",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababcdcdcdcdcdefefefefefababababababcdcdcdcdcdcdcdefefefef",
            "k9Xv2Qp7k9Xv2Qp7k9Xv2Qp7k9Xv2Qp7k9Xv2Qp7k9Xv2Qp7",
            "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        ] {
            assert!(weakness(text).is_some(), "{text}");
        }
    }

    #[test]
    fn length_is_counted_in_bits_and_not_in_characters() {
        for (text, enough) in [
            ("9f86d081884c7d659a2feaa0c55ad015", false),
            ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", true),
            ("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is", false),
            ("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", true),
            ("n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", true),
            ("t6dniuh4pj7o3k2xq5mfzr8wyc1vba0g9lse4n", false),
            ("550e8400-e29b-41d4-a716-446655440000", false),
            ("", false),
        ] {
            assert_eq!(weakness(text).is_none(), enough, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// 32 random bytes are taken in whatever way they are written.
        #[test]
        fn a_random_secret_is_never_refused(bytes in any::<[u8; 32]>().prop_filter("not random", varied)) {
            let hex = bytes.map(|byte| format!("{byte:02x}")).concat();
            for text in [BASE64_STANDARD.encode(bytes), BASE64_URL_SAFE_NO_PAD.encode(bytes), hex.to_uppercase(), hex] {
                prop_assert_eq!(weakness(&text), None, "{}", text);
            }
        }
    }

    /// Shrinking and proptest's taste for edges make bytes that no generator would.
    fn varied(bytes: &[u8; 32]) -> bool {
        let mut kinds = bytes.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.len() > 20
    }
}
