//! The files of artifacts: which may be sent, how much room those of a project have, and how their content is recognized.

use crate::config::ProjectFileQuotas;
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use strum::VariantArray;
use utoipa::ToSchema;

/// The largest file, in bytes.
pub const LARGEST: usize = 20 * 1024 * 1024;
/// The bytes of a piece in the database.
pub const PIECE: usize = 1024 * 1024;

/// The media type of any file.
const UNNAMED: &str = "application/octet-stream";

/// A type of file that an artifact may be.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FileType {
    Pdf,
    Png,
    Jpeg,
    Docx,
    Xlsx,
    Pptx,
    Mp4,
}

/// The file of an artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"type": "pdf", "size_bytes": 482_113,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "stored_at": "2026-12-01T09:00:00Z"}))]
pub struct ArtifactFile {
    #[serde(rename = "type")]
    pub type_: FileType,
    #[schema(minimum = 1, maximum = 20_971_520)]
    pub size_bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
    pub stored_at: Instant,
}

impl FileType {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns how names of such files end.
    pub fn extension(self) -> &'static str {
        match self {
            FileType::Jpeg => "jpg",
            other => other.code(),
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            FileType::Pdf => "application/pdf",
            FileType::Png => "image/png",
            FileType::Jpeg => "image/jpeg",
            FileType::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            FileType::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            FileType::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            FileType::Mp4 => "video/mp4",
        }
    }

    /// Finds the type of a header `Content-Type`. Returns `None` for `application/octet-stream`, which many clients send whatever
    /// the file is.
    pub fn named(content_type: &str) -> Result<Option<FileType>> {
        let essence = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if essence == UNNAMED {
            return Ok(None);
        }
        let mut all = FileType::VARIANTS.iter().copied();
        let named = all.find(|one| one.media_type() == essence);
        named.map(Some).ok_or_else(|| {
            let list: Vec<&str> = FileType::VARIANTS.iter().map(|one| one.media_type()).collect();
            let rule = Text::new(
                format!(
                    "この形式のファイルは登録できません。Content-Type に次のいずれかを指定してください: {}",
                    list.join(", ")
                ),
                format!(
                    "Files of this type can't be stored. Set Content-Type to one of: {}.",
                    list.join(", ")
                ),
            );
            Error::invalid("/file", "unsupported_file_type", rule)
        })
    }

    /// Finds the type of a file by its content, and goes back to its beginning.
    pub fn of_content(file: &mut File) -> Result<FileType> {
        let content = Content::of(file).map_err(unreadable)?;
        let mut all = FileType::VARIANTS.iter().copied();
        all.find(|one| one.fits(&content)).ok_or_else(|| {
            let rule = Text::new(
                "ファイルの内容から形式を判別できません。PDF、PNG、JPEG、Word、Excel、PowerPoint、MP4のファイルを送信してください。",
                "The content tells no type. Send a PDF, PNG, JPEG, Word, Excel, PowerPoint or MP4 file.",
            );
            Error::invalid("/file", "unsupported_file_type", rule)
        })
    }

    /// Checks that the content of a file is of this type, and goes back to its beginning.
    pub fn check(self, file: &mut File) -> Result<()> {
        if self.fits(&Content::of(file).map_err(unreadable)?) {
            return Ok(());
        }
        let rule = Text::new(
            format!("ファイルの内容が {} ではありません。", self.media_type()),
            format!("The content of the file isn't {}.", self.media_type()),
        );
        Err(Error::invalid("/file", "file_type_mismatch", rule))
    }

    fn fits(self, content: &Content) -> bool {
        let head = content.head.as_slice();
        match self {
            FileType::Pdf => head.starts_with(b"%PDF-"),
            FileType::Png => head.starts_with(b"\x89PNG\r\n\x1a\n"),
            FileType::Jpeg => head.starts_with(b"\xff\xd8\xff"),
            FileType::Mp4 => head.get(4..8) == Some(b"ftyp"),
            FileType::Docx => content.has_part(b"word/document.xml"),
            FileType::Xlsx => content.has_part(b"xl/workbook.xml"),
            FileType::Pptx => content.has_part(b"ppt/presentation.xml"),
        }
    }
}

/// The longest directory of an archive, in bytes: that of some 10,000 parts, more than documents have.
const LONGEST_DIRECTORY: u64 = 1024 * 1024;

