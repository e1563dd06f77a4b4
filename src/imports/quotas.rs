//! What the imports of a caller, and those of all, may take up: bytes of stored files, and imports that have not
//! ended.
//!
//! Room for a file is reserved before it is accepted, so uploads side by side can't fill the disk unnoticed. A
//! file counts until its import is deleted.

use super::jobs::store::{self, Usage};
use crate::config::{ImportQuota, ImportQuotas};
use crate::db::{self, Db};
use crate::error::{Error, Result, Text};

/// What an import counts in addition to its file and its report, so that many small ones count as well.
const OVERHEAD: u64 = 1024 * 1024;

/// Checks that an import of `creator` may take `bytes` more, or that a new one may begin with them. Locks all
/// imports until the transaction ends, so that two don't take the same room.
pub fn check(db: &mut Db, quotas: &ImportQuotas, creator: &str, bytes: u64, is_new: bool) -> Result<()> {
    db::lock(db, "imports")?;
    let own = store::usage(db, Some(creator))?;
    check_one(&own, &quotas.of_caller, bytes, is_new, own_text)?;
    let all = store::usage(db, None)?;
    check_one(&all, &quotas.of_all, bytes, is_new, all_text)
}

fn check_one(
    usage: &Usage,
    quota: &ImportQuota,
    bytes: u64,
    is_new: bool,
    texts: fn(&ImportQuota) -> [Text; 2],
) -> Result<()> {
    let [too_many, too_large] = texts(quota);
    if is_new && usage.unfinished as u64 >= quota.unfinished {
        return Err(Error::QuotaExceeded {
            code: "too_many_imports",
            detail: too_many,
            retry_after_s: 30,
        });
    }
    // No waiting helps a file that is larger than everything.
    if bytes > quota.bytes {
        return Err(Error::TooLarge {
            limit_bytes: usize::try_from(quota.bytes).unwrap_or(usize::MAX),
        });
    }
    let imports = usage.imports as u64 + u64::from(is_new);
    if usage.bytes as u64 + bytes + imports * OVERHEAD > quota.bytes + OVERHEAD {
        return Err(Error::QuotaExceeded {
            code: "import_storage_exceeded",
            detail: too_large,
            retry_after_s: 3600,
        });
    }
    Ok(())
}

fn own_text(quota: &ImportQuota) -> [Text; 2] {
    let (most, mib) = (quota.unfinished, quota.bytes / (1024 * 1024));
    [
        Text::new(
            format!("同時に進められる取り込みは{most}件までです。終わるのを待つか、中止してください。"),
            format!("You can have up to {most} unfinished imports. Wait until one ends, or cancel one."),
        ),
        Text::new(
            format!("取り込みのファイルは合計{mib} MiBまでです。不要になった取り込みを削除してください。"),
            format!(
                "The files of your imports can take up to {mib} MiB. Delete imports that you don't need any more."
            ),
        ),
    ]
}

fn all_text(_: &ImportQuota) -> [Text; 2] {
    [
        Text::new(
            "ほかの取り込みが多いため、今は受け付けられません。しばらくしてからもう一度お試しください。",
            "Too many imports are unfinished on this server. Try again later.",
        ),
        Text::new(
            "取り込みのファイルを保存する領域に空きがありません。不要になった取り込みを削除するか、管理者に連絡してください。",
            "There is no room for more files of imports on this server. Delete imports that you don't need any more, or ask an administrator.",
        ),
    ]
}
