//! Serves the console: the files of `console/`, as they are in the repository.
//!
//! Scripts import each other by relative paths, so all files lie below one folder named after a hash of all of them:
//! `/console/<hash>/app/main.js`. What a browser has of one version it never asks for again, and two versions never mix.
//! Only the page at `/` is always asked for anew.
//!
//! Release builds contain the files. Debug builds read them for each request: change one, reload, and see it. Comments,
//! indentation, the names of closing tags and many spaces are for readers, so they are not sent: together they would be a
//! sixth of all.

use crate::error::{Error, Result};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(RustEmbed)]
#[folder = "console/"]
struct Console;

/// A version of the console: its files as they are sent, and the hash of all of them.
struct Version {
    hash: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl Version {
    fn read() -> Version {
        let named = |path: std::borrow::Cow<'static, str>| {
            let data = Console::get(&path)?.data;
            let text = String::from_utf8_lossy(&data);
            let code = match path.rsplit_once('.') {
                Some((_, "js")) => {
                    let code = without_closing_names(&without_comments(&text, "/**"));
                    without_spaces(code, &SCRIPT)
                }
                Some((_, "css")) => without_spaces(without_comments(&text, "/*"), &STYLE),
                _ => return Some((path.to_string(), data.to_vec())),
            };
            Some((path.to_string(), without_indentation(&code).into_bytes()))
        };
        let files: BTreeMap<String, Vec<u8>> = Console::iter().filter_map(named).collect();
        let mut digest = Sha256::new();
        for (path, sent) in &files {
            digest.update(path);
            digest.update(Sha256::digest(sent));
        }
        let mut hash = hex::encode(digest.finalize());
        hash.truncate(16);
        Version { hash, files }
    }

    /// The page, with the folder of this version. Naming all scripts in it saves the browser from finding them one by one.
    fn page(&self) -> Result<String> {
        let lost = || Error::Internal("the console has no index.html".into());
        let page = self.files.get("index.html").ok_or_else(lost)?;
        let scripts = self.files.keys().filter(|path| path.ends_with(".js"));
        let preloads: String = scripts
            .map(|path| {
                format!(
                    "<link rel=\"modulepreload\" href=\"console/{}/{path}\">\n",
                    self.hash
                )
            })
            .collect();
        Ok(String::from_utf8_lossy(page)
            .replace("<!-- scripts -->\n", &preloads)
            .replace("{version}", &self.hash))
    }
}

/// Leaves out comments that begin like this, with the space between one and what follows it. Line breaks stay, so that the
/// places in error messages are right.
fn without_comments(text: &str, begin: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((code, comment)) = rest.split_once(begin) {
        let Some((comment, after)) = comment.split_once("*/") else {
            break;
        };
        kept.push_str(code);
        kept.extend(comment.matches('\n'));
        let needs_none = kept.is_empty() || kept.ends_with(['(', '[', '{', ' ', '\n']);
        rest = after.strip_prefix(' ').filter(|_| needs_none).unwrap_or(after);
    }
    kept + rest
}

/// What says the same without its spaces. No text of scripts has it, nor do commas in styles stand in any.
const SCRIPT: [&str; 11] = [
    "{ ", " }", " => ", " = ", " === ", " !== ", " && ", " || ", " ?? ", " ? ", " : ",
];
const STYLE: [&str; 6] = [": ", "; ", ", ", " {", "{ ", " }"];

/// Leaves out spaces that mean nothing.
fn without_spaces(text: String, around: &[&str]) -> String {
    let less = |text: String, one: &&str| text.replace(*one, one.trim());
    around.iter().fold(text, less)
}

/// Leaves out the names of tags that close: in templates, `</>` closes what was opened last.
fn without_closing_names(text: &str) -> String {
    let mut pieces = text.split("</");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        kept.push_str("</");
        kept.push_str(piece.trim_start_matches(|one: char| one.is_ascii_alphanumeric()));
    }
    kept
}

/// Leaves out spaces at the beginning of lines. Templates drop them anyway, and no other text of scripts or styles has any.
fn without_indentation(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(str::trim_start).collect();
    lines.join("\n")
}

fn current<T>(read: impl FnOnce(&Version) -> T) -> T {
    static EMBEDDED: LazyLock<Version> = LazyLock::new(Version::read);
    if cfg!(debug_assertions) {
        read(&Version::read())
    } else {
        read(&EMBEDDED)
    }
}

pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/", web::get().to(page))
        .route("/console/{hash}/{path:.+}", web::get().to(file));
}

async fn page() -> Result<HttpResponse> {
    let text = current(Version::page)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(text))
}

async fn file(path: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (hash, path) = path.into_inner();
    let found = current(|version| {
        let is_current = version.hash == hash;
        version.files.get(&path).filter(|_| is_current).cloned()
    });
    let body = found.ok_or_else(|| Error::not_found("このパス", "path"))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind(&path)))
        .insert_header((header::CACHE_CONTROL, "max-age=31536000, immutable"))
        .body(body))
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        Some((_, "json")) => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_left_out_and_lines_stay() {
        let text = "/** Doubles.\n @param {number} n */\nconst twice = (/** @type {number} */ n) => n / 2 * 4; // '/*'\n";
        let sent = without_comments(text, "/**");
        assert_eq!(sent, "\n\nconst twice = (n) => n / 2 * 4; // '/*'\n");
        assert_eq!(without_comments("a /** b", "/**"), "a /** b");
        assert_eq!(without_comments("return/** b */ c", "/**"), "return c");
    }

    #[test]
    fn closing_tags_have_no_names() {
        let sent = without_closing_names("html`<h1><b>${a}</b></h1><i />`; /<\\/b>/");
        assert_eq!(sent, "html`<h1><b>${a}</></><i />`; /<\\/b>/");
    }

    #[test]
    fn spaces_that_mean_nothing_are_left_out_and_lines_stay() {
        let style = "@media (width > 9px) {\n  a b, c { margin: 0 2px; }\n}".to_owned();
        let sent = "@media (width > 9px){\n  a b,c{margin:0 2px;}\n}";
        assert_eq!(without_spaces(style, &STYLE), sent);
        let script = "const f = (a) => {\n  return a && { b: [a, 'x: y, z'] }; }".to_owned();
        let sent = "const f=(a)=>{\n  return a&&{b: [a, 'x: y, z']}; }";
        assert_eq!(without_spaces(script, &SCRIPT), sent.replace("; }", ";}"));
    }

    #[test]
    fn indentation_is_left_out_and_lines_stay() {
        assert_eq!(without_indentation("a {\n  b;\n\n}\n"), "a {\nb;\n\n}\n");
    }
}
