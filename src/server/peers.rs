//! Who is connected, and how often: nobody takes all places. An address is counted by its network (`domain/network.rs`).
//! Trusted proxies have no bound: everybody comes through them; nor has who comes by a socket of this machine.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
use tokio::time::Instant;

use super::http::client_ip::is_trusted;
use crate::domain::network::Network;

/// A peer that tries again and again is not told of each time.
const TOLD_EVERY: Duration = Duration::from_secs(60);

pub struct Peers {
    most: usize,
    trusted: Vec<IpNet>,
    connected: Mutex<Connected>,
}

#[derive(Default)]
struct Connected {
    by_network: HashMap<Network, usize>,
    told: Option<Instant>,
}

/// A connection's place; it is free again when this is dropped.
pub struct PeerPlace(Option<(Arc<Peers>, Network)>);

impl Peers {
    /// Lets in at most so many connections of each peer.
    #[must_use]
    pub fn new(most: usize, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { most, trusted, connected: Mutex::default() })
    }

    /// A place for one more connection of a peer; `None` when it has as many as it may.
    #[must_use]
    pub fn admit(self: &Arc<Self>, peer: Option<IpAddr>) -> Option<PeerPlace> {
        let Some(peer) = peer.filter(|peer| !is_trusted(*peer, &self.trusted)) else {
            return Some(PeerPlace(None));
        };
        let network = Network::of(peer);
        let mut connected = self.connected();
        let count = connected.by_network.entry(network).or_default();
        if *count < self.most {
            *count += 1;
            return Some(PeerPlace(Some((Arc::clone(self), network))));
        }
        if connected.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            connected.told = Some(Instant::now());
            tracing::warn!(%peer, most = self.most, "this address has as many connections as one may have");
        }
        None
    }

    fn connected(&self) -> MutexGuard<'_, Connected> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PeerPlace {
    fn drop(&mut self) {
        let Some((peers, network)) = &self.0 else { return };
        let mut connected = peers.connected();
        if let Some(count) = connected.by_network.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                connected.by_network.remove(network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(peers: &Arc<Peers>, addresses: &[&str]) -> Vec<Option<PeerPlace>> {
        addresses.iter().map(|address| peers.admit(Some(address.parse().unwrap()))).collect()
    }

    fn count(places: &[Option<PeerPlace>]) -> usize {
        places.iter().flatten().count()
    }

    #[test]
    fn one_address_does_not_take_the_places_of_another() {
        let peers = Peers::new(2, Vec::new());
        let first = admitted(&peers, &["192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"]);
        assert_eq!((count(&first), count(&admitted(&peers, &["192.0.2.2"]))), (2, 1));
        drop(first);
        assert!(peers.connected().by_network.is_empty(), "nothing is kept of those who have gone");
        assert_eq!(count(&admitted(&peers, &["192.0.2.1"])), 1);
    }

    #[test]
    fn addresses_of_one_subscriber_are_one_peer() {
        let peers = Peers::new(2, Vec::new());
        let first = admitted(&peers, &["2001:db8::1", "2001:db8::ffff:2", "2001:db8::3"]);
        assert_eq!((count(&first), count(&admitted(&peers, &["2001:db8:0:1::1"]))), (2, 1));
    }

    #[test]
    fn a_trusted_proxy_has_no_bound() {
        let peers = Peers::new(1, vec!["10.0.0.0/8".parse().unwrap()]);
        assert_eq!(count(&admitted(&peers, &["10.0.0.1"; 9])), 9);
        let by_socket: Vec<_> = (0..9).map(|_| peers.admit(None)).collect();
        assert_eq!(count(&by_socket), 9);
    }
}
