//! One owner at a time: between stores, between processes, after kills, stops and other boots.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod child;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::Duration;

use orchestrator_store::{
    Claim, Durability, ErrorKind, HEARTBEAT, Held, Holder, Identity, LEASE, Liveness, Moment, Options,
    Ownership, OwnershipError, Sighting, Store,
};

const START: Moment = Moment { wall_ms: 1_767_225_600_000, steady_ms: 1_000 };

fn later(by: Duration) -> Moment {
    let ms = u64::try_from(by.as_millis()).unwrap();
    Moment { wall_ms: START.wall_ms + ms, steady_ms: START.steady_ms + ms }
}

fn open(folder: &tempfile::TempDir) -> Store {
    Store::open(folder.path().join("store.db"), Options::default()).unwrap()
}

fn claim(store: &Store, now: Moment, earlier: Option<Sighting>) -> Claim {
    Ownership::claim(store, "m1", &Identity::of_this_process(), now, earlier).unwrap()
}

#[track_caller]
fn mine(claim: Claim) -> Ownership {
    match claim {
        Claim::Mine(owner) => owner,
        Claim::Held(held) => panic!("{held:?}"),
    }
}

#[track_caller]
fn held(claim: Claim) -> Held {
    match claim {
        Claim::Held(held) => held,
        Claim::Mine(owner) => panic!("it was taken with token {}", owner.token()),
    }
}

/// Makes somebody else the owner of `m1`, as another process would have written it.
fn write_row(store: &Store, token: u64, change: impl FnOnce(&mut Identity)) {
    write_row_of(store, "m1", token, change);
}

fn write_row_of(store: &Store, name: &str, token: u64, change: impl FnOnce(&mut Identity)) {
    let mut identity = Identity::of_this_process();
    change(&mut identity);
    let holder = Holder { identity, token, since: 0, heartbeat: 0, released: None };
    let mut tx = store.begin().unwrap();
    tx.put(&format!("owner/{name}"), &serde_json::to_string(&holder).unwrap()).unwrap();
    tx.commit(Durability::Normal).unwrap();
}

/// A commit as a driver makes it: checked by its fence.
fn write_fenced(store: &Store, owner: &Ownership, value: &str) -> Result<u64, OwnershipError> {
    let mut tx = store.begin()?;
    owner.fence().check(&mut tx)?;
    tx.put("mission/m1", value)?;
    Ok(tx.commit(Durability::Normal)?)
}

#[test]
fn tokens_grow_by_one_with_each_owner_and_never_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    for token in 1..=5 {
        let owner = mine(claim(&store, START, None));
        assert_eq!(owner.token(), token);
        owner.renew(START.wall_ms).unwrap();
        assert!(owner.release(START.wall_ms).unwrap());
        assert!(!owner.release(START.wall_ms).unwrap(), "it was released twice");
        assert_eq!(Ownership::holder(&store, "m1").unwrap(), None);
    }
}

#[test]
fn one_who_claims_again_with_the_same_identity_keeps_the_token_and_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let me = Identity::of_this_process();
    let first = mine(Ownership::claim(&store, "m1", &me, START, None).unwrap());
    let again = mine(Ownership::claim(&store, "m1", &me, later(LEASE), None).unwrap());
    assert_eq!(first.fence(), again.fence());
    let row = Ownership::holder(&store, "m1").unwrap().unwrap();
    assert_eq!((row.since, row.heartbeat), (START.wall_ms, later(LEASE).wall_ms));
}

#[test]
fn two_names_have_two_owners() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let me = Identity::of_this_process();
    for name in ["m1", "m2"] {
        let owner = mine(Ownership::claim(&store, name, &me, START, None).unwrap());
        assert_eq!((owner.name(), owner.token()), (name, 1));
    }
}

#[test]
fn an_owner_of_another_boot_is_taken_over_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let known = |identity: &mut Identity| identity.boot = "this boot".to_owned();
    write_row(&store, 6, |identity| identity.boot = "the boot before".to_owned());
    let mut me = Identity::of_this_process();
    known(&mut me);
    assert_eq!(mine(Ownership::claim(&store, "m1", &me, START, None).unwrap()).token(), 7);
}

#[test]
fn an_owner_on_another_host_is_taken_over_after_the_lease_time_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    write_row(&store, 6, |identity| identity.host = "another".to_owned());
    let first = held(claim(&store, START, None));
    assert_eq!((first.liveness, first.look_again), (Liveness::Unknown, HEARTBEAT));
    assert_eq!(first.holder.token, 6);

    let moment = Duration::from_millis(1);
    let before = held(claim(&store, later(LEASE.saturating_sub(moment)), Some(first.sighting)));
    assert_eq!((before.sighting, before.look_again), (first.sighting, moment));
    assert_eq!(mine(claim(&store, later(LEASE), Some(before.sighting))).token(), 7);
}

