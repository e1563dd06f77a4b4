//! Files as answers: written or read beside the connection, some at a time, whatever their size.

use crate::error::{Error, Result};
use actix_web::HttpResponse;
use actix_web::HttpResponseBuilder;
use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::stream::{self, Stream};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Bytes that are sent together.
const PIECE: usize = 64 * 1024;

fn attachment(name: &str, media_type: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, media_type));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response.insert_header((
        header::CONTENT_DISPOSITION,
        format!("attachment; filename=\"{name}\""),
    ));
    response
}

fn received(receiver: Receiver<Result<Bytes>>) -> impl Stream<Item = Result<Bytes>> {
    stream::unfold(receiver, |mut receiver| async move {
        Some((receiver.recv().await?, receiver))
    })
}

/// What `write` writes, while it does.
pub fn written(
    name: &str,
    media_type: &str,
    write: impl FnOnce(&mut dyn Write) -> Result<()> + Send + 'static,
) -> HttpResponse {
    let (sender, receiver) = channel::<Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE, Sending(&sender));
        let written = write(&mut out);
        let flushed = out.flush().map_err(|e| Error::Internal(e.to_string()));
        if let Err(error) = written.and(flushed) {
            // Whoever stops reading is no failure.
            let _ = sender.blocking_send(Err(error));
        }
    });
    attachment(name, media_type).streaming(Box::pin(received(receiver)))
}

/// A file from its beginning, with its length.
pub fn file(name: &str, media_type: &str, mut file: File) -> Result<HttpResponse> {
    let unreadable = |e: std::io::Error| Error::Internal(format!("a file can't be read: {e}"));
    let length = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let (sender, receiver) = channel::<Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece);
            let sent = match read {
                Ok(0) => return,
                Ok(_) => sender.blocking_send(Ok(Bytes::from(piece))),
                Err(e) => sender.blocking_send(Err(unreadable(e))),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    let body = SizedStream::new(length, Box::pin(received(receiver)));
    Ok(attachment(name, media_type).body(body))
}

/// Bytes on their way to the client.
struct Sending<'s>(&'s Sender<Result<Bytes>>);

impl Write for Sending<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
