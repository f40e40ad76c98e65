//! The decision who may drive, as a table: no clock, no I/O.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::identity::Identity;

/// How often an owner says that it is still there. Six times in a lease: five may come late or be lost, to a busy
/// file or a blocked event loop, before anybody notices.
pub const HEARTBEAT: Duration = Duration::from_secs(5);

/// How long an owner that can't be asked about has to be silent before it is taken over. Longer than a commit may wait
/// for the file ([`crate::Options::busy_timeout`], 5 s) and than a garbage collection or a debugger's step; short
/// enough that a person waits for it.
pub const LEASE: Duration = Duration::from_secs(30);

/// What is known of the process that a row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Liveness {
    /// It runs: the number and the start are those of the row.
    Alive,
    /// It has ended, or its number belongs to another process now.
    Dead,
    /// It can't be told: another host or container, or no right to ask.
    Unknown,
}

/// Who drives, as the store has it: a JSON document that people can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Who it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// The fencing token: greater by one with each new owner, from 1.
    pub token: u64,
    /// When it became the owner, by its own clock, in milliseconds since 1970.
    pub since: u64,
    /// When it last said that it is there, by its own clock, in milliseconds since 1970. For people: no decision
    /// compares it with another clock.
    pub heartbeat: u64,
    /// When it gave up being the owner, by its own clock, in milliseconds since 1970. The row stays for its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<u64>,
}

/// What to do about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// Become the owner, with this token.
    Take {
        /// The new owner's fencing token.
        token: u64,
    },
    /// The row is ours: say again that we are there.
    Renew {
        /// We ourselves.
        holder: &'a Holder,
    },
    /// Another one owns it and can't be asked about: it is taken over if it stays silent for so much longer.
    Wait {
        /// The owner.
        holder: &'a Holder,
        /// How long, by the clock that `watched` was measured with.
        remaining: Duration,
    },
    /// Another one owns it, and lives.
    Theirs {
        /// The owner.
        holder: &'a Holder,
    },
}

