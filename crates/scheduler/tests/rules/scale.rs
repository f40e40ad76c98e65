//! Large missions stay fast: no event costs a look at every task.

use std::time::{Duration, Instant};

use orchestrator_scheduler::{Event, Phase, TaskSpec};

use crate::bench::{Bench, With, plan, task, workers};

/// Runs a mission to its end; gives the time for all events after the plan.
fn run(tasks: &[TaskSpec]) -> Duration {
    let mut bench = Bench::new(workers(8));
    bench.send(Event::PlanSubmitted { plan: plan(tasks) });
    let start = Instant::now();
    let mut commands = bench.send(Event::Resumed {});
    let mut running: Vec<String> = Vec::new();
    loop {
        running.extend(Bench::started(&commands).into_iter().map(str::to_owned));
        let Some(id) = running.pop() else { break };
        commands = bench.complete(&id);
        bench.commands.clear();
    }
    assert_eq!(bench.phase(), Phase::Done);
    start.elapsed()
}

fn assert_flat(shape: &str, tasks: impl Fn(usize) -> Vec<TaskSpec>) {
    run(&tasks(100));
    let (small, large) = (run(&tasks(1_000)), run(&tasks(10_000)));
    // Ten times the tasks may take ten times the time; a look at every task at every event would take a hundred.
    assert!(large < small * 40, "{shape}: 1,000 tasks took {small:?}, 10,000 took {large:?}");
}

#[test]
fn ten_thousand_tasks_cost_as_much_each_as_a_thousand() {
    assert_flat("independent", |n| (0..n).map(|i| task(&format!("t{i}"))).collect());
    assert_flat("layers of 50, each behind two of the layer before", |n| {
        (0..n)
            .map(|i| {
                let behind = [i.wrapping_sub(50), i.wrapping_sub(49)].map(|j| format!("t{j}"));
                let behind: Vec<&str> = behind.iter().map(String::as_str).collect();
                task(&format!("t{i}")).after(if i < 50 { &[] } else { &behind })
            })
            .collect()
    });
    assert_flat("a file each, and one that all share", |n| {
        (0..n).map(|i| task(&format!("t{i}")).files(&[&format!("src/m{i}.ts"), "src/index.ts"])).collect()
    });
    assert_flat("all in one scope", |n| (0..n).map(|i| task(&format!("t{i}")).files(&["src/**"])).collect());
    assert_flat("a hundred scopes, ten of them within others", |n| {
        (0..n)
            .map(|i| {
                let folder = format!("src/m{}/{}", i % 90, if i % 10 == 0 { "**" } else { "a.ts" });
                task(&format!("t{i}")).files(&[&folder])
            })
            .collect()
    });
}

#[test]
fn ten_thousand_tasks_share_what_they_say_alike() {
    let tasks: Vec<_> = (0..10_000)
        .map(|i| {
            let behind = format!("t{}", i / 2);
            let behind = [behind.as_str()];
            task(&format!("t{i}")).after(if i == 0 { &[] } else { &behind }).verified_by("npm test")
        })
        .collect();
    let mut bench = Bench::new(workers(8));
    bench.send(Event::PlanSubmitted { plan: plan(&tasks) });
    let names = bench.scheduler.name_counts();
    // The ids, of which a dependency is no other copy; the agent; the command.
    assert_eq!((names.entries, names.outstanding), (10_002, 10_002));
}

#[test]
fn what_tasks_need_while_they_are_at_work_is_lent_and_comes_back() {
    let tasks: Vec<_> = (0..100).map(|i| task(&format!("t{i}"))).collect();
    run(&tasks);
    let mut bench = Bench::new(workers(60));
    bench.send(Event::PlanSubmitted { plan: plan(&tasks) });
    bench.send(Event::Resumed {});
    let counts = bench.scheduler.engagement_counts();
    assert_eq!((counts.outstanding, counts.allocated), (60, 60), "50 made at the start, and 10 more");
    for id in bench.running_tasks() {
        bench.complete(&id);
    }
    bench.send(crate::bench::cancelled(None));
    let counts = bench.scheduler.engagement_counts();
    assert_eq!((counts.outstanding, counts.idle, counts.taken), (0, 60, 100));
}
