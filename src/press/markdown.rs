//! Markdown as HTML that can be shown on any page.
//!
//! HTML in the text is left out, so that nobody can bring in scripts, styles or event handlers. A link leads to a page or a
//! mail address, a picture is loaded by https; of any other, only the words remain. Everything else is escaped by the
//! renderer.

use super::https_address;
use crate::values::coded_enum;
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

coded_enum! {
    /// What is left out of a text.
    PostNoticeCode {
        /// HTML.
        HtmlLeftOut,
        /// A link that is neither `https:`, `http:` nor `mailto:`.
        LinkLeftOut,
        /// A picture that isn't loaded by `https:`.
        PictureLeftOut,
    }
}

/// What is left out of a text, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"code": "html_left_out", "pointer": "/body",
    "message": "本文のHTMLは表示されません。"}))]
pub struct PostNotice {
    pub code: PostNoticeCode,
    /// Where in the post.
    pub pointer: String,
    /// In the language of `Accept-Language`.
    pub message: String,
}

/// A text as HTML, and what was left out of it.
#[derive(Debug, PartialEq)]
pub struct Rendered {
    pub html: String,
    pub left_out: BTreeSet<PostNoticeCode>,
}

/// Renders CommonMark with tables and struck-out text.
pub fn render(markdown: &str) -> Rendered {
    let mut left_out = BTreeSet::new();
    // Links and pictures nest; those that are left out leave their words.
    let mut shown = Vec::new();
    let mut kept = Vec::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        let fault = match &event {
            Event::Html(_) | Event::InlineHtml(_) => Some(PostNoticeCode::HtmlLeftOut),
            Event::Start(Tag::Link {
                link_type, dest_url, ..
            }) => {
                let fault = (!is_link(*link_type, dest_url)).then_some(PostNoticeCode::LinkLeftOut);
                shown.push(fault.is_none());
                fault
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                let fault = https_address(dest_url)
                    .is_err()
                    .then_some(PostNoticeCode::PictureLeftOut);
                shown.push(fault.is_none());
                fault
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if shown.pop() == Some(false) {
                    continue;
                }
                None
            }
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => continue,
            _ => None,
        };
        match fault {
            Some(fault) => drop(left_out.insert(fault)),
            None => kept.push(event),
        }
    }
    let mut html = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut html, kept.into_iter());
    Rendered { html, left_out }
}

/// Returns the first words of a text, without its marks.
pub fn beginning(markdown: &str, longest: usize) -> String {
    let mut words = String::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) | Event::Code(text) => words.push_str(&text),
            Event::End(
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image,
            ) => {}
            Event::SoftBreak | Event::HardBreak | Event::End(_) if !words.ends_with(' ') => words.push(' '),
            _ => {}
        }
        if words.chars().count() > longest {
            return words.chars().take(longest).chain(['…']).collect();
        }
    }
    words.trim().to_owned()
}

