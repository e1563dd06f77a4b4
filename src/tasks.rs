//! Background tasks: what a server repeats until it stops, and work that yields to requests.
//!
//! A slice defines its own [`Task`]s in its `tasks.rs`; `server::tasks` registers them, one line each.

use crate::error::{Error, Result};
use std::sync::Arc;
use std::time::Duration;
use thread_priority::ThreadPriority;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Work that a server repeats until it stops.
pub struct Task {
    name: &'static str,
    interval: Duration,
    has_low_priority: bool,
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
            has_low_priority: false,
            run: Arc::new(run),
        }
    }

    /// Runs the task [`at_low_priority`].
    pub fn with_low_priority(self) -> Task {
        Task {
            has_low_priority: true,
            ..self
        }
    }

    async fn run_once(&self) -> Result<()> {
        let (run, has_low_priority) = (Arc::clone(&self.run), self.has_low_priority);
        let work = move || {
            if has_low_priority {
                at_low_priority(|| run())
            } else {
                run()
            }
        };
        let joined = tokio::task::spawn_blocking(work).await;
        joined.unwrap_or_else(|e| Err(Error::Internal(e.to_string())))
    }
}

/// Does long work in a new thread of the lowest priority and waits for it, so that requests are answered first.
/// Threads that the work starts inherit the priority.
pub fn at_low_priority<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = || {
        // Some systems don't allow it: the work then runs at normal priority.
        let _ = thread_priority::set_current_thread_priority(ThreadPriority::Min);
        work()
    };
    let joined = std::thread::scope(|scope| scope.spawn(work).join());
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The running tasks of one server.
pub struct TaskSet {
    stop: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

impl Default for TaskSet {
    fn default() -> TaskSet {
        TaskSet {
            stop: watch::Sender::new(false),
            running: Vec::new(),
        }
    }
}

impl TaskSet {
    /// Starts a task. A run that takes longer than the interval delays the next; one that fails is logged, and the
    /// task continues.
    pub fn start(&mut self, task: Task) {
        let mut stop = self.stop.subscribe();
        self.running.push(tokio::spawn(async move {
            let mut interval = tokio::time::interval(task.interval);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = interval.tick() => {}
                    _ = stop.changed() => break,
                }
                if let Err(error) = task.run_once().await {
                    tracing::error!(name = task.name, %error, "a background task failed");
                }
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
