//! Background tasks: what a server repeats until it stops, and work that yields to requests.
//!
//! A slice defines its own [`Task`]s in its `tasks.rs`; `server::tasks` registers them, one line each.

use crate::error::Result;
use crate::metrics::{self, GaugeVec, IntCounterVec};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use strum::VariantArray;
use thread_priority::ThreadPriority;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Work that a server repeats until it stops.
pub struct Task {
    name: &'static str,
    interval: Duration,
    run: Arc<dyn Fn() -> Result<()> + Send + Sync>,
}

impl Task {
    /// Creates a task that runs at once and then once per `interval`. `run` may block.
    pub fn new(
        name: &'static str,
        interval: Duration,
        run: impl Fn() -> Result<()> + Send + Sync + 'static,
    ) -> Task {
        Task {
            name,
            interval,
            run: Arc::new(run),
        }
    }

    /// Begins a run and returns where its result arrives. A panic closes that place.
    fn begin(&self) -> oneshot::Receiver<Result<()>> {
        let (answer, result) = oneshot::channel();
        let run = Arc::clone(&self.run);
        // An error means that nobody waits for the result any more.
        tokio::task::spawn_blocking(move || drop(answer.send(run())));
        result
    }
}

/// Some systems don't allow it: the work then runs at normal priority.
fn take_lowest_priority() {
    let _ = thread_priority::set_current_thread_priority(ThreadPriority::Min);
}

/// Does long work in a new thread of the lowest priority and waits for it, so that requests are answered first.
/// Threads that the work starts inherit the priority. The work must not write: on a busy machine it would stand still with the
/// lock that all writers wait for.
pub fn at_low_priority<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = || {
        take_lowest_priority();
        work()
    };
    let joined = std::thread::scope(|scope| scope.spawn(work).join());
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// How long a run may go on after the database was abandoned. What doesn't end by then probably waits for it.
const LEFT_BEHIND: Duration = Duration::from_secs(5);
/// How long a task waits at least after a fault that ends by itself.
const PAUSE: Duration = Duration::from_secs(1);

/// How a run ended, as a label.
#[derive(Clone, Copy, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
enum Outcome {
    Succeeded,
    Failed,
    Panicked,
    LeftBehind,
}

/// How often each task ran, and when it last succeeded.
#[derive(Clone)]
pub struct TaskCounts {
    pub runs: IntCounterVec,
    pub intervals: GaugeVec,
    pub last_successes: GaugeVec,
}

impl TaskCounts {
    pub fn new() -> Result<TaskCounts> {
        Ok(TaskCounts {
            runs: metrics::counts(
                "musubi_task_runs_total",
                "Runs of background tasks, by how they ended.",
                &["task", "outcome"],
            )?,
            intervals: metrics::gauges(
                "musubi_task_interval_seconds",
                "Time between the end of a run and the next one.",
                &["task"],
            )?,
            last_successes: metrics::gauges(
                "musubi_task_last_success_timestamp_seconds",
                "When the last run that succeeded ended, in seconds since 1970; the start of the server before that.",
                &["task"],
            )?,
        })
    }

    /// Shows a task from its start, so that its first failure is a rise from zero.
    fn begin(&self, task: &Task) {
        for outcome in Outcome::VARIANTS {
            self.runs.with_label_values(&[task.name, outcome.into()]);
        }
        let seconds = task.interval.as_secs_f64();
        self.intervals.with_label_values(&[task.name]).set(seconds);
        self.note_success(task);
    }

    fn end(&self, task: &Task, outcome: Outcome) {
        self.runs.with_label_values(&[task.name, outcome.into()]).inc();
        if let Outcome::Succeeded = outcome {
            self.note_success(task);
        }
    }

    fn note_success(&self, task: &Task) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = now.unwrap_or_default().as_secs_f64();
        self.last_successes.with_label_values(&[task.name]).set(seconds);
    }
}

/// The running tasks of one server.
pub struct TaskSet {
    counts: TaskCounts,
    stop: watch::Sender<bool>,
    /// Changes when the connections to the database were abandoned.
    renewals: watch::Receiver<u64>,
    running: Vec<JoinHandle<()>>,
}

impl TaskSet {
    pub fn new(renewals: watch::Receiver<u64>, counts: TaskCounts) -> TaskSet {
        TaskSet {
            counts,
            stop: watch::Sender::new(false),
            renewals,
            running: Vec::new(),
        }
    }

    /// Starts a task. A run that takes longer than the interval delays the next; one that fails is logged, and the
    /// task continues. A run that waits for an abandoned database is left behind.
    pub fn start(&mut self, task: Task) {
        let (mut stop, mut renewals) = (self.stop.subscribe(), self.renewals.clone());
        let counts = self.counts.clone();
        counts.begin(&task);
        self.running.push(tokio::spawn(async move {
            let mut interval = tokio::time::interval(task.interval);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = interval.tick() => {}
                    _ = stop.changed() => break,
                }
                renewals.mark_unchanged();
                let mut run = task.begin();
                let ended = tokio::select! {
                    ended = &mut run => Some(ended),
                    Ok(()) = renewals.changed() => tokio::time::timeout(LEFT_BEHIND, &mut run).await.ok(),
                };
                let outcome = match ended {
                    Some(Ok(Ok(()))) => Outcome::Succeeded,
                    Some(Ok(Err(error))) => {
                        tracing::error!(name = task.name, %error, "a background task failed");
                        if error.is_transient() {
                            interval.reset_after(task.interval.max(PAUSE));
                        }
                        Outcome::Failed
                    }
                    Some(Err(_)) => {
                        tracing::error!(name = task.name, "a background task panicked");
                        Outcome::Panicked
                    }
                    None => {
                        tracing::error!(name = task.name, "a background task was left behind");
                        Outcome::LeftBehind
                    }
                };
                counts.end(&task, outcome);
            }
        }));
    }

    /// Stops every task and waits for runs that are under way.
    pub async fn stop(self) {
        // An error means that no task is running any more.
        let _ = self.stop.send(true);
        for handle in self.running {
            if let Err(error) = handle.await {
                tracing::error!(%error, "a background task panicked");
            }
        }
    }
}
