//! News and numbered newsletters.

use super::markdown::{self, PostNotice, PostNoticeCode};
use super::{Item, MonthlyViews, PageKind, Plan, PressStatus};
use crate::auth::RecordKind;
use crate::changes::Subject;
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::Language;
use crate::http::disclosure::impersonal;
use crate::values::{AreaCode, coded_enum, not_blank};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

impersonal!(Post);

coded_enum! {
    /// What a post is.
    PostKind {
        News,
        /// A numbered newsletter.
        Newsletter,
    }
}

fn news() -> PostKind {
    PostKind::News
}

fn draft() -> PressStatus {
    PressStatus::Draft
}

/// The fields of a post that clients write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "newsletter", "number": 12, "title": "ホームタウン通信 第12号",
    "body": "# 今号の話題\n\n**会員募集のチラシ**ができるまでを、[プロジェクトのページ](https://example.jp/projects/1)で紹介します。",
    "area": "131041", "status": "published", "publish_at": "2026-12-01T00:00:00Z"}))]
pub struct NewPost {
    #[serde(default = "news")]
    #[schema(default = "news")]
    pub kind: PostKind,
    /// The number of a newsletter, once per area. Required for newsletters; null for news.
    #[serde(default)]
    #[validate(range(min = 1, max = 99_999))]
    #[schema(minimum = 1, maximum = 99_999)]
    pub number: Option<i32>,
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// The text in Markdown (CommonMark with tables). HTML in it is shown as text.
    #[validate(length(min = 1, max = 20_000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 20_000)]
    pub body: String,
    /// The area that it is about. Null: all. Only the secretariat writes such a post.
    #[serde(default)]
    pub area: Option<AreaCode>,
    #[serde(default = "draft")]
    #[schema(default = "draft")]
    pub status: PressStatus,
    /// When a published post appears. Null: at once.
    #[serde(default)]
    pub publish_at: Option<Instant>,
}

impl Plan for NewPost {
    const PAGE: PageKind = PageKind::Post;
    const SUBJECT: Subject = Subject::Post;
    const RECORD: RecordKind = RecordKind::Posts;

    fn missing() -> Error {
        Error::not_found("お知らせ", "post")
    }

    fn kind(&self) -> &'static str {
        self.kind.code()
    }

    fn status(&self) -> PressStatus {
        self.status
    }

    fn publish_at(&self) -> Option<Instant> {
        self.publish_at
    }

    fn number(&self) -> Option<i32> {
        self.number
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.title, &self.body]
    }
}

/// News, or a newsletter.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Post {
    pub id: Id,
    #[serde(flatten)]
    pub plan: NewPost,
    /// The text as HTML, without anything that runs.
    #[schema(example = "<h1>今号の話題</h1>\n")]
    pub html: String,
    /// What the HTML leaves out, or shows as text. Empty for those who may not write the post.
    pub notices: Vec<PostNotice>,
    /// Since when everybody sees it, or will. Null: never yet.
    pub published_at: Option<Instant>,
    /// How often it was read, by month, the newest first; up to 24 months. Null in lists, and for those who may not write it.
    pub views: Option<Vec<MonthlyViews>>,
    /// Whether the demonstration made it up. Pages say so, and it is in no public figure.
    pub demo: bool,
    /// Grows with each change. Also in the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Post {
    /// Renders a post.
    pub fn of(item: Item<NewPost>, language: Language) -> Post {
        let rendered = markdown::render(&item.plan.body);
        let notice = |code: PostNoticeCode| PostNotice {
            code,
            pointer: "/body".to_owned(),
            message: language.choose(&words(code)).to_owned(),
        };
        Post {
            id: item.id,
            plan: item.plan,
            html: rendered.html,
            notices: rendered.left_out.into_iter().map(notice).collect(),
            published_at: item.published_at,
            views: None,
            demo: item.demo,
            version: item.version,
            created_at: item.created_at,
            updated_at: item.updated_at,
        }
    }
}

fn words(code: PostNoticeCode) -> Text {
    match code {
        PostNoticeCode::HtmlLeftOut => Text::new(
            "本文のHTMLは、文字としてそのまま表示されます。",
            "HTML in the text is shown as text.",
        ),
        PostNoticeCode::LinkLeftOut => Text::new(
            "https:、http:、mailto: 以外のリンクは、文字だけが表示されます。",
            "Of links other than https:, http: and mailto:, only the words are shown.",
        ),
        PostNoticeCode::PictureLeftOut => Text::new(
            "https: で始まらない画像は、説明の文字だけが表示されます。",
            "Of pictures that aren't loaded by https:, only the words are shown.",
        ),
        PostNoticeCode::MarksShown => Text::new(
            "「**」の一部は太字にならず、そのまま表示されます。かっこや句読点を「**」の外側に書いてください（「**強調**」）。",
            "Some ** are shown as they are, and their words aren't bold. Write brackets and full stops outside of them.",
        ),
    }
}

/// Checks that newsletters have a number, and news none.
pub fn check_number(plan: &NewPost) -> Result<()> {
    match (plan.kind, plan.number) {
        (PostKind::Newsletter, None) => {
            let rule = Text::new("号数を指定してください。", "Give the number of the newsletter.");
            Err(Error::invalid("/number", "missing_field", rule))
        }
        (PostKind::News, Some(_)) => {
            let rule = Text::new("お知らせに号数はありません。", "News has no number.");
            Err(Error::invalid("/number", "not_permitted", rule))
        }
        _ => Ok(()),
    }
}

pub fn duplicate_number() -> Error {
    Error::Conflict {
        code: "duplicate_number",
        detail: Text::new(
            "この号数の会報は、すでに登録されています。",
            "There is a newsletter of this number already.",
        ),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn news(body: &str) -> NewPost {
        NewPost {
            kind: PostKind::News,
            number: None,
            title: "お知らせ".into(),
            body: body.into(),
            area: None,
            status: PressStatus::Draft,
            publish_at: None,
        }
    }

    #[test]
    fn newsletters_are_numbered_and_news_is_not() {
        let mut post = news("本文");
        assert!(check_number(&post).is_ok());
        post.number = Some(1);
        assert!(check_number(&post).is_err());
        post.kind = PostKind::Newsletter;
        assert!(check_number(&post).is_ok());
        post.number = None;
        assert!(check_number(&post).is_err());
    }
}
