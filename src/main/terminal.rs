//! The terminal: standard output, a progress bar, waiting.

use indicatif::{ProgressBar, ProgressStyle};
use musubi::error::{Error, Result};
use std::io::{ErrorKind, Write};
use std::time::Duration;

/// Prints to standard output. A reader that stops reading, like `head`, is not an error.
pub fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::Internal(format!("cannot print: {e}"))),
        _ => Ok(()),
    }
}

/// Creates a progress bar of rows.
pub fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// Sleeps. The command line has no server whose threads this could block.
#[allow(clippy::disallowed_methods)]
pub fn wait(time: Duration) {
    std::thread::sleep(time);
}