#[test]
fn an_owner_on_another_host_that_renews_is_watched_anew_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let there = Identity { host: "another".to_owned(), ..Identity::of_this_process() };
    let owner = mine(Ownership::claim(&store, "m1", &there, START, None).unwrap());
    let mut sighting = held(claim(&store, START, None)).sighting;
    for beat in 1..=20 {
        // Its clock stands, and ours runs: the row has changed all the same.
        owner.renew(START.wall_ms).unwrap();
        let found = held(claim(&store, later(LEASE * beat), Some(sighting)));
        assert_eq!(found.look_again, HEARTBEAT);
        sighting = found.sighting;
    }
    owner.renew(START.wall_ms).unwrap();
}

#[test]
fn a_row_of_another_host_is_not_old_at_first_sight_however_far_our_clock_is_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    write_row(&store, 1, |identity| identity.host = "another".to_owned());
    let far = Moment { wall_ms: 4_102_444_800_000, steady_ms: u64::MAX / 2 };
    assert_eq!(held(claim(&store, far, None)).look_again, HEARTBEAT);
}

#[test]
fn an_opening_that_this_process_has_forgotten_is_taken_over_after_the_lease_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let lost = mine(claim(&store, START, None));
    let first = held(claim(&store, START, None));
    assert_eq!(first.liveness, Liveness::Unknown);
    assert_eq!(mine(claim(&store, later(LEASE), Some(first.sighting))).token(), 2);
    assert!(matches!(lost.renew(later(LEASE).wall_ms), Err(OwnershipError::NotOwner(_))));
}

#[test]
fn a_commit_after_a_takeover_is_refused_and_says_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let owner = mine(claim(&store, START, None));
    write_fenced(&store, &owner, "1").unwrap();
    write_row(&open(&folder), 2, |identity| identity.pid = 4_242);

    let Err(OwnershipError::NotOwner(refused)) = write_fenced(&store, &owner, "2") else {
        panic!("the commit was taken")
    };
    assert_eq!(refused.holder.as_ref().map(|holder| (holder.identity.pid, holder.token)), Some((4_242, 2)));
    let said = refused.to_string();
    assert!(said.contains("process 4242") && said.contains("token 2") && said.contains("token 1"), "{said}");
    assert_eq!(store.get("mission/m1").unwrap().value.as_ref(), "1");
    assert!(matches!(owner.renew(START.wall_ms), Err(OwnershipError::NotOwner(_))));
    assert!(!owner.release(START.wall_ms).unwrap());
    assert_eq!(
        Ownership::holder(&store, "m1").unwrap().unwrap().token,
        2,
        "the new owner's row is left alone"
    );
}

#[test]
fn a_takeover_between_the_check_and_the_commit_is_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let owner = mine(claim(&store, START, None));
    let mut tx = store.begin().unwrap();
    owner.fence().check(&mut tx).unwrap();
    tx.put("mission/m1", "1").unwrap();
    write_row(&open(&folder), 2, |identity| identity.pid = 4_242);
    assert_eq!(tx.commit(Durability::Normal).unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(store.get("mission/m1"), None);
}

#[test]
fn the_same_token_of_another_opening_passes_no_fence() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let owner = mine(claim(&store, START, None));
    write_row(&store, owner.token(), |_| ());
    assert!(matches!(write_fenced(&store, &owner, "1"), Err(OwnershipError::NotOwner(_))));
}

#[test]
fn a_row_that_cannot_be_read_gives_nobody_the_right_to_drive() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let owner = mine(claim(&store, START, None));
    let mut tx = store.begin().unwrap();
    tx.put("owner/m1", r#"{"token":"two"}"#).unwrap();
    tx.commit(Durability::Normal).unwrap();
    assert!(matches!(write_fenced(&store, &owner, "1"), Err(OwnershipError::NotOwner(_))));
    let refused = Ownership::claim(&store, "m1", &Identity::of_this_process(), START, None).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidValue);
    assert!(refused.to_string().contains("owner/m1"), "{refused}");
}

/// A child that owns `m1`, and says a line when it does.
struct Owner {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Owner {
    fn start(store: &Path) -> Self {
        let mut child = child::command("owns_and_obeys", store).stdin(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut owner = Self { child, said };
        assert_eq!(owner.answer(), "1");
        owner
    }

    /// The next line that is the child's own, without its mark.
    fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "the child ended");
            // The test program's own words may stand before it on the line.
            if let Some((_, answer)) = line.split_once("owner: ") {
                return answer.trim().to_owned();
            }
        }
    }

    fn renew(&mut self) -> String {
        self.child.stdin.as_mut().unwrap().write_all(b"renew\n").unwrap();
        self.answer()
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        self.child.wait().unwrap();
    }
}

