//! What can be wrong with a workbook, and what was detected in it.

use crate::error::Error;
use crate::format::{DetectedFormat, FileFormat};

/// The codes of the errors of [`read_sheet`](super::read_sheet).
pub const CODES: [&str; 7] = [
    "damaged_workbook",
    "no_rows",
    "password_protected",
    "too_many_columns",
    "too_many_rows",
    "uncompressed_too_large",
    "unknown_sheet",
];

pub fn detected(format: FileFormat, sheet: String, sheets: Vec<String>) -> DetectedFormat {
    DetectedFormat {
        sheet: Some(sheet),
        sheets,
        ..DetectedFormat::of(format)
    }
}

pub fn too_large() -> Error {
    Error::invalid(
        "uncompressed_too_large",
        "表計算ファイルの中身が大きすぎます。CSV形式で保存してください。",
        "The content of the workbook is too large. Save it as CSV.",
    )
}

pub fn password_protected() -> Error {
    Error::invalid(
        "password_protected",
        "パスワードで保護されています。保護を解除してから送ってください。",
        "The workbook is protected by a password. Remove the protection.",
    )
}

pub fn damaged(e: &dyn std::fmt::Display) -> Error {
    let why: String = e.to_string().chars().take(200).collect();
    Error::invalid(
        "damaged_workbook",
        format!("表計算ファイルとして読み取れません（{why}）。"),
        format!("The file can't be read as a workbook ({why})."),
    )
}

pub fn unknown_sheet(names: &[String], asked: &str) -> Error {
    let names: String = names.join(", ").chars().take(1000).collect();
    Error::invalid(
        "unknown_sheet",
        format!("シート「{asked}」はありません。{names} のいずれかを指定してください。"),
        format!("There is no sheet {asked:?}. The sheets are: {names}."),
    )
}

pub fn empty_sheet(name: Option<&str>) -> Error {
    let name: String = name.unwrap_or_default().chars().take(200).collect();
    Error::invalid(
        "no_rows",
        format!("シート「{name}」に行がありません。"),
        format!("The sheet {name:?} has no rows."),
    )
}
