//! Cards, posts and publications as pages for people, search engines and previews of links.

use super::PageKind;
use super::cards::{Card, Photo};
use super::feedback::{FeedbackRole, FeedbackSummary, NewFeedback};
use super::markdown::beginning;
use super::posts::Post;
use super::publications::{Edition, Publication};
use crate::catalogue::Catalogue;
use crate::catalogue::calendar::day_in_tokyo;
use crate::db::{Id, Instant};
use crate::error::Result;
use crate::http::pages::HtmlPage;
use crate::http::pages::form::Form;
use crate::http::pages::markup::{Head, Markup, NamedLanguage, PREVIEW, begin, choose, cut, end, made_up};
use crate::http::{Language, body};
use crate::values::{AreaCode, Code, words};
use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};
use strum::VariantArray;

const CONTEXT: &str = "https://schema.org";

/// A kind of record as it is listed on a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    Cards,
    Posts,
    Publications,
}

impl Shelf {
    pub fn path(self) -> &'static str {
        match self {
            Shelf::Cards => "/cards",
            Shelf::Posts => "/posts",
            Shelf::Publications => "/publications",
        }
    }

    /// Returns what the views of its list are counted by. The lists of events come before.
    pub fn id(self) -> Id {
        Id(uuid::Uuid::from_u128(match self {
            Shelf::Cards => 3,
            Shelf::Posts => 4,
            Shelf::Publications => 5,
        }))
    }

    pub fn page(self) -> PageKind {
        match self {
            Shelf::Cards => PageKind::Card,
            Shelf::Posts => PageKind::Post,
            Shelf::Publications => PageKind::Publication,
        }
    }

    /// Returns where programs read the same, and as what.
    fn other(self) -> (&'static str, &'static str) {
        match self {
            Shelf::Cards => ("application/json", "/v1/showcase"),
            Shelf::Posts => ("application/atom+xml", "/v1/posts.atom"),
            Shelf::Publications => ("application/json", "/v1/publications"),
        }
    }

    fn title(self, language: Language) -> &'static str {
        match self {
            Shelf::Cards => choose(language, "プロジェクト", "Projects"),
            Shelf::Posts => choose(language, "お知らせと会報", "News and newsletters"),
            Shelf::Publications => choose(
                language,
                "資料（台本・テキスト）",
                "Publications: playbooks and textbooks",
            ),
        }
    }

    fn about(self, language: Language) -> &'static str {
        match self {
            Shelf::Cards => choose(
                language,
                "地域の団体とプロボノワーカーが取り組んだプロジェクトの紹介です。",
                "What community organizations and pro bono workers did together.",
            ),
            Shelf::Posts => choose(
                language,
                "事務局からのお知らせと会報です。",
                "What the secretariat has to tell.",
            ),
            Shelf::Publications => choose(
                language,
                "各地の取組みから学んだことをまとめた資料です。",
                "What was learnt at many sites, for others to use.",
            ),
        }
    }
}

/// What pages need besides their record.
pub struct Around<'a> {
    pub catalogue: &'a Catalogue,
    /// The address of the server.
    pub base: &'a str,
    pub language: Language,
    pub lang: NamedLanguage,
}

impl Around<'_> {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.trim_end_matches('/'))
    }

    fn page(&self, shelf: Shelf, id: Id) -> String {
        self.url(&format!("{}/{id}", shelf.path()))
    }

    fn area(&self, code: &AreaCode) -> Option<String> {
        let area = self.catalogue.area(code.as_str())?;
        Some(match self.language {
            Language::Ja => self.catalogue.fixed.name_here(area),
            Language::En => area.english.clone(),
        })
    }

    fn type_(&self, code: &Code) -> Option<String> {
        let found = self.catalogue.types.get(code.as_ref())?;
        Some(found.definition.names.in_language(self.language).to_owned())
    }

    fn coded(&self, schema: &str, code: &str) -> String {
        self.language.choose(&words::text(schema, code)).to_owned()
    }

    fn made_up(&self, is_made_up: bool) -> Option<String> {
        made_up(is_made_up, self.language).map(str::to_owned)
    }

    fn day(&self, day: NaiveDate) -> String {
        match self.language {
            Language::Ja => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
            Language::En => day.to_string(),
        }
    }

    fn day_of(&self, at: Instant) -> String {
        self.day(day_in_tokyo(at.utc()))
    }
}

