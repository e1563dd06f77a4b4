//! Markdown as HTML that can be shown on any page.
//!
//! HTML in the text is shown as text, so that nobody can bring in scripts, styles or event handlers, and nothing that was
//! written vanishes. A link leads to a page or a mail address, a picture is loaded by https; of any other, only the words
//! remain. Everything else is escaped by the renderer.

use super::https_address;
use crate::values::coded_enum;
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream, html};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeSet;
use utoipa::ToSchema;

coded_enum! {
    /// What is left out of a text, or shown in another way than meant.
    PostNoticeCode {
        /// HTML, which is shown as text.
        HtmlLeftOut,
        /// A link that is neither `https:`, `http:` nor `mailto:`.
        LinkLeftOut,
        /// A picture that isn't loaded by `https:`.
        PictureLeftOut,
        /// Marks of emphasis that are shown as they are, since a bracket or a full stop stands at their inner side.
        MarksShown,
    }
}

/// What is left out of a text, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"code": "html_left_out", "pointer": "/body",
    "message": "本文のHTMLは、文字としてそのまま表示されます。"}))]
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

/// How often a text is searched for definitions: of several with the same name, Markdown knows only the first.
const MOST_SEARCHES: usize = 10;

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH
}

/// Makes text of the definitions whose link leads nowhere: an office means `[場所]: 市民センター` as a line to read. Returns
/// also whether that was possible for all of them.
fn without_stray_definitions(markdown: &str) -> (Cow<'_, str>, bool) {
    let mut text = Cow::Borrowed(markdown);
    for _ in 0..MOST_SEARCHES {
        let starts = stray_definitions(&text);
        if starts.is_empty() {
            return (text, true);
        }
        let mut escaped = String::with_capacity(text.len() + starts.len());
        let mut done = 0;
        for start in starts {
            escaped.push_str(text.get(done..start).unwrap_or_default());
            escaped.push('\\');
            done = start;
        }
        escaped.push_str(text.get(done..).unwrap_or_default());
        text = Cow::Owned(escaped);
    }
    let are_all = stray_definitions(&text).is_empty();
    (text, are_all)
}

/// Returns where the definitions begin whose link leads nowhere.
fn stray_definitions(markdown: &str) -> Vec<usize> {
    let parser = Parser::new_ext(markdown, options());
    let all = parser.reference_definitions().iter();
    let stray = all.filter(|(_, one)| !leads_on(&one.dest));
    let mut starts: Vec<usize> = stray.map(|(_, one)| one.span.start).collect();
    starts.sort_unstable();
    starts
}

/// Renders CommonMark with tables and struck-out text.
pub fn render(markdown: &str) -> Rendered {
    let mut left_out = BTreeSet::new();
    let (text, are_all_shown) = without_stray_definitions(markdown);
    if !are_all_shown {
        left_out.insert(PostNoticeCode::LinkLeftOut);
    }
    // Links and pictures nest; those that are left out leave their words.
    let mut shown = Vec::new();
    let mut kept = Vec::new();
    let mut is_code = false;
    for event in TextMergeStream::new(Parser::new_ext(&text, options())) {
        match &event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            // Whoever escapes one wants to see it.
            Event::Text(words)
                if !is_code && words.matches("**").nth(1).is_some() && !text.contains("\\*\\*") =>
            {
                left_out.insert(PostNoticeCode::MarksShown);
            }
            _ => {}
        }
        let event = match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                left_out.insert(PostNoticeCode::HtmlLeftOut);
                Event::Text(html)
            }
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            other => other,
        };
        let fault = match &event {
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
    let (text, _) = without_stray_definitions(markdown);
    for event in Parser::new_ext(&text, options()) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineHtml(text) => words.push_str(&text),
            Event::Html(line) => {
                words.push_str(line.trim_end());
                words.push(' ');
            }
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
    leads_on(url)
}

fn leads_on(url: &str) -> bool {
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
    fn shows_html_in_any_disguise_as_text() {
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
        // Nothing of it is lost, nor of what Markdown takes for a part of it.
        let shown = html("<br>\n12月5日の集まりは中止です。\n\n<!-- 終わりがない\n\nご注意");
        for part in [
            "<p>&lt;br&gt;\n12月5日の集まりは中止です。",
            "<p>&lt;!-- 終わりがない",
            "ご注意",
        ] {
            assert!(shown.contains(part), "{shown}");
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
    fn a_line_that_looks_like_a_definition_is_shown() {
        let text = "お知らせ\n\n[場所]: 市民センター\n[日時]: 12月5日\n\n以上";
        let rendered = render(text);
        assert_eq!(
            rendered.html,
            "<p>お知らせ</p>\n<p>[場所]: 市民センター\n[日時]: 12月5日</p>\n<p>以上</p>\n"
        );
        assert!(rendered.left_out.is_empty());
        assert_eq!(
            beginning(text, 100),
            "お知らせ [場所]: 市民センター [日時]: 12月5日 以上"
        );
        // The second of the same name, and one in a list or a quotation.
        for text in ["[場所]: 本館\n\n[場所]: 別館", "- [場所]: 本館\n\n> [場所]: 別館"] {
            let html = html(text);
            assert!(
                html.contains("[場所]: 本館") && html.contains("[場所]: 別館"),
                "{html}"
            );
        }
        // A definition stays one, and code stays as it is.
        assert_eq!(
            html("[案内][a]\n\n[a]: https://example.jp/\n\n    [場所]: 本館\n"),
            "<p><a href=\"https://example.jp/\">案内</a></p>\n<pre><code>[場所]: 本館\n</code></pre>\n"
        );
        // More of the same name than are looked for: it is said.
        let rendered = render(&"[a]: b\n\n".repeat(MOST_SEARCHES + 1));
        assert_eq!(rendered.left_out, [PostNoticeCode::LinkLeftOut].into());
    }

    #[test]
    fn says_which_marks_of_emphasis_are_shown_as_they_are() {
        for text in [
            "**「強調」**する",
            "の**東京（23区）**では",
            "項目\n\n- 次は**「無料」**です\n",
        ] {
            let rendered = render(text);
            assert!(rendered.html.contains("**"), "{}", rendered.html);
            assert_eq!(rendered.left_out, [PostNoticeCode::MarksShown].into(), "{text}");
        }
        for text in [
            "「**強調**」する",
            "2**3は8",
            "`**「a」**b`",
            "    **「a」**b",
            r"\*\*「a」\*\*b",
            "※※ 注意 ※※",
        ] {
            assert_eq!(render(text).left_out, BTreeSet::new(), "{text}");
        }
    }

    #[test]
    fn a_feed_shows_the_first_words() {
        assert_eq!(
            beginning("# 第12号\n\n**会員**募集<br>\n中", 100),
            "第12号 会員募集<br> 中"
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
