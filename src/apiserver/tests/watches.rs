//! What a watch tells, from where on and until when.

use rand::SeedableRng;
use serde_json::Value;

use super::{MAPS, Server};
use crate::api::request::Request;
use crate::api::user::MASTERS;
use crate::api::{Duration, RecordId, Time, User};
use crate::apiserver::caller::{Caller, Chance};
use crate::apiserver::{WATCH_BUFFER, WatchId};
use crate::ledger::Ledger;

/// Opens a watch, as a client at `now`.
fn watching(server: &mut Server, request: &Request, now: Time) -> WatchId {
    let (mut ledger, mut chance) = (Ledger::default(), Chance::seed_from_u64(1));
    let user = User::of("test", &[MASTERS]);
    let mut who = Caller::new(&user, "test", now, RecordId(0), &mut ledger, &mut chance);
    server.api.open_watch(request, &mut who).expect("a watch")
}

/// The types of all events that a watch has to tell, and what the last one is of.
fn told(server: &mut Server, id: WatchId) -> (Vec<&'static str>, Value) {
    server.api.take_deliveries(Time::ZERO).for_each(drop);
    let events: Vec<_> = std::iter::from_fn(|| server.api.next_event(id)).collect();
    let last = events.last().map(|e| (*e.object).clone()).unwrap_or_default();
    (events.iter().map(|e| e.kind).collect(), last)
}

#[test]
fn a_watch_from_a_forgotten_revision_is_told_so_and_ends() {
    let mut server = Server::new();
    server.put_map("a", "1");
    server.put_map("b", "1");
    let rev = server.api.rev();
    server.api.compact(rev);
    let id = watching(&mut server, &Request::get(MAPS).query("resourceVersion", "1"), Time::ZERO);
    server.put_map("c", "1");
    let (kinds, status) = told(&mut server, id);
    assert_eq!((kinds, status["code"].as_u64()), (vec!["ERROR"], Some(410)));
    assert_eq!(status["message"], format!("too old resource version: 1 ({})", rev.0));
    assert!(server.api.watch_ends(id, Time::ZERO));
}

#[test]
fn a_watch_from_a_revision_to_come_tells_what_follows_it() {
    let mut server = Server::new();
    server.put_map("a", "1");
    let next = (server.api.rev().0 + 1).to_string();
    let id = watching(&mut server, &Request::get(MAPS).query("resourceVersion", next), Time::ZERO);
    server.put_map("b", "1");
    server.put_map("c", "1");
    let (kinds, last) = told(&mut server, id);
    assert_eq!((kinds, last["metadata"]["name"].as_str()), (vec!["ADDED"], Some("c")));
}

#[test]
fn bookmarks_come_every_minute_and_shortly_before_the_end() {
    let mut server = Server::new();
    let request = Request::get(MAPS).query("allowWatchBookmarks", "true").query("timeoutSeconds", "90");
    let from = server.api.rev().0.to_string();
    let id = watching(&mut server, &request.query("resourceVersion", from), Time::ZERO);
    let mut at = vec![];
    for second in 0..=90 {
        let over = server.api.watch_ends(id, Time::ZERO + Duration::from_secs(second));
        if told(&mut server, id).0 == ["BOOKMARK"] {
            at.push(second);
        }
        assert_eq!(over, second == 90, "{second}");
    }
    assert_eq!(at, [60, 88]);
}

#[test]
fn who_reads_too_slowly_is_cut_off() {
    let mut server = Server::new();
    let id = watching(&mut server, &Request::get(MAPS), Time::ZERO);
    for i in 0..=WATCH_BUFFER {
        server.put_map("a", &i.to_string());
        server.api.take_deliveries(Time::ZERO).for_each(drop);
    }
    let (kinds, _) = told(&mut server, id);
    assert_eq!((kinds.len(), kinds.last()), (WATCH_BUFFER, Some(&"MODIFIED")), "what it was told already");
    assert!(server.api.watch_ends(id, Time::ZERO), "the rest is not held for it");
    server.put_map("a", "later");
    assert_eq!(told(&mut server, id).0, Vec::<&str>::new());
}
