//! The files of artifacts: which may be sent, how much room those of a project have, and how their content is recognized.

use crate::config::ProjectFileQuota;
use crate::db::Instant;
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
        for one in FileType::VARIANTS {
            if one.is_content(file).map_err(unreadable)? {
                file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
                return Ok(*one);
            }
        }
        let rule = Text::new(
            "ファイルの内容から形式を判別できません。PDF、PNG、JPEG、Word、Excel、PowerPoint、MP4のファイルを送信してください。",
            "The content tells no type. Send a PDF, PNG, JPEG, Word, Excel, PowerPoint or MP4 file.",
        );
        Err(Error::invalid("/file", "unsupported_file_type", rule))
    }

    /// Checks that the content of a file is of this type, and goes back to its beginning.
    pub fn check(self, file: &mut File) -> Result<()> {
        let is_content = self.is_content(file).map_err(unreadable)?;
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        if is_content {
            return Ok(());
        }
        let rule = Text::new(
            format!("ファイルの内容が {} ではありません。", self.media_type()),
            format!("The content of the file isn't {}.", self.media_type()),
        );
        Err(Error::invalid("/file", "file_type_mismatch", rule))
    }

    fn is_content(self, file: &mut File) -> std::io::Result<bool> {
        let mut head = Vec::with_capacity(12);
        file.seek(SeekFrom::Start(0))?;
        Read::by_ref(file).take(12).read_to_end(&mut head)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(match self {
            FileType::Pdf => head.starts_with(b"%PDF-"),
            FileType::Png => head.starts_with(b"\x89PNG\r\n\x1a\n"),
            FileType::Jpeg => head.starts_with(b"\xff\xd8\xff"),
            FileType::Mp4 => head.get(4..8) == Some(b"ftyp"),
            FileType::Docx => has_part(file, "word/document.xml"),
            FileType::Xlsx => has_part(file, "xl/workbook.xml"),
            FileType::Pptx => has_part(file, "ppt/presentation.xml"),
        })
    }
}

fn unreadable(e: std::io::Error) -> Error {
    Error::file("a file can't be read", e)
}

/// Returns whether a file is a ZIP archive with this part.
fn has_part(file: &File, name: &str) -> bool {
    zip::ZipArchive::new(file).is_ok_and(|archive| archive.index_for_name(name).is_some())
}

/// Checks that a file of `bytes` has room beside the `others` of its project.
pub fn check_room(quota: ProjectFileQuota, others: u64, bytes: u64) -> Result<()> {
    let ProjectFileQuota(most) = quota;
    // No deleting helps a file that is larger than everything.
    if bytes > most {
        let limit_bytes = usize::try_from(most).unwrap_or(usize::MAX);
        return Err(Error::TooLarge { limit_bytes });
    }
    if bytes <= most.saturating_sub(others) {
        return Ok(());
    }
    let mib = most / (1024 * 1024);
    Err(Error::QuotaExceeded {
        code: "project_storage_exceeded",
        detail: Text::new(
            format!(
                "1つのプロジェクトのファイルは合計{mib} MiBまでです。不要になった成果物を削除してください。"
            ),
            format!(
                "The files of a project can take up to {mib} MiB. Delete artifacts that you don't need any more."
            ),
        ),
        retry_after_s: 3600,
    })
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
    fn the_files_of_a_project_share_its_room() {
        let code = |others, bytes| check_room(ProjectFileQuota(10), others, bytes).map_err(|e| e.code());
        assert_eq!((code(0, 10), code(7, 3)), (Ok(()), Ok(())));
        assert_eq!(code(8, 3), Err("project_storage_exceeded"));
        // The quota was larger before.
        assert_eq!(code(20, 1), Err("project_storage_exceeded"));
        assert_eq!(code(0, 11), Err("too_large"));
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
}
