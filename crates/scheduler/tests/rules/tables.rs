//! The tables, and the form in which events and commands cross a border.

use orchestrator_scheduler::{Command, Config, Event, MOVES, PHASE_MOVES, Phase, TaskState};

#[test]
fn the_tables_have_no_doubles_and_no_way_out_of_an_end() {
    for (at, row) in MOVES.iter().enumerate() {
        assert!(
            !MOVES[..at].iter().any(|above| (above.from, above.to) == (row.from, row.to)),
            "{row:?} twice"
        );
        assert_ne!(row.from, TaskState::Accepted, "an accepted task stays so");
    }
    for (at, row) in PHASE_MOVES.iter().enumerate() {
        assert!(
            !PHASE_MOVES[..at].iter().any(|above| (above.from, above.to) == (row.from, row.to)),
            "{row:?} twice"
        );
        assert_ne!(row.from, Phase::Done);
    }
    for state in TaskState::ALL.into_iter().filter(|state| *state != TaskState::Accepted) {
        assert!(state.may_become(TaskState::Cancelled) || state == TaskState::Cancelled, "{state:?}");
    }
}

#[test]
fn events_are_read_in_the_form_that_the_mission_writes() {
    let lines = [
        r#"{"type":"plan_submitted","plan":{"goal":"g","tasks":[{"id":"a","title":"A","prompt":"p","agent":"worker","role":"worker","dependsOn":[],"files":["src/**"],"verify":["npm test"],"review":true,"priority":"high","kind":"task"}],"verify":[]}}"#,
        r#"{"type":"amended","revision":3,"items":[{"id":"a","status":"pending","title":"B"}]}"#,
        r#"{"type":"delegated","task":{"id":"d","title":"D","prompt":"p","agent":"planner","role":"planner"},"continueSession":"s"}"#,
        r#"{"type":"resumed"}"#,
        r#"{"type":"paused","reason":"Esc"}"#,
        r#"{"type":"cancelled","reason":"stop"}"#,
        r#"{"type":"cancelled","task":"a","reason":"stop"}"#,
        r#"{"type":"session_started","lease":1,"session":"s"}"#,
        r#"{"type":"progress","lease":1}"#,
        r#"{"type":"clock_stopped","lease":1}"#,
        r#"{"type":"clock_started","lease":1}"#,
        r#"{"type":"session_idle","lease":1,"turn":2,"text":"t"}"#,
        r#"{"type":"session_error","lease":1,"kind":"rate_limit","message":"429","retryAfterMs":5}"#,
        r#"{"type":"task_reported","lease":1,"status":"done","summary":"s","evidence":[],"files":[]}"#,
        r#"{"type":"verified","task":"a","attempt":1,"passed":true,"report":""}"#,
        r#"{"type":"reviewed","lease":1,"verdict":"reject","findings":[{"file":"a","line":1,"severity":"error","message":"m"}]}"#,
        r#"{"type":"stalled","lease":1}"#,
        r#"{"type":"timed_out","lease":1}"#,
        r#"{"type":"retry_due","task":"a"}"#,
        r#"{"type":"poll_due"}"#,
    ];
    for line in lines {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let again: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
        assert_eq!(again, event);
    }
}

#[test]
fn an_unknown_field_of_an_event_is_refused() {
    for line in [
        r#"{"type":"resumed","now":true}"#,
        r#"{"type":"session_idle","lease":1,"txt":"t"}"#,
        r#"{"type":"plan_submitted","plan":{"tasks":[],"gaol":"g"}}"#,
        r#"{"type":"resume"}"#,
    ] {
        assert!(serde_json::from_str::<Event>(line).is_err(), "{line}");
    }
}

#[test]
fn commands_are_written_in_the_form_that_the_mission_reads() {
    let mut bench = crate::bench::Bench::running(Config::default(), &[crate::bench::task("a")]);
    let start = serde_json::to_value(&bench.commands[0]).unwrap();
    let expected = serde_json::json!({
        "type": "start", "lease": 1, "task": "a", "lane": { "role": "worker", "index": 0 },
        "attempt": 1, "turn": 1, "agent": "worker",
    });
    assert_eq!(start, expected);
    bench.open("a");
    let commands = bench.idle("a");
    let prompt = commands.iter().find(|command| matches!(command, Command::Prompt { .. })).unwrap();
    let prompt = serde_json::to_value(prompt).unwrap();
    assert_eq!(prompt["reason"], serde_json::json!({ "type": "not_reported", "text": "that's it" }));
    let snapshot = serde_json::to_value(bench.scheduler.snapshot()).unwrap();
    assert_eq!(snapshot["phase"], "running");
    assert_eq!(snapshot["tasks"][0]["dependsOn"], serde_json::json!([]));
    assert_eq!(snapshot["leases"][0]["purpose"], "work");
}
