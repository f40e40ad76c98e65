//! Histories with one anomaly each, and without any: the checker names them.

use std::collections::BTreeMap;

use crate::check::{Anomaly, check};
use crate::history::{Op, Transaction, append, read, transaction};

const X: u32 = 1;
const Y: u32 = 2;

/// The names of what is found in a history that ended with these lists.
fn names(history: impl Into<Vec<Transaction>>, x: &[u64], y: &[u64]) -> Vec<&'static str> {
    let ends = BTreeMap::from([(X, x.to_vec()), (Y, y.to_vec())]);
    let name = |anomaly: &Anomaly| match anomaly {
        Anomaly::AbortedRead { .. } => "G1a",
        Anomaly::IntermediateRead { .. } => "G1b",
        Anomaly::Internal { .. } => "internal",
        Anomaly::IncompatibleOrder { .. } => "order",
        Anomaly::Duplicate { .. } => "duplicate",
        Anomaly::Lost { .. } => "lost",
        Anomaly::G0(_) => "G0",
        Anomaly::G1c(_) => "G1c",
        Anomaly::GSingle(_) => "G-single",
        Anomaly::G2(_) => "G2",
    };
    check(&history.into(), &ends).iter().map(name).collect()
}

fn aborted(ops: impl Into<Vec<Op>>) -> Transaction {
    Transaction { committed: false, ..transaction(ops) }
}

#[test]
fn a_serial_history_has_none() {
    let history = [
        transaction([append(X, 1), append(Y, 1)]),
        transaction([read(X, [1]), append(X, 2), read(X, [1, 2]), append(X, 3), read(X, [1, 2, 3])]),
        aborted([read(X, [1]), append(X, 9)]),
        transaction([read(X, [1, 2, 3]), read(Y, [1]), read(X, [1, 2, 3])]),
        transaction([append(Y, 2)]),
    ];
    assert_eq!(names(history, &[1, 2, 3], &[1, 2]), [""; 0]);
}

#[test]
fn a_dirty_write_is_g0() {
    let history = [transaction([append(X, 1), append(Y, 1)]), transaction([append(X, 2), append(Y, 2)])];
    assert_eq!(names(history, &[1, 2], &[2, 1]), ["G0"]);
}

#[test]
fn two_that_read_each_others_writes_are_g1c() {
    let history = [transaction([append(X, 1), read(Y, [2])]), transaction([append(Y, 2), read(X, [1])])];
    assert_eq!(names(history, &[1], &[2]), ["G1c"]);
}

#[test]
fn a_read_before_and_after_anothers_commit_is_g_single() {
    let history = [transaction([append(X, 1), append(Y, 1)]), transaction([read(X, []), read(Y, [1])])];
    assert_eq!(names(history, &[1], &[1]), ["G-single"]);
}

#[test]
fn an_append_to_what_another_had_already_appended_to_is_g_single() {
    let history = [transaction([read(X, []), append(X, 1)]), transaction([read(X, []), append(X, 2)])];
    assert_eq!(names(history, &[1, 2], &[]), ["G-single"]);
}

#[test]
fn write_skew_is_g2() {
    let history = [transaction([read(X, []), append(Y, 1)]), transaction([read(Y, []), append(X, 2)])];
    assert_eq!(names(history, &[2], &[1]), ["G2"]);
}

#[test]
fn an_anomaly_of_readers_only_is_found_through_the_writers_between_them() {
    // Two readers see two independent writes in different orders (long fork).
    let history = [
        transaction([append(X, 1)]),
        transaction([append(Y, 1)]),
        transaction([read(X, [1]), read(Y, [])]),
        transaction([read(X, []), read(Y, [1])]),
    ];
    assert_eq!(names(history, &[1], &[1]), ["G2"]);
}

#[test]
fn a_read_of_an_aborted_or_unknown_append_is_g1a() {
    assert_eq!(names([aborted([append(X, 1)]), transaction([read(X, [1])])], &[], &[]), ["G1a"]);
    assert_eq!(names([transaction([read(X, [7])])], &[], &[]), ["G1a"]);
}

#[test]
fn a_read_between_two_appends_of_one_transaction_is_g1b() {
    let history = [transaction([append(X, 1), append(X, 2)]), transaction([read(X, [1])])];
    assert!(names(history, &[1, 2], &[]).contains(&"G1b"));
}

#[test]
fn a_transaction_that_does_not_see_its_own_append_or_sees_two_states_is_named() {
    assert_eq!(names([transaction([append(X, 1), read(X, [])])], &[1], &[]), ["internal"]);
    let fuzzy = [transaction([append(X, 1)]), transaction([read(X, []), read(X, [1])])];
    assert_eq!(names(fuzzy, &[1], &[])[0], "internal");
}

#[test]
fn two_reads_in_different_orders_are_named() {
    let history = [
        transaction([append(X, 1)]),
        transaction([append(X, 2)]),
        transaction([read(X, [2])]),
        transaction([read(X, [1, 2])]),
    ];
    assert!(names(history, &[1, 2], &[]).contains(&"order"));
}

#[test]
fn a_value_twice_in_a_list_is_named() {
    let history = [transaction([append(X, 1)]), transaction([read(X, [1, 1])])];
    assert!(names(history, &[1], &[]).contains(&"duplicate"));
}

#[test]
fn a_committed_append_that_is_gone_is_named() {
    let history = [transaction([append(X, 1)]), transaction([append(X, 2)])];
    assert_eq!(names(history, &[2], &[]), ["lost"]);
}

#[test]
fn a_cycle_says_who_depends_on_whom_and_why() {
    let history = [transaction([read(X, []), append(Y, 1)]), transaction([read(Y, []), append(X, 2)])];
    let ends = BTreeMap::from([(X, vec![2]), (Y, vec![1])]);
    let shown: Vec<_> = check(&history, &ends).iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["G2: T0 -rw(1)-> T1 T1 -rw(2)-> T0"]);
}
