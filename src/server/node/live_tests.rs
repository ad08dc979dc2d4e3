//! Who is woken by what, and how many may listen.

use futures::FutureExt as _;

use super::*;
use crate::domain::{access_claims::tests::claims, role::Role, session::EndReason, time::Timestamp};

const MOST: usize = 100;

fn heard(place: &Place) -> Marks {
    place.woken().now_or_never().unwrap_or_default()
}

fn ended(subject: Subject) -> Revocation {
    Revocation { subject, reason: EndReason::Kicked, until: Timestamp(100) }
}

#[test]
fn marks_of_a_stream_that_nobody_reads_add_up_to_one() {
    let live = Arc::new(Live::with_room_for(MOST));
    let place = live.open(&claims()).unwrap();
    for _ in 0..1_000 {
        live.changed(&claims().sub);
        live.revoked(&ended(Subject::Session(claims().sid)));
    }
    assert_eq!(heard(&place), Marks::DEVICES.and(Marks::JUDGE));
    assert_eq!(heard(&place), Marks::default());
}

#[test]
fn what_concerns_someone_else_wakes_nobody_but_those_who_may_look() {
    let live = Arc::new(Live::with_room_for(MOST));
    let other = UserId::parse("0192a5c0-7d3e-7b21-9f00-000000000000").unwrap();
    let own = live.open(&claims()).unwrap();
    let admin = live.open(&AccessClaims { sub: other.clone(), role: Role::Admin, ..claims() }).unwrap();
    live.changed(&other);
    assert_eq!(heard(&own), Marks::default());
    assert_eq!(heard(&admin), Marks::DEVICES.and(Marks::USERS));
    live.changed(&claims().sub);
    assert_eq!((heard(&own), heard(&admin)), (Marks::DEVICES, Marks::USERS));
}

#[test]
fn the_oldest_stream_makes_room_and_a_place_is_free_again_when_its_stream_goes() {
    let live = Arc::new(Live::with_room_for(MOST));
    let mut places: Vec<Place> = (0..=MOST_OF_SESSION).map(|_| live.open(&claims()).unwrap()).collect();
    assert_eq!(heard(&places[0]), Marks::CLOSE);
    assert_eq!(heard(&places[1]), Marks::default());
    assert_eq!(live.len(), MOST_OF_SESSION + 1, "until it has gone");
    places.clear();
    assert!(live.is_empty() && live.ears().by_topic.is_empty());
}

#[test]
fn a_node_takes_so_many_streams_and_no_more() {
    let live = Arc::new(Live::with_room_for(MOST));
    let of = |number: usize| AccessClaims {
        sid: SessionId::parse(&format!("0192a5c0-7d3e-7b21-9f00-{number:012}")).unwrap(),
        sub: UserId::parse(&format!("0192a5c0-7d3e-7b21-9f00-{number:012}")).unwrap(),
        ..claims()
    };
    let mut places: Vec<Place> = (0..MOST).map(|number| live.open(&of(number)).unwrap()).collect();
    assert!(live.open(&of(MOST)).is_none());
    places.pop();
    assert!(live.open(&of(MOST)).is_some());
}

#[test]
fn one_person_does_not_take_all_places() {
    let live = Arc::new(Live::with_room_for(MOST));
    let of = |number: usize| AccessClaims {
        sid: SessionId::parse(&format!("0192a5c0-7d3e-7b21-9f00-{number:012}")).unwrap(),
        ..claims()
    };
    let places: Vec<Place> = (0..=MOST_OF_USER).map(|number| live.open(&of(number)).unwrap()).collect();
    assert_eq!(heard(&places[0]), Marks::CLOSE);
    assert_eq!(heard(&places[1]), Marks::default());
}

#[test]
fn the_end_closes_every_stream_and_lets_none_begin() {
    let live = Arc::new(Live::with_room_for(MOST));
    let place = live.open(&claims()).unwrap();
    live.close();
    assert_eq!(heard(&place), Marks::CLOSE);
    assert!(live.open(&claims()).is_none());
}
