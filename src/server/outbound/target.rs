//! Which addresses may be asked. The rule of what is public is `domain/public_address.rs`.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use crate::domain::public_address::is_public;

const LONGEST: usize = 2000;

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    Malformed,
    /// It carries a name or a password, which would be sent in the clear to whom it leads.
    Userinfo,
    HttpsOnly,
    /// It is one of a private network, or of this machine.
    Private,
}

impl Unfit {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Userinfo => "userinfo",
            Self::HttpsOnly => "https_only",
            Self::Private => "private_address",
        }
    }
}

/// Whether an address may be asked. What isn't public, and what is asked without TLS, must be named in the configuration.
#[must_use]
pub fn is_allowed(address: IpAddr, scheme: &str, allowed: &[IpNet]) -> bool {
    let address = address.to_canonical();
    allowed.iter().any(|network| network.contains(&address)) || scheme == "https" && is_public(address)
}

/// Reads an address that may be asked. Where a name leads is known only once it is looked up.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str, allowed: &[IpNet]) -> Result<Url, Unfit> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST).ok_or(Unfit::Malformed)?;
    match url.scheme() {
        "https" => {}
        "http" if !allowed.is_empty() => {}
        "http" => return Err(Unfit::HttpsOnly),
        _ => return Err(Unfit::Malformed),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unfit::Userinfo);
    }
    if url.fragment().is_some() || url.port() == Some(0) {
        return Err(Unfit::Malformed);
    }
    let address = match url.host().ok_or(Unfit::Malformed)? {
        Host::Domain(_) => return Ok(url),
        Host::Ipv4(address) => IpAddr::from(address),
        Host::Ipv6(address) => IpAddr::from(address),
    };
    if is_allowed(address, url.scheme(), allowed) { Ok(url) } else { Err(Unfit::Private) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str, allowed: &[&str]) -> Option<Unfit> {
        let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().unwrap()).collect();
        parse(text, &allowed).err()
    }

    #[test]
    fn public_addresses_are_asked_by_https_alone() {
        for text in
            ["https://hooks.example.com/a?b=c", "https://1.1.1.1:8443/", "https://[2606:4700::1]/", "HTTPS://x.jp"]
        {
            assert_eq!(judged(text, &[]), None, "{text}");
        }
        assert_eq!(judged("http://hooks.example.com/", &[]), Some(Unfit::HttpsOnly));
        assert_eq!(judged("http://1.1.1.1/", &["10.0.0.0/8"]), Some(Unfit::Private));
    }

    #[test]
    fn an_address_of_ones_own_network_is_refused_however_it_is_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "10.0.0.8",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fc00::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a00:1]",
            "[64:ff9b::7f00:1]",
            "[ff02::1]",
        ] {
            assert_eq!(judged(&format!("https://{host}/"), &[]), Some(Unfit::Private), "{host}");
        }
    }

    #[test]
    fn what_the_configuration_names_may_be_asked_also_without_tls() {
        let allowed = ["127.0.0.0/8", "fd00::/8"];
        for text in ["http://127.0.0.1:9000/", "https://127.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://[fd00::7]/"]
        {
            assert_eq!(judged(text, &allowed), None, "{text}");
        }
        assert_eq!(judged("https://10.0.0.1/", &allowed), Some(Unfit::Private));
    }

    #[test]
    fn what_is_no_plain_address_is_refused() {
        for (text, unfit) in [
            ("", Unfit::Malformed),
            ("hooks.example.com", Unfit::Malformed),
            ("ftp://example.com/", Unfit::Malformed),
            ("file:///etc/passwd", Unfit::Malformed),
            ("https://", Unfit::Malformed),
            ("https://example.com/#part", Unfit::Malformed),
            ("https://example.com:0/", Unfit::Malformed),
            ("https://user@example.com/", Unfit::Userinfo),
            ("https://user:password@example.com/", Unfit::Userinfo),
            ("https://example.com@127.0.0.1/", Unfit::Userinfo),
        ] {
            assert_eq!(judged(text, &["127.0.0.0/8"]), Some(unfit), "{text}");
        }
        assert_eq!(judged(&format!("https://example.com/{}", "a".repeat(2000)), &[]), Some(Unfit::Malformed));
    }
}