/// Returns whether a link leads to a page or a mail address.
fn is_link(kind: LinkType, url: &CowStr) -> bool {
    // `<a@example.jp>` is a link without a scheme, which the renderer adds.
    if kind == LinkType::Email {
        return true;
    }
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(markdown: &str) -> String {
        render(markdown).html
    }

    #[test]
    fn renders_what_offices_write() {
        let text = "# 第12号\n\n**会員募集**の[案内](https://example.jp/?a=1&b=2 \"案内\")\n\n- 一\n- ~~二~~\n\n|年|件|\n|-|-|\n|2026|24|\n";
        let rendered = render(text);
        for part in [
            "<h1>第12号</h1>",
            "<strong>会員募集</strong>",
            "<a href=\"https://example.jp/?a=1&amp;b=2\" title=\"案内\">案内</a>",
            "<li>一</li>",
            "<del>二</del>",
            "<td>24</td>",
        ] {
            assert!(rendered.html.contains(part), "{part}: {}", rendered.html);
        }
        assert!(rendered.left_out.is_empty());
        assert!(html("<info@example.jp> ![花](https://example.jp/a.jpg)").contains("mailto:info@example.jp"));
    }

    #[test]
    fn leaves_out_html_in_any_disguise() {
        for text in [
            "<script>alert(1)</script>",
            "前<img src=x onerror=alert(1)>後",
            "<div onclick=\"alert(1)\">\n\n文\n\n</div>",
            "<style>body{display:none}</style>",
            "<!-- --><iframe src=\"https://example.jp\"></iframe>",
            "<?php echo 1 ?>",
            "<![CDATA[<script>alert(1)</script>]]>",
            "> <script>\n> alert(1)\n> </script>",
            "<SCRIPT\n>alert(1)</SCRIPT>",
        ] {
            let rendered = render(text);
            assert_eq!(rendered.left_out, [PostNoticeCode::HtmlLeftOut].into(), "{text}");
            let lower = rendered.html.to_lowercase();
            for tag in ["<script", "<img", "<div", "<style", "<svg", "<iframe", "<?", "<!"] {
                assert!(!lower.contains(tag), "{text}: {}", rendered.html);
            }
        }
        // What is no HTML to Markdown is text, and so is code.
        assert_eq!(
            html("<svg/onload=alert(1)>"),
            "<p>&lt;svg/onload=alert(1)&gt;</p>\n"
        );
        assert_eq!(html("`<script>`"), "<p><code>&lt;script&gt;</code></p>\n");
        assert_eq!(
            html("    <script>\n"),
            "<pre><code>&lt;script&gt;\n</code></pre>\n"
        );
    }

    #[test]
    fn leaves_out_links_that_run_something() {
        for url in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "&#106;avascript:alert(1)",
            "java&Tab;script:alert(1)",
            "vbscript:msgbox(1)",
            "data:text/html;base64,PHNjcmlwdD4=",
            "file:///etc/passwd",
            "//example.jp/",
            "/v1/users",
            "#top",
            "",
        ] {
            for text in [format!("[押す]({url})"), format!("[押す][a]\n\n[a]: {url}")] {
                let html = html(&text);
                assert!(!html.contains("<a"), "{text}: {html}");
                assert!(html.contains("押す"), "{html}");
            }
            let picture = html(&format!("![花]({url})"));
            assert!(!picture.contains("<img") && picture.contains('花'), "{picture}");
        }
        assert!(!html("<javascript:alert(1)>").contains("<a"));
        // Words of a link that is left out stay, and so does a picture inside.
        let nested = html("[![花](https://example.jp/a.jpg)](javascript:x)");
        assert!(nested.contains("<img") && !nested.contains("<a"), "{nested}");
    }

    #[test]
    fn a_feed_shows_the_first_words() {
        assert_eq!(
            beginning("# 第12号\n\n**会員**募集<br>\n中", 100),
            "第12号 会員募集 中"
        );
        assert_eq!(beginning("あいうえお", 3), "あいう…");
    }

    #[test]
    fn attributes_cant_be_broken_out_of() {
        for text in [
            "[a](https://example.jp/\"onmouseover=\"alert(1))",
            "[a](https://example.jp 'x\" onmouseover=\"alert(1)')",
            "![x\" onerror=\"alert(1)](https://example.jp/a.jpg)",
            "```x\" onclick=\"alert(1)\n文\n```",
        ] {
            let html = html(text);
            assert!(!html.contains("\" on"), "{text}: {html}");
            assert!(!html.contains("\"on"), "{text}: {html}");
        }
    }

    #[test]
    fn hostile_text_stays_small() {
        let url = format!("https://example.jp/{}", "a".repeat(9_000));
        let links = "[a]".repeat(3_000);
        for text in [
            format!("[a]: {url}\n\n{links}"),
            "[".repeat(20_000),
            "> ".repeat(10_000),
            "|".repeat(20_000),
        ] {
            assert!(html(&text).len() < 4_000_000, "{}", html(&text).len());
        }
    }
}
