//! How many audit rows strangers can cause: so many at once and then so many a minute, from one network and of one kind, and
//! likewise from everywhere together. What goes beyond is counted, and the count goes into a row. Each account has bounds of
//! its own, so that what concerns one is not left out for what others do. Instants are those of an even clock.

use std::{collections::HashMap, time::Duration};

use super::{audit::Event, ids::UserId};

/// So many rows at once, and then one each so often.
#[derive(Clone, Copy)]
struct Rate {
    burst: u32,
    every: Duration,
}

const FROM_ONE: Rate = Rate { burst: 20, every: Duration::from_secs(3) };
const FROM_ALL: Rate = Rate { burst: 200, every: Duration::from_secs(1) };
/// Buckets that are kept; beyond, strangers share what is left out.
const MOST: usize = 8192;
/// More networks than these are told of in one row.
const NETWORKS_TOLD: usize = 10;

/// From where something came, as text.
pub type Network = String;

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    pub event: Event,
    /// Whose account it concerns, if anybody's.
    pub who: Option<UserId>,
}

/// Rows that were left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub kind: Kind,
    /// From where; none if it was from several networks.
    pub network: Option<Network>,
    pub count: u64,
}

/// Until when rows are spoken for (the generic cell rate algorithm), and how many were left out since the last.
#[derive(Debug, Default)]
struct Bucket {
    spoken_for_until: Duration,
    left_out: u64,
}

impl Bucket {
    fn has_room(&self, rate: Rate, now: Duration) -> bool {
        self.spoken_for_until <= now + rate.every * (rate.burst - 1)
    }

    fn take(&mut self, rate: Rate, now: Duration) {
        self.spoken_for_until = self.spoken_for_until.max(now) + rate.every;
    }

    fn is_idle(&self, now: Duration) -> bool {
        self.left_out == 0 && self.spoken_for_until <= now
    }
}

#[derive(Debug, Default)]
pub struct Bounds {
    /// By kind and network; without a network, from everywhere.
    buckets: HashMap<(Kind, Option<Network>), Bucket>,
    /// What found no bucket.
    others: HashMap<Event, u64>,
}

impl Bounds {
    /// Whether a row may be written, and if so, how many like it were left out before it.
    pub fn admit(&mut self, kind: Kind, network: Network, now: Duration) -> Option<u64> {
        let (one, all) = ((kind.clone(), Some(network)), (kind, None));
        if self.buckets.len() + 2 > MOST && !self.buckets.contains_key(&one) {
            self.buckets.retain(|_, bucket| !bucket.is_idle(now));
            if self.buckets.len() + 2 > MOST {
                *self.others.entry(one.0.event).or_default() += 1;
                return None;
            }
        }
        let room_for_all = self.buckets.get(&all).is_none_or(|bucket| bucket.has_room(FROM_ALL, now));
        let bucket = self.buckets.entry(one).or_default();
        if !room_for_all || !bucket.has_room(FROM_ONE, now) {
            bucket.left_out += 1;
            return None;
        }
        bucket.take(FROM_ONE, now);
        let left_out = std::mem::take(&mut bucket.left_out);
        self.buckets.entry(all).or_default().take(FROM_ALL, now);
        Some(left_out)
    }

    /// Takes out what was left out and has not been told.
    pub fn take_left_out(&mut self, now: Duration) -> Vec<LeftOut> {
        let mut kinds: HashMap<Kind, Vec<LeftOut>> = HashMap::new();
        for ((kind, network), bucket) in self.buckets.iter_mut().filter(|(_, bucket)| bucket.left_out > 0) {
            let count = std::mem::take(&mut bucket.left_out);
            let told = LeftOut { kind: kind.clone(), network: network.clone(), count };
            kinds.entry(kind.clone()).or_default().push(told);
        }
        for (event, count) in self.others.drain() {
            let kind = Kind { event, who: None };
            kinds.entry(kind.clone()).or_default().push(LeftOut { kind, network: None, count });
        }
        self.buckets.retain(|_, bucket| !bucket.is_idle(now));
        kinds.into_iter().flat_map(|(kind, left_out)| together(kind, left_out)).collect()
    }

    /// Puts back what could not be told.
    pub fn put_back(&mut self, left_out: LeftOut) {
        let LeftOut { kind, network, count } = left_out;
        let bucket = self.buckets.get_mut(&(kind.clone(), network));
        match bucket {
            Some(bucket) => bucket.left_out += count,
            None => *self.others.entry(kind.event).or_default() += count,
        }
    }
}

fn together(kind: Kind, left_out: Vec<LeftOut>) -> Vec<LeftOut> {
    if left_out.len() <= NETWORKS_TOLD {
        return left_out;
    }
    let count = left_out.iter().map(|left_out| left_out.count).sum();
    vec![LeftOut { kind, network: None, count }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(who: Option<&str>) -> Kind {
        Kind { event: Event::SignIn, who: who.map(|who| UserId::parse(who).unwrap()) }
    }

    fn network(number: u32) -> Network {
        number.to_string()
    }

    const HANAKO: &str = "0197c0de-0000-7000-8000-000000000001";

    #[test]
    fn one_network_causes_so_many_rows_and_the_next_row_tells_of_the_rest() {
        let mut bounds = Bounds::default();
        let at = Duration::from_secs(1000);
        let rows = (0..1000).filter_map(|_| bounds.admit(kind(None), network(1), at)).count();
        assert_eq!(rows, 20);
        assert_eq!(bounds.admit(kind(None), network(2), at), Some(0), "another network has rows of its own");
        assert_eq!(bounds.admit(kind(None), network(1), at + Duration::from_secs(3)), Some(980));
    }

    #[test]
    fn what_no_row_tells_of_is_taken_out_once() {
        let mut bounds = Bounds::default();
        let at = Duration::from_secs(1000);
        let rows = (0..25).filter_map(|_| bounds.admit(kind(None), network(1), at)).count();
        assert_eq!(rows, 20);
        let told = bounds.take_left_out(at);
        assert_eq!(told, [LeftOut { kind: kind(None), network: Some(network(1)), count: 5 }]);
        assert_eq!(bounds.take_left_out(at), []);
        bounds.put_back(told[0].clone());
        assert_eq!(bounds.take_left_out(at), told);
    }

    #[test]
    fn any_number_of_networks_together_cause_so_many_rows_and_leave_each_account_its_own() {
        let mut bounds = Bounds::default();
        let at = Duration::from_secs(1000);
        let rows = (0..50_000).filter_map(|from| bounds.admit(kind(None), network(from), at)).count();
        assert_eq!(rows, 200);
        assert!(bounds.buckets.len() <= MOST, "memory is bounded too: {}", bounds.buckets.len());
        let told = bounds.take_left_out(at);
        assert_eq!(told.len(), 1, "one row for all");
        assert_eq!(told[0].count, 49_800);
        let later = at + Duration::from_secs(300);
        assert_eq!(bounds.admit(kind(Some(HANAKO)), network(1), later), Some(0));
    }
}