/// What tells the type of a file.
struct Content {
    head: Vec<u8>,
    /// The directory of a ZIP archive, as it is stored. Empty for other files, and for archives that are no documents.
    directory: Vec<u8>,
}

impl Content {
    /// Reads little of a file, whatever it claims to hold, and goes back to its beginning.
    fn of(file: &mut File) -> std::io::Result<Content> {
        let head = read_at(file, 0, 12)?;
        let directory = match head.starts_with(b"PK\x03\x04") {
            true => directory(file)?,
            false => Vec::new(),
        };
        file.seek(SeekFrom::Start(0))?;
        Ok(Content { head, directory })
    }

    /// Returns whether a file is a ZIP archive with this part.
    fn has_part(&self, name: &[u8]) -> bool {
        let mut rest = self.directory.as_slice();
        while rest.starts_with(b"PK\x01\x02") {
            let length = |at| number(rest, at, 2).and_then(|length| usize::try_from(length).ok());
            let (Some(named), Some(extra), Some(comment)) = (length(28), length(30), length(32)) else {
                return false;
            };
            if rest.get(46..46 + named) == Some(name) {
                return true;
            }
            rest = rest.get(46 + named + extra + comment..).unwrap_or_default();
        }
        false
    }
}

fn read_at(file: &mut File, from: u64, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    Read::by_ref(file).take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns a number that is stored in some bytes, the lowest first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.get(..length)?;
    let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
    Some(bytes.iter().rev().fold(0, add))
}

/// Reads the directory of a ZIP archive, unless it is longer than that of a document.
fn directory(file: &mut File) -> std::io::Result<Vec<u8>> {
    /// The record at the end of an archive, without its comment.
    const END: usize = 22;
    let size = file.seek(SeekFrom::End(0))?;
    let longest = END as u64 + u64::from(u16::MAX);
    let tail = read_at(file, size.saturating_sub(longest), longest)?;
    let ends = |at: &usize| {
        let record = tail.get(*at..).unwrap_or_default();
        record.starts_with(b"PK\x05\x06") && number(record, 20, 2) == Some((record.len() - END) as u64)
    };
    let last = tail.len().checked_sub(END);
    let Some(end) = last.and_then(|last| (0..=last).rev().find(ends)) else {
        return Ok(Vec::new());
    };
    let length = number(&tail, end + 12, 4).filter(|length| *length <= LONGEST_DIRECTORY);
    match (number(&tail, end + 16, 4), length) {
        (Some(from), Some(length)) => read_at(file, from, length),
        _ => Ok(Vec::new()),
    }
}

fn unreadable(e: std::io::Error) -> Error {
    Error::file("a file can't be read", e)
}

/// The files that take room together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Project(Id),
    /// Those of all projects that an organization leads.
    Organization(Id),
    All,
}

impl Room {
    fn most(self, quotas: ProjectFileQuotas) -> u64 {
        match self {
            Room::Project(_) => quotas.of_project,
            Room::Organization(_) => quotas.of_organization,
            Room::All => quotas.of_all,
        }
    }

    fn exceeded(self, mib: u64) -> Text {
        match self {
            Room::Project(_) => Text::new(
                format!(
                    "1つのプロジェクトのファイルは合計{mib} MiBまでです。不要になった成果物を削除してください。"
                ),
                format!(
                    "The files of a project can take up to {mib} MiB. Delete artifacts that you don't need any more."
                ),
            ),
            Room::Organization(_) => Text::new(
                format!(
                    "1つの団体のプロジェクトのファイルは合計{mib} MiBまでです。不要になった成果物を削除してください。"
                ),
                format!(
                    "The files of an organization's projects can take up to {mib} MiB. Delete artifacts that you don't need any more."
                ),
            ),
            Room::All => Text::new(
                "プロジェクトのファイルを保存する領域に空きがありません。管理者に連絡してください。",
                "There is no room for more files of projects on this server. Ask an administrator.",
            ),
        }
    }

    /// Checks that a file of `bytes` has room beside the bytes of the others.
    pub fn check(self, quotas: ProjectFileQuotas, others: u64, bytes: u64) -> Result<()> {
        let most = self.most(quotas);
        // No deleting helps a file that is larger than everything.
        if bytes > most {
            let limit_bytes = usize::try_from(most).unwrap_or(usize::MAX);
            return Err(Error::TooLarge { limit_bytes });
        }
        if bytes <= most.saturating_sub(others) {
            return Ok(());
        }
        Err(Error::QuotaExceeded {
            code: "project_storage_exceeded",
            detail: self.exceeded(most / (1024 * 1024)),
            retry_after_s: 3600,
        })
    }
}

