//! Which addresses belong to the public internet: all others are somebody's own network, or nobody's, and a server must
//! not be talked into asking them (the IANA special-purpose registries, RFC 6890 and what came after it).
//!
//! IPv4 is open but for what is set apart; IPv6 is closed but for the one range that is given out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Set apart from the public IPv4 internet: first address, length of the prefix.
const CLOSED_V4: [([u8; 4], u8); 15] = [
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // shared with a carrier's NAT
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local, where clouds keep their metadata
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 88, 99, 0], 24),  // relays of 6to4
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, and broadcast
];

/// Set apart within `2000::/3`: first two groups, length of the prefix.
const CLOSED_V6: [([u16; 2], u8); 4] = [
    ([0x2001, 0x0000], 23), // protocol assignments, Teredo among them
    ([0x2001, 0x0db8], 32), // documentation
    ([0x2002, 0x0000], 16), // 6to4, which carries IPv4 addresses
    ([0x3fff, 0x0000], 20), // documentation
];

/// Whether an address is one of the public internet. An IPv4 address in the clothes of IPv6 is judged as what it is.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !CLOSED_V4.iter().any(|(first, length)| within_v4(address, *first, *length)),
        IpAddr::V6(address) => {
            let given_out = address.segments()[0] & 0xe000 == 0x2000;
            given_out && !CLOSED_V6.iter().any(|(first, length)| within_v6(address, *first, *length))
        }
    }
}

fn within_v4(address: Ipv4Addr, first: [u8; 4], length: u8) -> bool {
    let unlike = u32::from(address) ^ u32::from(Ipv4Addr::from(first));
    unlike >> (32 - length) == 0
}

fn within_v6(address: Ipv6Addr, [high, low]: [u16; 2], length: u8) -> bool {
    let [a, b, ..] = address.segments();
    let both = |high: u16, low: u16| u32::from(high) << 16 | u32::from(low);
    (both(a, b) ^ both(high, low)) >> (32 - length) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn what_is_set_apart_is_not_public_from_its_first_address_to_its_last() {
        for text in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.9",
            "203.0.113.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn what_lies_beside_it_is() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
        ] {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn of_the_newer_internet_only_what_is_given_out_is_public() {
        for text in ["2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450::1", "2003::1", "2001:200::1"] {
            assert!(public(text), "{text}");
        }
        for text in [
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "fec0::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff:fff::1",
            "4000::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn an_address_in_other_clothes_is_judged_as_what_it_is() {
        for text in ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"] {
            assert!(!public(text), "{text}");
        }
        assert!(public("::ffff:1.1.1.1"));
    }
}