/// A record as a list shows it.
pub struct Entry {
    url: String,
    title: String,
    facts: Vec<Option<String>>,
    beginning: Option<String>,
}

pub fn card_entry(card: Card, around: &Around) -> Entry {
    let year = card.fiscal_year;
    Entry {
        url: around.page(Shelf::Cards, card.id),
        facts: vec![
            around.made_up(card.demo),
            Some(card.group),
            around.area(&card.area),
            card.type_.and_then(|code| around.type_(&code)),
            Some(fiscal_year(year, around.language)),
            Some(card.progress_label),
        ],
        title: card.plan.title,
        beginning: card.plan.story.map(|story| one_line(&story)),
    }
}

pub fn post_entry(post: Post, around: &Around) -> Entry {
    Entry {
        url: around.page(Shelf::Posts, post.id),
        facts: vec![
            around.made_up(post.demo),
            post.published_at.map(|at| around.day_of(at)),
            Some(kind_of_post(&post, around)),
            post.plan.area.and_then(|area| around.area(&area)),
        ],
        beginning: Some(beginning(&post.plan.body, PREVIEW)),
        title: post.plan.title,
    }
}

pub fn publication_entry(publication: Publication, around: &Around) -> Entry {
    let kind = around.coded("PublicationKind", publication.plan.kind.code());
    Entry {
        url: around.page(Shelf::Publications, publication.id),
        facts: vec![
            around.made_up(publication.demo),
            Some(kind),
            publication.plan.site,
            publication.plan.area.and_then(|area| around.area(&area)),
        ],
        title: publication.plan.title,
        beginning: publication.plan.summary.map(|summary| one_line(&summary)),
    }
}

fn fiscal_year(year: i32, language: Language) -> String {
    match language {
        Language::Ja => format!("{year}年度"),
        Language::En => format!("FY{year}"),
    }
}

fn kind_of_post(post: &Post, around: &Around) -> String {
    let kind = around.coded("PostKind", post.plan.kind.code());
    match (post.plan.number, around.language) {
        (None, _) => kind,
        (Some(number), Language::Ja) => format!("{kind} 第{number}号"),
        (Some(number), Language::En) => format!("{kind} {number}"),
    }
}

/// Returns the first words of a text without its lines.
fn one_line(text: &str) -> String {
    cut(&text.replace('\n', " "), PREVIEW)
}

