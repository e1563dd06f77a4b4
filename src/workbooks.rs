//! Reads workbooks in a process of their own, with a limit on memory and time.
//!
//! A small workbook can claim to be huge, and a parser that believes it takes all memory or never ends. The
//! child process runs the same executable with the command `read-workbook`. It limits itself before it reads a
//! byte, has no environment and no files, and gets the workbook from a pipe. However it ends, the file gets an
//! error with a code, and the server goes on.

use crate::error::{Error, Result, Text};
use parking_lot::Mutex;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use tables::workbook::exchange;
use tables::{Hints, Row, Sheet, Source, Survey};

/// The hidden command of the child process.
pub const COMMAND: &str = "read-workbook";
/// The most memory of the child process.
pub const MOST_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;
/// The most processor time of the child process.
const MOST_SECONDS: u64 = 60;
/// How long the child process may take, whatever it waits for.
const DEADLINE: Duration = Duration::from_secs(120);

/// Reads workbooks, one at a time.
pub struct Workbooks {
    executable: PathBuf,
    stopping: Arc<AtomicBool>,
    turn: Mutex<()>,
}

impl Workbooks {
    /// Uses another executable of Musubi than the one that runs.
    pub fn new(executable: Option<PathBuf>, stopping: Arc<AtomicBool>) -> Result<Workbooks> {
        // On Linux, this name is right even after the file was replaced by another version.
        let own = || match cfg!(target_os = "linux") {
            true => Ok(PathBuf::from("/proc/self/exe")),
            false => std::env::current_exe(),
        };
        let executable = executable.map_or_else(own, Ok);
        Ok(Workbooks {
            executable: executable.map_err(|e| Error::Internal(format!("no executable: {e}")))?,
            stopping,
            turn: Mutex::new(()),
        })
    }

    /// Reads a whole file to detect its format, to find its header and to check its structure. `is_wanted` fails if nobody
    /// needs it any more.
    pub fn survey(
        &self,
        file: &(dyn Source + '_),
        is_wanted: &dyn Fn() -> Result<()>,
        hints: &Hints,
        count_headings: &dyn Fn(&Row) -> usize,
    ) -> Result<Survey, tables::Error> {
        if !tables::is_workbook(file)? {
            return tables::survey(file, hints, count_headings);
        }
        let check = || match self.stopping.load(Ordering::Relaxed) {
            true => Err(stopping()),
            false => is_wanted(),
        };
        let sheet = self.read(file, hints.sheet.as_deref(), &check)?;
        tables::survey_sheet(sheet, count_headings)
    }

    /// `check` fails if nobody needs the sheet any more.
    fn read(
        &self,
        workbook: &dyn Source,
        sheet: Option<&str>,
        check: &dyn Fn() -> Result<()>,
    ) -> Result<Sheet, tables::Error> {
        let Some(_turn) = self.turn.try_lock_for(DEADLINE) else {
            return Err(internal(busy()));
        };
        let failed_to = |what| move |e: io::Error| internal(Error::file(what, e));
        let file = tempfile::tempfile().map_err(failed_to("no temporary file"))?;
        let mut child = self.spawn().map_err(failed_to("no process to read workbooks"))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(internal(Error::Internal("a process has no pipes".to_owned())));
        };
        let (sender, receiver) = mpsc::channel();
        let (received, sent, status) = std::thread::scope(|scope| {
            let sending = scope.spawn(|| exchange::send(sheet, workbook, &mut BufWriter::new(stdin)));
            scope.spawn(|| {
                let mut rows = BufWriter::new(&file);
                // The receiver is gone only if the time is over.
                let _ = sender.send(exchange::receive(BufReader::new(stdout), &mut rows));
            });
            let received = wait_for(&receiver, check);
            let has_ended = matches!(received, Ok(Some(Ok(_) | Err(tables::Error::Io(_)))));
            let status = end(&mut child, has_ended);
            let sent = sending.join();
            (received, sent, status)
        });
        let received = received.map_err(internal)?;
        // What the child makes of the beginning of a file doesn't count.
        match sent {
            Ok(Err(e)) if e.get_ref().is_some_and(|inner| inner.is::<Error>()) => return Err(e.into()),
            Err(_) => {
                return Err(internal(Error::Internal(
                    "sending a workbook panicked".to_owned(),
                )));
            }
            // A child that ends early closes the pipe.
            Ok(_) => {}
        }
        match received {
            None => Err(oversized()),
            Some(Ok(detected)) => Ok(Sheet {
                detected,
                csv: Box::new(SheetFile::new(file)?),
            }),
            Some(Err(tables::Error::Io(e))) => Err(match e.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => failed(status?),
                _ => internal(Error::file("a sheet can't be stored", e)),
            }),
            Some(Err(refused)) => Err(refused),
        }
    }

    /// Starts the child process.
    fn spawn(&self) -> io::Result<Child> {
        Command::new(&self.executable)
            .arg(COMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    }
}

