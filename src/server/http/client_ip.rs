//! Whose address a request comes from, for throttles and audit rows.
//!
//! `X-Forwarded-For` counts only behind configured proxies, from the right: each proxy appends the peer it saw, so
//! everything left of the first hop that isn't ours was written by the client. No other forwarding header is read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap},
};
use ipnet::{IpNet, Ipv4Net};

/// Who is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Address(IpAddr),
    /// On the Unix socket, which only those may open whom the file's mode lets: a proxy on this machine.
    Socket,
}

/// Marks a request that came in by the Unix socket.
#[derive(Clone, Copy, Debug)]
pub struct BySocket;

impl Peer {
    /// Who sent a request.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        let address = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        let by_socket = extensions.get::<BySocket>().map(|_| Self::Socket);
        by_socket.or(address.map(Self::Address)).unwrap_or(Self::Address(IpAddr::from([0, 0, 0, 0])))
    }

    /// Whether what this peer says of others counts.
    #[must_use]
    pub fn is_trusted(self, trusted: &[IpNet]) -> bool {
        match self {
            Self::Address(address) => is_trusted(address, trusted),
            Self::Socket => true,
        }
    }

    /// As it is counted and written down: who is on the socket is on this machine.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        match self {
            Self::Address(address) => address,
            Self::Socket => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

/// The client's address; the peer's where forwarding is not trusted or not readable.
#[must_use]
pub fn client_ip(peer: Peer, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.address();
    if !peer.is_trusted(trusted) {
        return client;
    }
    for line in headers.get_all("x-forwarded-for").iter().rev() {
        let Ok(line) = line.to_str() else { return peer.address() };
        for hop in line.rsplit(',') {
            let Some(address) = address(hop.trim()) else { return peer.address() };
            client = address;
            if !is_trusted(client, trusted) {
                return client;
            }
        }
    }
    client
}

pub(in crate::server) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// A network of IPv4 addresses written as IPv6 ones (`::ffff:10.0.0.0/104`) is the IPv4 network: so addresses are compared.
#[must_use]
pub fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(wide) => wide.prefix_len().checked_sub(MAPPED).zip(wide.addr().to_ipv4_mapped()),
        IpNet::V4(_) => None,
    };
    mapped.and_then(|(length, address)| Ipv4Net::new(address, length).ok()).map_or(network, IpNet::V4)
}

/// What all IPv4 addresses have in common where they are written as IPv6 ones, in bits (RFC 4291 §2.5.5.2).
const MAPPED: u8 = 96;

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
        let mut extensions = Extensions::new();
        match peer {
            "socket" => drop(extensions.insert(BySocket)),
            peer => drop(extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 40_000)))),
        }
        client_ip(Peer::of(&extensions), &headers, &trusted).to_string()
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
    fn who_is_on_the_socket_is_a_proxy_of_ours() {
        assert_eq!(seen("socket", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("socket", &["203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(seen("socket", &[]), "127.0.0.1");
        assert_eq!(seen("socket", &["garbage"]), "127.0.0.1");
    }

    #[test]
    fn a_network_of_mapped_addresses_is_the_ipv4_network() {
        for (written, meant) in [
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:192.0.2.1/128", "192.0.2.1/32"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::ffff:0:0/95", "::ffff:0.0.0.0/95"),
            ("fd00::/8", "fd00::/8"),
            ("10.0.0.0/8", "10.0.0.0/8"),
        ] {
            assert_eq!(canonical(written.parse().unwrap()).to_string(), meant);
        }
    }

    #[test]
    fn one_address_has_one_spelling() {
        assert_eq!(seen("::ffff:10.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9:51000"]), "203.0.113.9");
    }
}