/// Decides about a row.
///
/// | the row | the process that it names | decision |
/// |---|---|---|
/// | none | | take, token 1 |
/// | released | | take, next token |
/// | of this opening | | renew |
/// | of this host, another boot | ended with its boot | take, next token |
/// | of this host and boot | dead | take, next token |
/// | of this host and boot, another process | alive | theirs, however old the heartbeat |
/// | of this very process, another opening | alive, but that says nothing of the opening | by the lease |
/// | of this host and boot | unknown | by the lease |
/// | of another host | unknown, whatever was said | by the lease |
///
/// By the lease: wait while the row has been watched for less than [`LEASE`] without a change, then take with the next
/// token.
///
/// `watched` is how long `me` has seen the row just as it is, by one clock of its own that never goes back and best
/// stands still while the machine sleeps. The heartbeat in the row is compared with no clock: neither two hosts whose
/// clocks differ nor a clock that is set, nor a laptop that slept, make an owner that renews look silent. (The
/// method is that of Kubernetes' leader election, `client-go/tools/leaderelection`; the fencing token is Kleppmann's, *How
/// to do distributed locking*, 2016.)
///
/// Boots are compared only where both are known, that is not empty.
#[must_use]
pub fn decide<'a>(
    row: Option<&'a Holder>,
    me: &Identity,
    watched: Duration,
    liveness: Liveness,
) -> Decision<'a> {
    let Some(holder) = row else {
        return Decision::Take { token: 1 };
    };
    let take = Decision::Take { token: holder.token.saturating_add(1) };
    let owner = &holder.identity;
    if holder.released.is_some() {
        return take;
    }
    if owner.instance == me.instance {
        return Decision::Renew { holder };
    }
    let liveness = if owner.host != me.host || owner.is_same_process(me) {
        Liveness::Unknown
    } else if owner.is_of_another_boot(me) {
        Liveness::Dead
    } else {
        liveness
    };
    match liveness {
        Liveness::Alive => Decision::Theirs { holder },
        Liveness::Unknown if watched < LEASE => {
            Decision::Wait { holder, remaining: LEASE.saturating_sub(watched) }
        }
        Liveness::Dead | Liveness::Unknown => take,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Liveness; 3] = [Liveness::Alive, Liveness::Dead, Liveness::Unknown];

    fn me() -> Identity {
        Identity {
            instance: "mine".to_owned(),
            pid: 7,
            started_at: 70,
            boot: "b".to_owned(),
            host: "h".to_owned(),
        }
    }

    /// A row of another process on the same host and boot, changed as asked.
    fn row(change: impl FnOnce(&mut Holder)) -> Holder {
        let identity = Identity { instance: "theirs".to_owned(), pid: 8, started_at: 80, ..me() };
        let mut row = Holder { identity, token: 4, since: 1_000, heartbeat: 2_000, released: None };
        change(&mut row);
        row
    }

    fn decided(row: &Holder, watched: Duration, liveness: Liveness) -> Decision<'_> {
        decide(Some(row), &me(), watched, liveness)
    }

    #[track_caller]
    fn goes_by_the_lease(row: &Holder, liveness: Liveness) {
        assert_eq!(
            decided(row, Duration::ZERO, liveness),
            Decision::Wait { holder: row, remaining: LEASE },
            "{liveness:?}"
        );
        let moment = Duration::from_millis(1);
        assert_eq!(
            decided(row, LEASE.saturating_sub(moment), liveness),
            Decision::Wait { holder: row, remaining: moment },
            "{liveness:?}"
        );
        assert_eq!(decided(row, LEASE, liveness), Decision::Take { token: 5 }, "{liveness:?}");
    }

    #[test]
    fn what_nobody_has_is_taken() {
        for liveness in ALL {
            assert_eq!(decide(None, &me(), Duration::ZERO, liveness), Decision::Take { token: 1 });
        }
    }

    #[test]
    fn what_was_released_is_taken_with_the_next_token() {
        for liveness in ALL {
            let released = row(|row| row.released = Some(3_000));
            assert_eq!(decided(&released, Duration::ZERO, liveness), Decision::Take { token: 5 });
            let own = row(|row| {
                row.identity = me();
                row.released = Some(3_000);
            });
            assert_eq!(decided(&own, Duration::ZERO, liveness), Decision::Take { token: 5 });
        }
    }

    #[test]
    fn what_is_ours_is_renewed() {
        for liveness in ALL {
            let ours = row(|row| row.identity = me());
            assert_eq!(decided(&ours, LEASE * 2, liveness), Decision::Renew { holder: &ours });
        }
    }

    #[test]
    fn an_owner_of_another_boot_is_dead_whatever_process_has_its_number_now() {
        for liveness in ALL {
            let before = row(|row| row.identity.boot = "a".to_owned());
            assert_eq!(decided(&before, Duration::ZERO, liveness), Decision::Take { token: 5 });
        }
    }

    #[test]
    fn a_dead_owner_is_taken_over_at_once() {
        assert_eq!(decided(&row(|_| ()), Duration::ZERO, Liveness::Dead), Decision::Take { token: 5 });
    }

    #[test]
    fn a_live_owner_is_never_taken_over_however_long_it_was_silent() {
        for heartbeat in [0, 2_000, u64::MAX] {
            let row = row(|row| row.heartbeat = heartbeat);
            for watched in [Duration::ZERO, LEASE, Duration::MAX] {
                assert_eq!(decided(&row, watched, Liveness::Alive), Decision::Theirs { holder: &row });
            }
        }
    }

    #[test]
    fn another_opening_of_this_process_goes_by_the_lease_as_its_process_proves_nothing() {
        let row = row(|row| row.identity = Identity { instance: "theirs".to_owned(), ..me() });
        goes_by_the_lease(&row, Liveness::Alive);
    }

    #[test]
    fn an_owner_that_may_not_be_asked_about_goes_by_the_lease() {
        goes_by_the_lease(&row(|_| ()), Liveness::Unknown);
    }

    #[test]
    fn an_owner_on_another_host_goes_by_the_lease_whatever_was_said_of_it() {
        for liveness in ALL {
            for boot in ["a", "b", ""] {
                let row = row(|row| {
                    row.identity.host = "another".to_owned();
                    row.identity.boot = boot.to_owned();
                });
                goes_by_the_lease(&row, liveness);
            }
        }
    }

    #[test]
    fn where_a_boot_is_not_known_the_process_decides() {
        let row = row(|row| row.identity.boot = String::new());
        assert_eq!(decided(&row, LEASE, Liveness::Alive), Decision::Theirs { holder: &row });
        assert_eq!(decided(&row, Duration::ZERO, Liveness::Dead), Decision::Take { token: 5 });
    }

    #[test]
    fn a_row_is_one_flat_object_that_reads_back() {
        let row = row(|row| row.released = Some(3_000));
        let json = serde_json::to_string(&row).unwrap();
        assert_eq!(
            json,
            r#"{"instance":"theirs","pid":8,"startedAt":80,"boot":"b","host":"h","token":4,"since":1000,"heartbeat":2000,"released":3000}"#
        );
        assert_eq!(serde_json::from_str::<Holder>(&json).unwrap(), row);
    }
}
