//! Detects the encoding of a text, and decodes it to UTF-8 with line feeds.
//!
//! Excel in Japan saves CP932 and doesn't mark it. A file is UTF-8 if at least half of its lines that are not
//! plain ASCII are; the other lines are then broken rows. For other files, chardetng guesses.

use crate::error::{Error, Result};
use crate::format::DetectedFormat;
use crate::source::{Source, fill};
use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use std::io::Read;

const KNOWN: [&Encoding; 6] = [UTF_8, SHIFT_JIS, EUC_JP, ISO_2022_JP, UTF_16LE, UTF_16BE];

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextEncoding {
    encoding: &'static Encoding,
    pub byte_order_mark: bool,
}

impl TextEncoding {
    pub fn name(&self) -> &'static str {
        self.encoding.name()
    }

    /// Decodes the beginning of a file, whose last character may be cut off.
    pub fn decode_head(&self, head: &[u8]) -> String {
        let (text, _) = self.encoding.decode_with_bom_removal(head);
        text.into_owned()
    }
}

/// Detects the encoding of a file from its first bytes, and if these don't decide from all of it. A hint
/// takes precedence.
pub fn detect(source: &(dyn Source + '_), head: &[u8], hint: Option<&str>) -> Result<TextEncoding> {
    let marked = Encoding::for_bom(head).map(|(encoding, _)| encoding);
    let found = |encoding| TextEncoding {
        encoding,
        byte_order_mark: marked == Some(encoding),
    };
    if let Some(label) = hint {
        let label = label.trim();
        let cp932 = label.eq_ignore_ascii_case("cp932").then_some(SHIFT_JIS);
        let named = cp932.or_else(|| Encoding::for_label(label.as_bytes()));
        let known = named.filter(|encoding| KNOWN.contains(encoding));
        return known.map(found).ok_or_else(|| {
            let names = KNOWN.map(Encoding::name).join(", ");
            Error::invalid(
                "unknown_encoding",
                format!("文字コードは {names} のいずれかを指定してください。"),
                format!("The encoding has to be one of {names}."),
            )
        });
    }
    if let Some(encoding) = marked {
        return Ok(found(encoding));
    }
    if let Some(encoding) = utf_16(head) {
        return Ok(found(encoding));
    }
    if head.contains(&0) {
        return Err(Error::invalid(
            "binary_file",
            "テキストファイルでも表計算ファイルでもありません。",
            "The file is neither text nor a workbook.",
        ));
    }
    let lines = LineStatistics::of(source)?;
    if lines.utf_8 >= lines.others {
        return Ok(found(UTF_8));
    }
    if lines.sample.is_ascii() {
        return Ok(found(ISO_2022_JP));
    }
    let guessed = lines.detector.guess(Some(b"jp"), chardetng::Utf8Detection::Deny);
    // One character that a vendor added makes the detector exclude EUC-JP. Read as Shift_JIS, such a file is
    // full of half-width kana.
    let has_errors = |encoding: &'static Encoding| encoding.decode_without_bom_handling(&lines.sample).1;
    let oddity = |encoding: &'static Encoding| {
        let (text, _) = encoding.decode_without_bom_handling(&lines.sample);
        let is_half_width = |c: &char| matches!(c, '\u{ff61}'..='\u{ff9f}');
        text.matches('\u{fffd}').count() * 3 + text.chars().filter(is_half_width).count()
    };
    if guessed == SHIFT_JIS && has_errors(EUC_JP) && oddity(EUC_JP) < oddity(SHIFT_JIS) {
        return Ok(found(EUC_JP));
    }
    if KNOWN.contains(&guessed) {
        return Ok(found(guessed));
    }
    let errors = |encoding: &'static Encoding| {
        let (text, _) = encoding.decode_without_bom_handling(&lines.sample);
        text.matches('\u{fffd}').count()
    };
    let (fewest, encoding) = [SHIFT_JIS, EUC_JP]
        .map(|encoding| (errors(encoding), encoding))
        .into_iter()
        .min_by_key(|(errors, _)| *errors)
        .unwrap_or((0, SHIFT_JIS));
    if fewest * 20 > lines.sample.len() {
        return Err(Error::invalid(
            "unknown_encoding",
            "文字コードを判別できません。encoding で指定してください。",
            "The encoding can't be detected. Set it with encoding.",
        ));
    }
    Ok(found(encoding))
}