/// Writes a list. `query` is that of the request, without the cursor.
pub fn list(
    shelf: Shelf,
    entries: &[Entry],
    (query, q, next): (&str, &str, Option<&str>),
    around: &Around,
) -> HtmlPage {
    let language = around.language;
    let (title, about) = (shelf.title(language), shelf.about(language));
    let (media_type, other) = shelf.other();
    let others = [(media_type, around.url(other))];
    let url = match query {
        "" => around.url(shelf.path()),
        query => around.url(&format!("{}?{query}", shelf.path())),
    };
    let head = Head {
        title,
        description: about,
        url: &url,
        others: &others,
        is_indexed: true,
        picture: None,
        lang: around.lang,
    };
    let mut page = Markup::default();
    begin(&mut page, language, &head);
    page.raw("<main>\n<h1>").text(title).raw("</h1>\n<p>").text(about);
    page.raw("</p>\n<form method=\"get\" role=\"search\">\n<label>")
        .words(language, "ことば", "Words")
        .raw(" <input name=\"q\" type=\"search\" maxlength=\"200\" value=\"")
        .text(q)
        .raw("\"></label>\n");
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "q") {
        page.raw("<input type=\"hidden\" name=\"")
            .text(&name)
            .raw("\" value=\"")
            .text(&value)
            .raw("\">\n");
    }
    page.raw("<button>")
        .words(language, "さがす", "Search")
        .raw("</button>\n</form>\n<ul class=\"listings\">\n");
    for entry in entries {
        let facts: Vec<&str> = entry.facts.iter().flatten().map(String::as_str).collect();
        page.raw("<li><h2>")
            .link_here(&entry.url, &entry.title)
            .raw("</h2>\n<p>")
            .text(&facts.join(" · "))
            .raw("</p>\n");
        if let Some(beginning) = &entry.beginning {
            page.raw("<p>").text(beginning).raw("</p>");
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>\n");
    if entries.is_empty() {
        page.raw("<p>")
            .words(
                language,
                "該当するものはありません。",
                "There is nothing like this.",
            )
            .raw("</p>\n");
    }
    if let Some(next) = next {
        let mut further = form_urlencoded::Serializer::new(String::new());
        further.extend_pairs(form_urlencoded::parse(query.as_bytes()));
        let further = further.append_pair("cursor", next).finish();
        page.raw("<p>")
            .link(
                &format!("{}?{further}", shelf.path()),
                choose(language, "続きを見る", "More"),
            )
            .raw("</p>\n");
    }
    if media_type == "application/atom+xml" {
        page.raw("<p class=\"formats\">")
            .link(
                &around.url(other),
                choose(language, "更新情報（Atom）", "News (Atom)"),
            )
            .raw("</p>\n");
    }
    end(&mut page);
    page.into()
}

/// Begins the page of a record, with data about it for search engines. Returns the hash of that.
fn begin_record(
    page: &mut Markup,
    (shelf, id): (Shelf, Id),
    (title, description, picture): (&str, &str, Option<&str>),
    (data, is_made_up): (&Value, bool),
    around: &Around,
) -> String {
    let (_, api) = match shelf {
        Shelf::Posts => ("", "/v1/posts"),
        other => other.other(),
    };
    let others = [("application/json", around.url(&format!("{api}/{id}")))];
    let head = Head {
        title,
        description,
        url: &around.page(shelf, id),
        others: &others,
        is_indexed: true,
        picture,
        lang: around.lang,
    };
    begin(page, around.language, &head);
    let hash = page.data(data);
    page.raw("<main>\n<h1>").text(title).raw("</h1>\n");
    if let Some(words) = made_up(is_made_up, around.language) {
        page.raw("<p><strong>").text(words).raw("</strong></p>\n");
    }
    hash
}

fn end_record(
    mut page: Markup,
    shelf: Shelf,
    (hash, has_pictures): (String, bool),
    around: &Around,
) -> HtmlPage {
    page.raw("<p>")
        .link_here(shelf.path(), choose(around.language, "一覧へ", "To the list"))
        .raw("</p>\n");
    end(&mut page);
    HtmlPage {
        text: page.text,
        data_hash: Some(hash),
        has_pictures,
    }
}

fn write_photo(page: &mut Markup, photo: &Photo) {
    page.raw("<figure><img src=\"")
        .text(&photo.url)
        .raw("\" alt=\"")
        .text(&photo.alt)
        .raw("\" loading=\"lazy\">");
    if let Some(credit) = &photo.credit {
        page.raw("<figcaption>").text(credit).raw("</figcaption>");
    }
    page.raw("</figure>\n");
}

fn write_paragraph(page: &mut Markup, text: &str) {
    page.raw("<p>").lines(text).raw("</p>\n");
}

pub fn card(card: &Card, around: &Around) -> HtmlPage {
    let language = around.language;
    let plan = &card.plan;
    let (area, type_) = (
        around.area(&card.area),
        card.type_.as_ref().and_then(|code| around.type_(code)),
    );
    let description = one_line(plan.story.as_deref().unwrap_or(&card.group));
    let picture = plan.photo.as_ref().map(|photo| photo.url.as_str());
    let data = json!({"@context": CONTEXT, "@type": "Article", "@id": format!("urn:uuid:{}", card.id),
        "headline": plan.title, "description": description, "url": around.page(Shelf::Cards, card.id),
        "datePublished": card.published_at, "dateModified": card.updated_at, "inLanguage": "ja",
        "about": {"@type": "Organization", "name": card.group}, "image": picture});
    let mut page = Markup::default();
    let of = (plan.title.as_str(), description.as_str(), picture);
    let hash = begin_record(
        &mut page,
        (Shelf::Cards, card.id),
        of,
        (&stated(data), card.demo),
        around,
    );
    if let Some(photo) = &plan.photo {
        write_photo(&mut page, photo);
    }
    page.raw("<dl>\n");
    page.row(choose(language, "団体", "Organization"), &card.group);
    for (name, value) in [
        (choose(language, "地域", "Area"), area),
        (choose(language, "支援内容", "Deliverable"), type_),
    ] {
        if let Some(value) = value {
            page.row(name, &value);
        }
    }
    let year = fiscal_year(card.fiscal_year, language);
    page.row(choose(language, "年度", "Fiscal year"), &year);
    page.row(choose(language, "進み具合", "Progress"), &card.progress_label);
    page.raw("</dl>\n");
    if let Some(story) = &plan.story {
        write_paragraph(&mut page, story);
    }
    end_record(page, Shelf::Cards, (hash, picture.is_some()), around)
}

pub fn post(post: &Post, around: &Around) -> HtmlPage {
    let description = beginning(&post.plan.body, PREVIEW);
    let data = json!({"@context": CONTEXT, "@type": "NewsArticle", "@id": format!("urn:uuid:{}", post.id),
        "headline": post.plan.title, "description": description, "url": around.page(Shelf::Posts, post.id),
        "datePublished": post.published_at, "dateModified": post.updated_at, "inLanguage": "ja"});
    let mut page = Markup::default();
    let of = (post.plan.title.as_str(), description.as_str(), None);
    let hash = begin_record(
        &mut page,
        (Shelf::Posts, post.id),
        of,
        (&stated(data), post.demo),
        around,
    );
    let mut facts: Vec<String> = post
        .published_at
        .map(|at| around.day_of(at))
        .into_iter()
        .collect();
    facts.push(kind_of_post(post, around));
    facts.extend(post.plan.area.as_ref().and_then(|area| around.area(area)));
    page.raw("<p>").text(&facts.join(" · ")).raw("</p>\n<article>\n");
    page.rendered(&post.html).raw("</article>\n");
    end_record(page, Shelf::Posts, (hash, true), around)
}

/// The names of the fields in which somebody says what they think of a publication.
pub const FEEDBACK: &[&str] = &["scale", "role", "words", "website"];

/// Returns what somebody thinks of a publication, checked by the rules of the API.
pub fn feedback(form: &Form) -> Result<NewFeedback> {
    let mut members = form.members();
    members.insert("scale".to_owned(), form.number("scale"));
    members.entry("role").or_insert_with(|| "".into());
    body::parse(Value::Object(members).to_string().as_bytes())
}

pub fn publication(publication: &Publication, form: &Form, around: &Around) -> HtmlPage {
    let language = around.language;
    let plan = &publication.plan;
    let kind = around.coded("PublicationKind", plan.kind.code());
    let description = one_line(plan.summary.as_deref().unwrap_or(&kind));
    let newest = plan.versions.iter().max_by_key(|edition| edition.on);
    let rating = publication.feedback.mean.map(|mean| {
        json!({"@type": "AggregateRating", "ratingValue": (mean * 10.0).round() / 10.0,
            "ratingCount": publication.feedback.count, "bestRating": 5, "worstRating": 1})
    });
    let data = json!({"@context": CONTEXT, "@type": "CreativeWork", "@id": format!("urn:uuid:{}", publication.id),
        "name": plan.title, "description": description, "url": around.page(Shelf::Publications, publication.id),
        "datePublished": publication.published_at, "dateModified": publication.updated_at, "inLanguage": "ja",
        "version": newest.map(|edition| &edition.label), "aggregateRating": rating});
    let mut page = Markup::default();
    let of = (plan.title.as_str(), description.as_str(), None);
    let hash = begin_record(
        &mut page,
        (Shelf::Publications, publication.id),
        of,
        (&stated(data), publication.demo),
        around,
    );
    form.write_refusal(&mut page, language);
    page.raw("<dl>\n");
    for (name, value) in [
        (choose(language, "種類", "Kind"), Some(kind)),
        (choose(language, "取組みの場所", "Site"), plan.site.clone()),
        (
            choose(language, "地域", "Area"),
            plan.area.as_ref().and_then(|area| around.area(area)),
        ),
        (choose(language, "概要", "About"), plan.summary.clone()),
        (
            choose(language, "ポイント", "Points"),
            Some(plan.points.join("\n")).filter(|points| !points.is_empty()),
        ),
        (
            choose(language, "つくりかた", "How it was made"),
            plan.making.clone(),
        ),
    ] {
        if let Some(value) = value {
            page.row(name, &value);
        }
    }
    page.raw("</dl>\n");
    write_editions(&mut page, &plan.versions, around);
    if !plan.links.is_empty() {
        page.raw("<h2>")
            .words(language, "関連するページ", "Links")
            .raw("</h2>\n<ul>\n");
        for link in &plan.links {
            page.raw("<li>").link(&link.url, &link.title).raw("</li>\n");
        }
        page.raw("</ul>\n");
    }
    write_feedback(&mut page, publication.id, &publication.feedback, form, around);
    end_record(page, Shelf::Publications, (hash, false), around)
}

fn write_editions(page: &mut Markup, editions: &[Edition], around: &Around) {
    if editions.is_empty() {
        return;
    }
    page.raw("<h2>")
        .words(around.language, "版", "Versions")
        .raw("</h2>\n<ul>\n");
    for edition in editions {
        page.raw("<li>");
        match &edition.url {
            Some(url) => page.link(url, &edition.label),
            None => page.text(&edition.label),
        };
        page.raw(" ").text(&around.day(edition.on));
        if let Some(note) = &edition.note {
            page.raw(" ").text(note);
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>\n");
}

fn write_feedback(page: &mut Markup, id: Id, known: &FeedbackSummary, form: &Form, around: &Around) {
    let language = around.language;
    page.raw("<h2 id=\"feedback\">")
        .words(language, "読んだ方の感想", "What readers think")
        .raw("</h2>\n");
    if let Some(mean) = known.mean {
        let count = known.count;
        page.raw("<p>")
            .text(&match language {
                Language::Ja => format!("5段階で平均 {mean:.1}（{count}件）"),
                Language::En => format!("{mean:.1} of 5 on average ({count})"),
            })
            .raw("</p>\n");
    }
    form.begin(page, &format!("{}/{id}/feedback", Shelf::Publications.path()));
    let ends = match language {
        Language::Ja => ["1（役に立たなかった）", "5（とても役に立った）"],
        Language::En => ["1 (no help)", "5 (a great help)"],
    };
    let role = |role: &FeedbackRole| {
        let code = role.code();
        (code.to_owned(), around.coded("FeedbackRole", code))
    };
    page.raw("<label>")
        .words(language, "役に立ちましたか", "Did it help?");
    form.write_marks(page, "scale", ends, true);
    page.raw("</label>\n");
    form.write_faults(page, "scale", language);
    page.raw("<label>").words(language, "お立場", "You are");
    let roles: Vec<(String, String)> = FeedbackRole::VARIANTS.iter().map(role).collect();
    form.write_choice(page, "role", &roles, true);
    page.raw("</label>\n");
    form.write_faults(page, "role", language);
    page.raw("<label>")
        .words(language, "ひとこと（任意）", "In words (optional)")
        .raw(" <textarea name=\"words\" rows=\"3\" maxlength=\"2000\"");
    form.end_input(page, "words");
    page.text(form.typed("words")).raw("</textarea></label>\n");
    form.write_faults(page, "words", language);
    form.write_trap(page, language);
    page.raw("<p>")
        .words(
            language,
            "お名前は書かないでください。ことばは事務局だけが読みます。",
            "Don't write names. Only the secretariat reads your words.",
        )
        .raw("</p>\n<p><button>")
        .words(language, "送る", "Send")
        .raw("</button></p>\n</form>\n");
}

/// Writes that feedback was taken.
pub fn thanks(id: Id, form: &Form, language: Language) -> HtmlPage {
    let path = format!("{}/{id}", Shelf::Publications.path());
    let title = choose(language, "感想を受け取りました", "Your feedback was taken");
    let head = Head {
        title,
        description: title,
        url: &path,
        lang: form.lang,
        ..Head::default()
    };
    let mut page = Markup::default();
    begin(&mut page, language, &head);
    page.raw("<main>\n<h1>").text(title).raw("</h1>\n<p>");
    page.words(language, "ありがとうございました。", "Thank you.")
        .raw("</p>\n<p><a href=\"");
    form.address(&mut page, &path)
        .raw("\">")
        .words(language, "資料のページへ", "To the publication")
        .raw("</a></p>\n");
    end(&mut page);
    page.into()
}

/// Leaves out what isn't known: in JSON-LD, null says nothing.
fn stated(mut data: Value) -> Value {
    if let Some(members) = data.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    data
}
