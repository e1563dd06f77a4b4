//! Writing pages: text that is escaped, their heads and ends.
//!
//! Only `'static` text is written as markup; everything else goes through [`Markup::text`], which escapes it.

use crate::http::Language;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// HTML that is being written.
#[derive(Default)]
pub struct Markup(pub String);

impl Markup {
    pub fn raw(&mut self, markup: &'static str) -> &mut Markup {
        self.0 += markup;
        self
    }

    /// Writes text of any origin, also within the quotes of an attribute.
    pub fn text(&mut self, text: &str) -> &mut Markup {
        for c in text.chars() {
            match c {
                '&' => self.0 += "&amp;",
                '<' => self.0 += "&lt;",
                '>' => self.0 += "&gt;",
                '"' => self.0 += "&quot;",
                '\'' => self.0 += "&#39;",
                c => self.0.push(c),
            }
        }
        self
    }

    pub fn words(&mut self, language: Language, ja: &'static str, en: &'static str) -> &mut Markup {
        self.text(choose(language, ja, en))
    }

    pub fn row(&mut self, name: &str, value: &str) {
        self.raw("<dt>").text(name).raw("</dt><dd>");
        for (i, line) in value.lines().enumerate() {
            self.raw(if i == 0 { "" } else { "<br>" }).text(line);
        }
        self.raw("</dd>\n");
    }

    pub fn link(&mut self, url: &str, name: &str) -> &mut Markup {
        self.raw("<a href=\"").text(url).raw("\">").text(name).raw("</a>")
    }

    /// Writes data for programs. Nothing in it ends the element.
    pub fn data(&mut self, data: &serde_json::Value) -> String {
        let json = data
            .to_string()
            .replace('<', "\\u003c")
            .replace("\u{2028}", "\\u2028");
        self.0 += "<script type=\"application/ld+json\">";
        self.0 += &json;
        self.0 += "</script>\n";
        STANDARD.encode(Sha256::digest(&json))
    }
}

pub fn choose(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// What the head of a page says.
pub struct Head<'a> {
    pub title: &'a str,
    pub description: &'a str,
    /// The address of the page, and that of the same in other formats, by media type.
    pub url: &'a str,
    pub others: &'a [(&'static str, String)],
    pub is_indexed: bool,
}

pub fn begin(page: &mut Markup, language: Language, head: &Head) {
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
    page.raw("<link rel=\"stylesheet\" href=\"/listings.css\">\n");
}

pub fn end(page: &mut Markup) {
    page.raw("</main>\n</html>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_wrote_becomes_markup() {
        let mut page = Markup::default();
        page.link("https://example.jp/?a=1&b='\"", "<script>alert(1)</script>");
        assert_eq!(
            page.0,
            "<a href=\"https://example.jp/?a=1&amp;b=&#39;&quot;\">&lt;script&gt;alert(1)&lt;/script&gt;</a>"
        );
        let mut page = Markup::default();
        page.data(&serde_json::json!({"name": "</script><b>"}));
        assert_eq!(page.0.matches("</script>").count(), 1);
        assert!(!page.0.contains("<b>"));
    }
}