#[test]
#[ignore = "a child of the tests below"]
fn owns_and_obeys() {
    let Some(path) = child::store() else { return };
    let store = Store::open(path, Options::default()).unwrap();
    let owner = mine(claim(&store, START, None));
    println!("owner: {}", owner.token());
    for line in std::io::stdin().lines() {
        assert_eq!(line.unwrap(), "renew");
        match owner.renew(START.wall_ms) {
            Ok(()) => println!("owner: kept"),
            Err(error) => println!("owner: {error}"),
        }
    }
}

#[test]
fn an_owner_that_was_killed_is_taken_over_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let mut owner = Owner::start(&store.path());
    assert_eq!(held(claim(&store, START, None)).liveness, Liveness::Alive);
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    assert_eq!(mine(claim(&store, START, None)).token(), 2);
}

#[test]
fn a_live_owner_is_not_taken_over_by_one_whose_clock_is_years_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let mut owner = Owner::start(&store.path());
    let first = held(claim(&store, START, None));
    let years = Moment { wall_ms: 4_102_444_800_000, steady_ms: u64::MAX };
    let found = held(claim(&store, years, Some(first.sighting)));
    assert_eq!((found.liveness, found.look_again), (Liveness::Alive, HEARTBEAT));
    assert_eq!(owner.renew(), "kept");
}

#[cfg(unix)]
#[test]
fn a_stopped_owner_is_not_taken_over_and_drives_on_when_it_wakes() {
    use rustix::process::Signal;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let mut owner = Owner::start(&store.path());
    let first = held(claim(&store, START, None));
    owner.signal(Signal::STOP);
    let found = held(claim(&store, later(LEASE * 1_000), Some(first.sighting)));
    assert_eq!((found.liveness, found.holder.token), (Liveness::Alive, 1));
    owner.signal(Signal::CONT);
    assert_eq!(owner.renew(), "kept");
}

#[cfg(unix)]
#[test]
fn an_owner_that_slept_through_a_takeover_is_refused_when_it_wakes() {
    use rustix::process::Signal;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let mut owner = Owner::start(&store.path());
    owner.signal(Signal::STOP);
    // As one on another host may do after the lease time.
    write_row(&store, 2, |identity| identity.host = "another".to_owned());
    owner.signal(Signal::CONT);
    let said = owner.renew();
    assert!(said.contains("took it over with token 2"), "{said}");
}

/// How many names the racers below race for.
const ROUNDS: u32 = 100;

#[test]
fn of_two_processes_that_reach_for_a_name_together_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    // Every other name has had an owner, which is dead: both know at once that they may take over.
    for round in (1..ROUNDS).step_by(2) {
        write_row_of(&store, &format!("round-{round}"), 4, |identity| identity.started_at += 1);
    }
    let racers: Vec<Child> =
        (0..2).map(|_| child::command("races_for_names", &store.path()).spawn().unwrap()).collect();
    let won: Vec<Vec<u32>> = racers.into_iter().map(rounds_won).collect();
    let mut all: Vec<u32> = won.concat();
    all.sort_unstable();
    assert_eq!(all, (0..ROUNDS).collect::<Vec<_>>(), "each name was won once");
    store.refresh().unwrap();
    for round in 0..ROUNDS {
        let token = Ownership::holder(&store, &format!("round-{round}")).unwrap().unwrap().token;
        assert_eq!(token, if round % 2 == 0 { 1 } else { 5 });
    }
}

fn rounds_won(racer: Child) -> Vec<u32> {
    let output = racer.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    said.lines().filter_map(|line| line.split_once("won: ")?.1.parse().ok()).collect()
}

#[test]
#[ignore = "a child of the test above"]
fn races_for_names() {
    let Some(path) = child::store() else { return };
    let store = Store::open(path, Options::default()).unwrap();
    let me = Identity::of_this_process();
    for round in 0..ROUNDS {
        // Both are at the line before either starts.
        let line = format!("line/{round}/");
        store
            .retry(1_000, Durability::Normal, |tx| tx.put(&format!("{line}{}", me.instance), "true"))
            .unwrap();
        while store.snapshot().scan(&line).count() < 2 {
            thread::yield_now();
            store.refresh().unwrap();
        }
        match Ownership::claim(&store, &format!("round-{round}"), &me, START, None).unwrap() {
            Claim::Mine(_) => println!("won: {round}"),
            Claim::Held(held) => assert_ne!(held.holder.identity.instance, me.instance),
        }
    }
    // A winner that has ended may be taken over: nobody ends before both have run.
    store.retry(1_000, Durability::Normal, |tx| tx.put(&format!("end/{}", me.instance), "true")).unwrap();
    while store.snapshot().scan("end/").count() < 2 {
        thread::yield_now();
        store.refresh().unwrap();
    }
}