pub fn empty() -> Error {
    tables::Error::empty_file().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn files_share_a_room() {
        let quotas = ProjectFileQuotas {
            of_project: 10,
            of_organization: 20,
            of_all: 30,
        };
        let id = Id::new();
        for (room, most) in [
            (Room::Project(id), 10),
            (Room::Organization(id), 20),
            (Room::All, 30),
        ] {
            let code = |others, bytes| room.check(quotas, others, bytes).map_err(|e| e.code());
            assert_eq!((code(0, most), code(most - 3, 3)), (Ok(()), Ok(())), "{room:?}");
            assert_eq!(code(most - 2, 3), Err("project_storage_exceeded"), "{room:?}");
            // The quota was larger before.
            assert_eq!(code(most * 2, 1), Err("project_storage_exceeded"), "{room:?}");
            assert_eq!(code(0, most + 1), Err("too_large"), "{room:?}");
        }
    }

    #[test]
    fn recognizes_a_file_by_its_content() {
        assert!(FileType::Pdf.check(&mut file(b"%PDF-1.7\n")).is_ok());
        assert!(FileType::Mp4.check(&mut file(b"\0\0\0\x18ftypmp42")).is_ok());
        for (one, bytes) in [
            (FileType::Pdf, b"<html>".as_slice()),
            (FileType::Png, b"%PDF-1.7"),
            (FileType::Jpeg, b""),
            (FileType::Docx, b"PK\x03\x04"),
        ] {
            assert_eq!(
                one.check(&mut file(bytes)).unwrap_err().code(),
                "invalid",
                "{one:?}"
            );
        }
        assert_eq!(
            FileType::of_content(&mut file(b"\xff\xd8\xff\xe0")).unwrap(),
            FileType::Jpeg
        );
        assert!(FileType::of_content(&mut file(b"PK\x03\x04")).is_err());
        assert!(FileType::named("application/pdf; charset=x").is_ok());
        assert!(FileType::named("application/octet-stream").unwrap().is_none());
        assert!(FileType::named("image/svg+xml").is_err());
    }

    /// An archive with these parts and a comment.
    fn archive(parts: &[&str], comment: &str) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for part in parts {
            let stored =
                zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            zip.start_file(*part, stored).unwrap();
        }
        zip.set_comment(comment).unwrap();
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn finds_a_document_by_its_parts() {
        for (one, part) in [
            (FileType::Docx, "word/document.xml"),
            (FileType::Xlsx, "xl/workbook.xml"),
            (FileType::Pptx, "ppt/presentation.xml"),
        ] {
            for comment in ["", "PK\x05\x06 and so on"] {
                let bytes = archive(&["[Content_Types].xml", part, "docProps/app.xml"], comment);
                assert_eq!(FileType::of_content(&mut file(&bytes)).unwrap(), one);
                assert!(one.check(&mut file(&bytes)).is_ok());
                // Cut anywhere, it is no document, and nothing worse.
                for length in 0..bytes.len() {
                    let cut = bytes.get(..length).unwrap();
                    assert!(one.check(&mut file(cut)).is_err(), "{length}");
                }
            }
        }
        assert!(FileType::of_content(&mut file(&archive(&["a.txt"], ""))).is_err());
    }

    #[test]
    fn reads_no_endless_directory() {
        let names: Vec<String> = (0..12_000)
            .map(|n| format!("word/media/a long name {n:060}"))
            .collect();
        let mut parts: Vec<&str> = names.iter().map(String::as_str).collect();
        parts.push("word/document.xml");
        assert!(FileType::Docx.check(&mut file(&archive(&parts, ""))).is_err());
        let few = parts.split_off(9_000);
        assert!(FileType::Docx.check(&mut file(&archive(&few, ""))).is_ok());
        // Numbers that lead beyond the file.
        let mut bytes = archive(&["word/document.xml"], "");
        let end = bytes.len() - 10;
        bytes.get_mut(end..end + 8).unwrap().fill(0xff);
        assert!(FileType::Docx.check(&mut file(&bytes)).is_err());
    }
}
