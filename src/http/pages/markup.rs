//! Writing pages: text that is escaped, their heads and ends.
//!
//! Only `'static` text is written as markup, and Markdown that was rendered for any page; everything else goes through
//! [`Markup::text`], which escapes it.

use crate::http::Language;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Where the icon of all pages is, which is the console's.
pub const ICON: &str = "/mark.svg";

/// HTML that is being written.
#[derive(Default)]
pub struct Markup {
    pub text: String,
    /// What [`Markup::link_here`] adds to addresses.
    lang: NamedLanguage,
}

/// The language that the address of a page names, if it does: its links to other pages name it, too. Otherwise the language is
/// that of the reader's browser, which asks for every page in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NamedLanguage(pub Option<Language>);

impl NamedLanguage {
    /// Returns an address of this server that names the language.
    pub fn address(self, path: &str) -> String {
        let Some(language) = self.0 else {
            return path.to_owned();
        };
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("{path}{sign}lang={}", language.tag())
    }
}

impl Markup {
    pub fn raw(&mut self, markup: &'static str) -> &mut Markup {
        self.text += markup;
        self
    }

    /// Writes text of any origin, also within the quotes of an attribute.
    pub fn text(&mut self, text: &str) -> &mut Markup {
        for c in text.chars() {
            match c {
                '&' => self.text += "&amp;",
                '<' => self.text += "&lt;",
                '>' => self.text += "&gt;",
                '"' => self.text += "&quot;",
                '\'' => self.text += "&#39;",
                c => self.text.push(c),
            }
        }
        self
    }

    pub fn words(&mut self, language: Language, ja: &'static str, en: &'static str) -> &mut Markup {
        self.text(choose(language, ja, en))
    }

    /// Writes text with its lines.
    pub fn lines(&mut self, text: &str) -> &mut Markup {
        for (i, line) in text.lines().enumerate() {
            self.raw(if i == 0 { "" } else { "<br>" }).text(line);
        }
        self
    }

    pub fn row(&mut self, name: &str, value: &str) {
        self.raw("<dt>")
            .text(name)
            .raw("</dt><dd>")
            .lines(value)
            .raw("</dd>\n");
    }

    pub fn link(&mut self, url: &str, name: &str) -> &mut Markup {
        self.raw("<a href=\"").text(url).raw("\">").text(name).raw("</a>")
    }

    /// Writes a link to another page of this server, in the same language.
    pub fn link_here(&mut self, url: &str, name: &str) -> &mut Markup {
        let url = self.lang.address(url);
        self.link(&url, name)
    }

    /// Writes a text that was rendered from Markdown, which brings in nothing that runs.
    pub fn rendered(&mut self, html: &str) -> &mut Markup {
        self.text += html;
        self
    }

    /// Writes data for programs. Nothing in it ends the element.
    pub fn data(&mut self, data: &serde_json::Value) -> String {
        let json = data
            .to_string()
            .replace('<', "\\u003c")
            .replace("\u{2028}", "\\u2028");
        self.text += "<script type=\"application/ld+json\">";
        self.text += &json;
        self.text += "</script>\n";
        STANDARD.encode(Sha256::digest(&json))
    }
}

/// Returns what pages say of a record that the demonstration made up.
pub fn made_up(is_made_up: bool, language: Language) -> Option<&'static str> {
    is_made_up.then(|| choose(language, "見本（架空の情報）", "Sample (made up)"))
}

/// How much of a text a preview has, in characters.
pub const PREVIEW: usize = 160;

/// Cuts a long text.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

pub fn choose(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// What the head of a page says.
#[derive(Default)]
pub struct Head<'a> {
    pub title: &'a str,
    pub description: &'a str,
    /// The address of the page, and that of the same in other formats, by media type.
    pub url: &'a str,
    pub others: &'a [(&'static str, String)],
    pub is_indexed: bool,
    /// The address of a picture for previews.
    pub picture: Option<&'a str>,
    pub lang: NamedLanguage,
}

/// The lists of everything that has a page: their path and name.
const LISTS: [(&str, &str, &str); 5] = [
    ("/events", "イベント", "Events"),
    ("/openings", "ボランティア募集", "Openings for volunteers"),
    ("/cards", "プロジェクト", "Projects"),
    ("/posts", "お知らせ", "News"),
    ("/publications", "資料", "Publications"),
];

pub fn begin(page: &mut Markup, language: Language, head: &Head) {
    page.lang = head.lang;
    page.raw("<!doctype html>\n<html lang=\"")
        .text(language.tag())
        .raw("\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
        .text(head.title)
        .raw("</title>\n<meta name=\"description\" content=\"")
        .text(head.description)
        .raw("\">\n");
    if !head.is_indexed {
        page.raw("<meta name=\"robots\" content=\"noindex\">\n");
    }
    for (property, content) in [
        ("og:title", head.title),
        ("og:description", head.description),
        ("og:url", head.url),
        ("og:type", "website"),
        ("og:site_name", "Musubi"),
        ("og:locale", choose(language, "ja_JP", "en_US")),
    ] {
        page.raw("<meta property=\"")
            .text(property)
            .raw("\" content=\"")
            .text(content)
            .raw("\">\n");
    }
    if let Some(picture) = head.picture {
        page.raw("<meta property=\"og:image\" content=\"")
            .text(picture)
            .raw("\">\n");
    }
    page.raw("<link rel=\"canonical\" href=\"")
        .text(head.url)
        .raw("\">\n");
    for (media_type, url) in head.others {
        page.raw("<link rel=\"alternate\" type=\"")
            .text(media_type)
            .raw("\" href=\"")
            .text(url)
            .raw("\">\n");
    }
    page.raw("<link rel=\"icon\" type=\"image/svg+xml\" href=\"")
        .raw(ICON)
        .raw("\">\n<link rel=\"stylesheet\" href=\"/listings.css\">\n<nav>");
    for (path, ja, en) in LISTS {
        page.link_here(path, choose(language, ja, en)).raw(" ");
    }
    page.raw("</nav>\n");
}

pub fn end(page: &mut Markup) {
    page.raw("</main>\n</html>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(
            (cut("あいう", 2), cut("あい", 2)),
            ("あい…".into(), "あい".into())
        );
    }

    #[test]
    fn links_keep_the_language_that_the_address_names() {
        let named = |language| NamedLanguage(language).address("/events");
        assert_eq!(named(None), "/events");
        assert_eq!(named(Some(Language::En)), "/events?lang=en");
        let ja = NamedLanguage(Some(Language::Ja));
        assert_eq!(ja.address("/posts?q=a"), "/posts?q=a&lang=ja");
        let mut page = Markup::default();
        let head = Head {
            lang: NamedLanguage(Some(Language::En)),
            ..Head::default()
        };
        begin(&mut page, Language::En, &head);
        assert_eq!(page.text.matches("?lang=en\">").count(), LISTS.len());
    }

    #[test]
    fn nothing_that_people_wrote_becomes_markup() {
        let mut page = Markup::default();
        page.link("https://example.jp/?a=1&b='\"", "<script>alert(1)</script>");
        assert_eq!(
            page.text,
            "<a href=\"https://example.jp/?a=1&amp;b=&#39;&quot;\">&lt;script&gt;alert(1)&lt;/script&gt;</a>"
        );
        let mut page = Markup::default();
        page.data(&serde_json::json!({"name": "</script><b>"}));
        assert_eq!(page.text.matches("</script>").count(), 1);
        assert!(!page.text.contains("<b>"));
    }
}
