//! Files as answers, streamed in pieces so that their size does not matter.

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

/// The size of a piece in bytes.
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

fn pieces(receiver: Receiver<Result<Bytes>>) -> impl Stream<Item = Result<Bytes>> {
    stream::unfold(receiver, |mut receiver| async move {
        Some((receiver.recv().await?, receiver))
    })
}

/// Answers with what `write` writes, while it writes.
pub fn generate_file(
    name: &str,
    media_type: &str,
    write: impl FnOnce(&mut dyn Write) -> Result<()> + Send + 'static,
) -> HttpResponse {
    let (sender, receiver) = channel::<Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE, ChannelWriter(&sender));
        let result = write(&mut out);
        let flushed = out.flush().map_err(|e| Error::Internal(e.to_string()));
        if let Err(error) = result.and(flushed) {
            // An error here means that the client is gone.
            let _ = sender.blocking_send(Err(error));
        }
    });
    attachment(name, media_type).streaming(Box::pin(pieces(receiver)))
}

/// Answers with a whole file, including its length.
pub fn send_file(name: &str, media_type: &str, mut file: File) -> Result<HttpResponse> {
    let unreadable = |e: std::io::Error| Error::file("cannot read a file", e);
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
    let body = SizedStream::new(length, Box::pin(pieces(receiver)));
    Ok(attachment(name, media_type).body(body))
}

/// Sends written bytes to the client.
struct ChannelWriter<'s>(&'s Sender<Result<Bytes>>);

impl Write for ChannelWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
