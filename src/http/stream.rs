//! Large answers, which leave in pieces: a client that doesn't read holds one piece of a file, and no thread.
//!
//! * A file is read piece by piece, each when the client has taken the one before.
//! * A large body in memory is not copied. Those that wait to be read are bounded together, and for each network.
//! * Each caller may have some downloads and streams of events open at once. A slot is free when the answer has left or
//!   the client is gone; the listener ends connections that don't read.

use super::Disclosure;
use super::client::{ClientAddress, network_of};
use super::slots::{Slot, Slots};
use crate::db::Pool;
use crate::error::{Error, Result, Text};
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody, SizedStream};
use actix_web::dev::ServiceResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::stream::{self, Stream};
use std::convert::Infallible;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use tokio::sync::Semaphore;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A file as the body of a request or an answer, in the OpenAPI document.
pub struct FileBody;

impl PartialSchema for FileBody {
    fn schema() -> RefOr<Schema> {
        let file = ObjectBuilder::new().schema_type(Type::String);
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        file.format(Some(binary)).build().into()
    }
}
impl ToSchema for FileBody {}

/// The size of a piece in bytes.
const PIECE: usize = 64 * 1024;
/// How many bytes of large bodies may wait for the clients of one network, and for all of them.
const MAX_WAITING: (usize, usize) = (64 * 1024 * 1024, 256 * 1024 * 1024);
/// Streams of events of one caller, and of all. Each asks the database four times a second.
const EVENTS: (usize, usize) = (4, 64);
/// How many callers can have all their downloads open at once.
const DOWNLOADING_CALLERS: usize = 16;

/// At most two files are written at once; others wait, so that lists and rankings have connections left.
static WRITING: Semaphore = Semaphore::const_new(2);

/// The downloads and streams of events that are open.
#[derive(Clone)]
pub struct OpenAnswers {
    downloads: Slots<String>,
    events: Slots<String>,
}

impl OpenAnswers {
    pub fn new(downloads_each: usize) -> OpenAnswers {
        OpenAnswers {
            downloads: Slots::new(downloads_each, downloads_each * DOWNLOADING_CALLERS),
            events: Slots::new(EVENTS.0, EVENTS.1),
        }
    }

    /// Begins a download of this caller.
    pub fn download(&self, caller: String) -> Result<Slot<String>> {
        self.downloads
            .take(Some(caller))
            .ok_or_else(|| too_many("too_many_downloads"))
    }

    /// Begins a stream of events for this caller.
    pub fn events(&self, caller: String) -> Result<Slot<String>> {
        self.events
            .take(Some(caller))
            .ok_or_else(|| too_many("too_many_streams"))
    }
}

fn too_many(code: &'static str) -> Error {
    let retry_after_s = 10;
    Error::TooManyRequests { code, retry_after_s }
}

/// Writes a file on a separate thread, and answers with it. The caller's slot is free when the file has left.
pub async fn write_file(
    disposition: String,
    media_type: &str,
    slot: Slot<String>,
    pool: &Pool,
    write: impl FnOnce() -> Result<(File, Disclosure)> + Send + 'static,
) -> Result<HttpResponse> {
    let internal = |e: &dyn std::fmt::Display| Error::Internal(format!("a file was not written: {e}"));
    let turn = WRITING.acquire().await.map_err(|e| internal(&e))?;
    // The work may wait for the database several times. If that doesn't answer at all, this says so in time.
    pool.read(|_| Ok(())).await?;
    let (file, disclosure) = pool.work(write).await?;
    drop(turn);
    let body = file_body(file, Some(slot))?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, disposition));
    Ok(disclosure.attach(answer.body(body)))
}

/// Answers with server-sent events about nobody, which proxies neither change nor hold back until there are more.
pub fn event_stream(events: impl Stream<Item = Result<Bytes>> + 'static) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store, no-transform"))
        .insert_header(("x-accel-buffering", "no"));
    Disclosure::nobody().attach(answer.streaming(Box::pin(events)))
}

/// Returns the header that makes browsers save an answer under a name of our own: letters, digits, `-` and `.`.
pub fn attachment(name: &str) -> String {
    format!("attachment; filename=\"{name}\"")
}

/// The longest name that people gave to a file, in characters. File systems take 255 bytes.
const LONGEST_NAME: usize = 60;

/// Returns the header for a name that people gave, in any script (RFC 6266, RFC 8187): `filename*` has the name, and `plain`
/// is for programs that read ASCII only.
pub fn named_attachment(stem: &str, extension: &str, plain: &str) -> String {
    let stem = file_stem(stem, extension);
    if stem.is_empty() {
        return attachment(&format!("{plain}.{extension}"));
    }
    let mut encoded = String::new();
    for byte in format!("{stem}.{extension}").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    format!("attachment; filename=\"{plain}.{extension}\"; filename*=UTF-8''{encoded}")
}

