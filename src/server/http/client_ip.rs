//! Whose address a request comes from, for throttles and audit rows.
//!
//! `X-Forwarded-For` counts only behind configured proxies, from the right: each proxy appends the peer it saw, so
//! everything left of the first hop that isn't ours was written by the client. No other forwarding header is read.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The client's address; the peer's where forwarding is not trusted or not readable.
#[must_use]
pub fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| is_trusted(*address, trusted);
    if !is_trusted(&peer) {
        return peer;
    }
    let mut client = peer;
    for line in headers.get_all("x-forwarded-for").iter().rev() {
        let Ok(line) = line.to_str() else { return peer };
        for hop in line.rsplit(',') {
            let Some(address) = address(hop.trim()) else { return peer };
            client = address;
            if !is_trusted(&client) {
                return client;
            }
        }
    }
    client
}

/// Whether what this peer says of others counts.
#[must_use]
pub fn is_trusted(peer: IpAddr, trusted: &[IpNet]) -> bool {
    let peer = peer.to_canonical();
    trusted.iter().any(|network| network.contains(&peer))
}

/// Some proxies write the port too.
fn address(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().or_else(|_| hop.parse().map(|with_port: SocketAddr| with_port.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        for name in ["forwarded", "x-real-ip", "x-client-ip", "true-client-ip"] {
            headers.insert(name, "for=6.6.6.6".parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client_ip(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_peer_that_is_no_proxy_of_ours_can_claim_nothing() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &["10.0.0.1, 10.0.0.2"]), "203.0.113.9");
    }

    #[test]
    fn behind_a_proxy_the_hop_it_saw_counts_and_not_what_the_client_wrote() {
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["garbage, 203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn where_all_hops_are_ours_the_first_one_counts() {
        assert_eq!(seen("10.0.0.1", &["10.0.0.9, 10.0.0.2"]), "10.0.0.9");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_can_not_be_read_leaves_the_peer() {
        for odd in ["unknown", "", "203.0.113.9,", "203.0.113.999", "::gg", "1.2.3.4:99999"] {
            assert_eq!(seen("10.0.0.1", &[odd]), "10.0.0.1", "{odd}");
        }
    }

    #[test]
    fn one_address_has_one_spelling() {
        assert_eq!(seen("::ffff:10.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9:51000"]), "203.0.113.9");
    }
}