/// Waits for an answer until the time is over or `check` fails.
fn wait_for<T>(answer: &mpsc::Receiver<T>, check: &dyn Fn() -> Result<()>) -> Result<Option<T>> {
    const PAUSE: Duration = Duration::from_millis(100);
    let began = Instant::now();
    while began.elapsed() < DEADLINE {
        check()?;
        match answer.recv_timeout(PAUSE) {
            Ok(answer) => return Ok(Some(answer)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(None)
}

/// Waits for the end of a process, and kills it first unless it ends by itself.
fn end(child: &mut Child, has_ended: bool) -> io::Result<ExitStatus> {
    if !has_ended {
        child.kill()?;
    }
    child.wait()
}

/// The child process: limits itself, reads a workbook from standard input, and writes its sheet to standard
/// output.
pub fn answer() -> Result<()> {
    limit().map_err(|e| Error::Internal(format!("no limit could be set: {e}")))?;
    let output = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    Ok(exchange::answer(io::stdin().lock(), output)?)
}

#[cfg(unix)]
fn limit() -> io::Result<()> {
    use rlimit::Resource;
    let limits = [
        (Resource::AS, MOST_MEMORY_BYTES),
        (Resource::CPU, MOST_SECONDS),
        // A core dump would hold personal data. Nothing is written except to the pipe.
        (Resource::CORE, 0),
        (Resource::FSIZE, 0),
    ];
    for (resource, most) in limits {
        let most = most.min(resource.get_hard()?);
        resource.set(most, most)?;
    }
    // If memory runs out, the kernel ends this process before the server.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    Ok(())
}

#[cfg(not(unix))]
fn limit() -> io::Result<()> {
    Ok(())
}

/// Passes an error of the service through a file's reader.
fn internal(error: Error) -> tables::Error {
    io::Error::other(error).into()
}

fn busy() -> Error {
    Error::Unavailable(Text::new(
        "ほかの表計算ファイルを読み取っています。しばらくしてからもう一度お試しください。",
        "Other workbooks are being read. Try again in a while.",
    ))
}

fn stopping() -> Error {
    Error::Unavailable(Text::new(
        "サーバーを停止しています。しばらくしてからもう一度お試しください。",
        "The server is stopping. Try again in a while.",
    ))
}

/// Returns what a process that ended before it had answered says about its file.
fn failed(status: ExitStatus) -> tables::Error {
    match status.code() {
        // It gave up by itself; a parser panicked.
        Some(code) => {
            tracing::warn!(code, "a workbook made its reader give up");
            tables::Error::invalid(
                "damaged_workbook",
                "表計算ファイルとして読み取れません。ファイルが壊れている可能性があります。CSV形式で保存してください。",
                "The file can't be read as a workbook; it may be damaged. Save it as CSV.",
            )
        }
        // A limit ended it.
        None => {
            tracing::warn!(%status, "a workbook needed more memory or time than there is");
            oversized()
        }
    }
}

fn oversized() -> tables::Error {
    tables::Error::invalid(
        "oversized_workbook",
        "表計算ファイルの読み取りに必要なメモリまたは時間が上限を超えました。不要な行・列・シートを削除するか、CSV形式で保存してください。",
        "Reading this workbook takes too much memory or time. Remove rows, columns and sheets that you don't need, or \
         save it as CSV.",
    )
}

/// A sheet in a temporary file that has no name and disappears when it is closed.
struct SheetFile {
    file: Mutex<File>,
    size_bytes: u64,
}

impl SheetFile {
    fn new(mut file: File) -> io::Result<SheetFile> {
        Ok(SheetFile {
            size_bytes: file.seek(SeekFrom::End(0))?,
            file: Mutex::new(file),
        })
    }
}

impl Source for SheetFile {
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        let (file, at) = (&self.file, 0);
        Ok(Box::new(SheetReader { file, at }))
    }

    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

/// Reads a sheet from its own position.
struct SheetReader<'f> {
    file: &'f Mutex<File>,
    at: u64,
}

impl Read for SheetReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock();
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}