/// Detects UTF-16 without a byte order mark: every other byte of its ASCII characters is 0.
fn utf_16(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.as_chunks::<2>().0;
    let zeros = |i: usize| pairs.iter().filter(|pair| pair.get(i) == Some(&0)).count();
    let (even, odd) = (zeros(0), zeros(1));
    // A few kanji have such a byte (一 is U+4E00), but commas and line feeds are far more frequent.
    let many = |n: usize, other: usize| n >= 4 && n * 50 > pairs.len() && n >= 3 * other;
    if many(odd, even) {
        Some(UTF_16LE)
    } else if many(even, odd) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Counts the lines of a file that are not plain ASCII.
struct LineStatistics {
    utf_8: u64,
    others: u64,
    detector: chardetng::EncodingDetector,
    /// Some of the lines that are not UTF-8.
    sample: Vec<u8>,
}

impl LineStatistics {
    fn of(source: &(dyn Source + '_)) -> Result<LineStatistics> {
        const SAMPLE: usize = 256 * 1024;
        let mut lines = LineStatistics {
            utf_8: 0,
            others: 0,
            detector: chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow),
            sample: Vec::new(),
        };
        let mut reader = source.open()?;
        let (mut buffer, mut kept) = (vec![0; 256 * 1024], 0);
        while let Some(rest) = buffer.get_mut(kept..) {
            let length = kept + fill(&mut reader, rest)?;
            let full = buffer.get(..length).unwrap_or_default();
            let is_last = length < buffer.len();
            // A line that is longer than the buffer is split.
            let end = full
                .iter()
                .rposition(|b| [b'\n', b'\r'].contains(b))
                .map(|at| at + 1);
            let end = end.filter(|_| !is_last).unwrap_or(length);
            let (complete, rest) = full.split_at(end);
            let mut left = complete.split(|b| [b'\n', b'\r'].contains(b)).peekable();
            while let Some(line) = left.next() {
                // The last line may be cut off. It counts only if there is no other.
                let is_cut = is_last && left.peek().is_none() && lines.utf_8 + lines.others > 0;
                if is_plain(line) || is_cut {
                    continue;
                }
                if line.first() != Some(&0x1b) && !line.is_ascii() && std::str::from_utf8(line).is_ok() {
                    lines.utf_8 += 1;
                } else {
                    lines.others += 1;
                    if lines.sample.len() < SAMPLE {
                        lines.detector.feed(line, false);
                        lines.sample.extend_from_slice(line);
                    }
                }
            }
            if is_last {
                break;
            }
            let rest = rest.to_vec();
            kept = rest.len();
            if let Some(start) = buffer.get_mut(..kept) {
                start.copy_from_slice(&rest);
            }
        }
        lines.detector.feed(b"", true);
        Ok(lines)
    }
}

/// Returns whether a line is ASCII without the escapes of ISO-2022-JP.
fn is_plain(line: &[u8]) -> bool {
    line.is_ascii() && !line.contains(&0x1b)
}

/// Decodes a file to UTF-8 with line feeds. Bytes that don't belong to its encoding become U+FFFD.
pub fn decode<'s>(source: &'s (dyn Source + 's), detected: &DetectedFormat) -> Result<DecodedText<'s>> {
    let name = detected.encoding.as_deref().unwrap_or("UTF-8");
    let decoder = DecodeReaderBytesBuilder::new()
        .encoding(Encoding::for_label(name.as_bytes()))
        .strip_bom(true)
        .bom_override(true)
        .build(source.open()?);
    Ok(DecodedText {
        decoder,
        after_return: false,
        last: b'\n',
    })
}

/// A text in UTF-8 whose line breaks are line feeds; its last line has one, too.
pub struct DecodedText<'s> {
    decoder: DecodeReaderBytes<Box<dyn Read + Send + 's>, Vec<u8>>,
    after_return: bool,
    /// The last byte that was read.
    last: u8,
}

impl Read for DecodedText<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.decoder.read(buffer)?;
            if read == 0 {
                return Ok(self.end_last_line(buffer));
            }
            let Some(bytes) = buffer.get_mut(..read) else {
                continue;
            };
            let length = self.with_line_feeds(bytes);
            if let Some(last) = bytes.get(..length).and_then(|bytes| bytes.last()) {
                self.last = *last;
                return Ok(length);
            }
        }
    }
}

impl DecodedText<'_> {
    fn end_last_line(&mut self, buffer: &mut [u8]) -> usize {
        match buffer.first_mut() {
            Some(byte) if self.last != b'\n' => {
                (*byte, self.last) = (b'\n', b'\n');
                1
            }
            _ => 0,
        }
    }

    /// Turns line breaks of every kind into line feeds, in place. Returns the new length.
    fn with_line_feeds(&mut self, bytes: &mut [u8]) -> usize {
        let untouched = !self.after_return && !bytes.contains(&b'\r');
        if untouched {
            return bytes.len();
        }
        let mut to = 0;
        for from in 0..bytes.len() {
            let Some(&byte) = bytes.get(from) else { break };
            let skipped = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            if skipped {
                continue;
            }
            if let Some(place) = bytes.get_mut(to) {
                *place = if byte == b'\r' { b'\n' } else { byte };
                to += 1;
            }
        }
        to
    }
}
