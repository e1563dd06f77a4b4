//! Long-running loops: spawned, ticked, and ended together with the server; and work that steps aside for requests.

use crate::error::{Error, Result};
use std::future::Future;
use std::time::Duration;
use thread_priority::ThreadPriority;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Does long work in a thread of its own, of the lowest priority: whoever answers a request goes first. The threads that
/// it starts are alike.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(|| aside_blocking(work))
        .await
        .unwrap_or_else(|e| Err(Error::Internal(format!("work aside failed: {e}"))))
}

/// [`aside`] for a caller that waits in a thread of its own.
pub fn aside_blocking<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = || {
        // Where the system does not let it, it works all the same.
        let _ = thread_priority::set_current_thread_priority(ThreadPriority::Min);
        work()
    };
    let worked = std::thread::scope(|scope| scope.spawn(work).join());
    worked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The loops of one server. Ending them waits for the tick that is under way.
pub struct Loops {
    stop: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

impl Default for Loops {
    fn default() -> Loops {
        Loops {
            stop: watch::Sender::new(false),
            running: Vec::new(),
        }
    }
}

impl Loops {
    /// Runs `tick` now and then once each `period`. A tick that takes longer delays the next; one that fails is
    /// logged, and the loop goes on.
    pub fn spawn<F, E>(&mut self, name: &'static str, period: Duration, tick: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = Result<(), E>> + Send,
        E: std::fmt::Display,
    {
        let mut stop = self.stop.subscribe();
        self.running.push(tokio::spawn(async move {
            let mut interval = tokio::time::interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = interval.tick() => {}
                    _ = stop.changed() => break,
                }
                if let Err(error) = tick().await {
                    tracing::error!(name, %error, "a background loop failed");
                }
            }
        }));
    }

    pub async fn end(self) {
        // Nobody listening means that every loop has ended already.
        let _ = self.stop.send(true);
        for handle in self.running {
            if let Err(error) = handle.await {
                tracing::error!(%error, "a background loop panicked");
            }
        }
    }
}