/// Returns the name that people gave to a file, without the extension and without what a file system, or a reader, takes
/// for something else: separators of folders, signs that Windows refuses, control characters, marks that turn the
/// direction of writing, and dots and spaces at the ends.
fn file_stem(name: &str, extension: &str) -> String {
    let is_dangerous = |c: char| {
        let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        c.is_control() || turns || "/\\:*?\"<>|".contains(c)
    };
    let name = name.trim();
    let suffix = name.char_indices().rev().nth(extension.chars().count());
    let stem = match suffix {
        Some((at, '.'))
            if name
                .get(at + 1..)
                .is_some_and(|end| end.eq_ignore_ascii_case(extension)) =>
        {
            name.get(..at).unwrap_or(name)
        }
        _ => name,
    };
    let safe = |c| if is_dangerous(c) { '_' } else { c };
    let stem: String = stem.chars().map(safe).take(LONGEST_NAME).collect();
    stem.trim_matches(|c: char| c == '.' || c.is_whitespace())
        .to_owned()
}

/// Makes a body of a whole file, with its length.
pub fn file_body(mut file: File, slot: Option<Slot<String>>) -> Result<BoxBody> {
    let length = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    Ok(BoxBody::new(SizedStream::new(
        length,
        Box::pin(pieces(file, slot)),
    )))
}

fn unreadable(e: std::io::Error) -> Error {
    Error::file("cannot read a file", e)
}

fn pieces(file: File, slot: Option<Slot<String>>) -> impl Stream<Item = Result<Bytes>> {
    stream::unfold(Some((file, slot)), |state| async move {
        let (mut file, slot) = state?;
        let read = move || {
            let mut piece = Vec::with_capacity(PIECE);
            let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece);
            read.map(|_| (Bytes::from(piece), file)).map_err(unreadable)
        };
        let read = tokio::task::spawn_blocking(read).await;
        match read.unwrap_or_else(|e| Err(Error::Internal(e.to_string()))) {
            Ok((piece, _)) if piece.is_empty() => None,
            Ok((piece, file)) => Some((Ok(piece), Some((file, slot)))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// The bytes of large bodies that wait for their clients.
static WAITING: LazyLock<Slots<String>> = LazyLock::new(|| Slots::new(MAX_WAITING.0, MAX_WAITING.1));

/// A body in memory, of which the protocol copies one piece at a time.
struct Pieces {
    rest: Bytes,
    _waiting: Slot<String>,
}

impl Pieces {
    /// Returns none if too much waits already. Clients whose network isn't known count only in all.
    fn of(bytes: Bytes, network: Option<String>, waiting: &Slots<String>) -> Option<Pieces> {
        let slot = waiting.take_several(network, bytes.len())?;
        Some(Pieces {
            rest: bytes,
            _waiting: slot,
        })
    }
}

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context) -> Poll<Option<Result<Bytes, Infallible>>> {
        let size = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(size);
        Poll::Ready((!piece.is_empty()).then_some(Ok(piece)))
    }
}

/// Sends a large body in pieces.
pub fn in_pieces(answer: ServiceResponse) -> ServiceResponse {
    let (request, answer) = answer.into_parts();
    let (answer, body) = answer.into_parts();
    let body = match body.try_into_bytes() {
        Ok(bytes) if bytes.len() > 2 * PIECE => {
            let network = ClientAddress::of(&request).0.map(network_of);
            match Pieces::of(bytes, network, &WAITING) {
                Some(pieces) => BoxBody::new(pieces),
                None => return ServiceResponse::from_err(overloaded(), request),
            }
        }
        Ok(bytes) => BoxBody::new(bytes),
        Err(stream) => stream,
    };
    ServiceResponse::new(request, answer.set_body(body))
}

fn overloaded() -> Error {
    Error::Unavailable(Text::new(
        "サーバーが混み合っています。しばらくしてからもう一度お試しください。",
        "Too many large answers wait for their clients. Try again later.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_the_names_that_people_gave_them() {
        let of = |stem: &str| named_attachment(stem, "pdf", "file-1");
        assert_eq!(
            of("チラシ 第2案"),
            "attachment; filename=\"file-1.pdf\"; \
             filename*=UTF-8''%E3%83%81%E3%83%A9%E3%82%B7%20%E7%AC%AC2%E6%A1%88.pdf"
        );
        // Neither a header nor a path is broken, and no extension is hidden or doubled.
        let encoded = |stem: &str| of(stem).split("UTF-8''").nth(1).map(str::to_owned);
        assert_eq!(encoded("../a\"b\r\nx: y").as_deref(), Some("_a_b__x_%20y.pdf"));
        assert_eq!(encoded("flyer.PDF").as_deref(), Some("flyer.pdf"));
        assert_eq!(encoded("a\u{202e}fdp.exe").as_deref(), Some("a_fdp.exe.pdf"));
        assert_eq!(
            encoded(&"あ".repeat(200)).map(|name| name.len()),
            Some(60 * 9 + 4)
        );
        for nameless in ["", " .. ", "．".trim_matches('．')] {
            assert_eq!(of(nameless), "attachment; filename=\"file-1.pdf\"");
        }
    }

    #[test]
    fn counts_what_waits_until_it_has_left_and_refuses_more() {
        let waiting = Slots::new(100, 250);
        let send = |network: &str| Pieces::of(Bytes::from(vec![0; 50]), Some(network.to_owned()), &waiting);
        let one = [send("a"), send("a")];
        assert!(one.iter().all(Option::is_some) && send("a").is_none());
        let others = [send("b"), send("b"), send("c")];
        assert!(
            others.iter().all(Option::is_some),
            "who doesn't read holds up nobody else"
        );
        assert!(send("d").is_none(), "all");
        drop(one);
        assert!(send("d").is_some() && send("a").is_some());
    }
}
