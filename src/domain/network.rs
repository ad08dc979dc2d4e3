//! The part of an address that one customer of a network holds, by which is counted what comes from it.
//!
//! An IPv4 address counts as itself. Of IPv6 whoever has any has a /64 (RFC 6177), which is 2⁶⁴ addresses, so that an
//! address by itself says nothing; many have a /48, which is 65,536 of those.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

const CUSTOMER: u8 = 64;
const SITE: u8 = 48;
/// `64:ff9b::/96`, under which translators show all of IPv4 (RFC 6052).
const TRANSLATED: u128 = 0x64_ff9b << 96;

/// An IPv4 address, a /64 or a /48.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    Host(Ipv4Addr),
    Customer(Ipv6Addr),
    Site(Ipv6Addr),
}

impl Network {
    /// The network of one customer: the IPv4 address, also where it is written as IPv6, or the /64.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match plain(address) {
            IpAddr::V4(address) => Self::Host(address),
            IpAddr::V6(address) => Self::Customer(first(address, CUSTOMER)),
        }
    }

    /// The /48 around it, where there is one.
    #[must_use]
    pub fn site_of(address: IpAddr) -> Option<Self> {
        match plain(address) {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(Self::Site(first(address, SITE))),
        }
    }

    /// Both, the narrower first.
    pub fn all_of(address: IpAddr) -> impl Iterator<Item = Self> {
        std::iter::once(Self::of(address)).chain(Self::site_of(address))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(address) => write!(f, "{address}"),
            Self::Customer(address) => write!(f, "{address}/{CUSTOMER}"),
            Self::Site(address) => write!(f, "{address}/{SITE}"),
        }
    }
}

/// The IPv4 address that an IPv6 one stands for, where it does.
fn plain(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if address.to_bits() >> 32 == TRANSLATED >> 32 => {
            let [.., a, b, c, d] = address.octets();
            IpAddr::from([a, b, c, d])
        }
        other => other,
    }
}

fn first(address: Ipv6Addr, length: u8) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - u32::from(length))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(address: &str) -> Vec<String> {
        Network::all_of(address.parse().unwrap()).map(|network| network.to_string()).collect()
    }

    #[test]
    fn an_ipv4_address_is_one_network_however_it_is_written() {
        for spelling in ["203.0.113.7", "::ffff:203.0.113.7", "64:ff9b::203.0.113.7"] {
            assert_eq!(all(spelling), ["203.0.113.7"], "{spelling}");
        }
    }

    #[test]
    fn all_addresses_of_a_customer_are_one_network_and_those_of_a_neighbour_another() {
        assert_eq!(all("2001:db8:1:2::1"), ["2001:db8:1:2::/64", "2001:db8:1::/48"]);
        assert_eq!(all("2001:db8:1:2:ffff:ffff:ffff:ffff"), all("2001:db8:1:2::1"));
        assert_eq!(all("2001:db8:1:3::1"), ["2001:db8:1:3::/64", "2001:db8:1::/48"]);
        assert_eq!(all("2001:db8:2:2::1"), ["2001:db8:2:2::/64", "2001:db8:2::/48"]);
    }
}
