//! Listings as pages for people, search engines and previews of links. They have no scripts.

use super::form::{self, Form};
use super::markup::{Head, Markup, begin, choose, end};
use super::{Listing, ListingRegistration, jsonld, wording};
use crate::catalogue::Catalogue;
use crate::db::Id;
use crate::error::{Error, Text};
use crate::events::{EventKind, EventStatus, ListingFilter};
use crate::http::Language;
use crate::values::words;
use strum::VariantArray;

pub const STYLE: &str = include_str!("listings.css");

/// How much of a description a preview has, in characters.
const PREVIEW: usize = 160;

/// A page, and what its policy has to allow.
pub struct HtmlPage {
    pub text: String,
    /// The hash of the data about the event, if the page has some.
    pub data_hash: Option<String>,
}

fn kind_name(kind: EventKind, language: Language) -> String {
    language.choose(&words::text("EventKind", kind.code())).to_owned()
}

fn cancelled(one: &Listing, language: Language) -> Option<&'static str> {
    (one.status == EventStatus::Cancelled).then(|| choose(language, "中止", "Cancelled"))
}

/// Which list a page shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ListPage {
    Events,
    /// Openings for volunteers.
    Openings,
}

impl ListPage {
    pub fn path(self) -> &'static str {
        match self {
            ListPage::Events => "/events",
            ListPage::Openings => "/openings",
        }
    }

    /// Returns what its page views are counted by.
    pub fn id(self) -> Id {
        Id(uuid::Uuid::from_u128(match self {
            ListPage::Events => 1,
            ListPage::Openings => 2,
        }))
    }

    fn title(self, language: Language) -> &'static str {
        match self {
            ListPage::Events => choose(language, "地域のイベント", "Events"),
            ListPage::Openings => choose(language, "ボランティア募集", "Openings for volunteers"),
        }
    }
}

/// Writes a list. `query` is that of the request, without the cursor.
pub fn list(
    which: ListPage,
    listings: &[Listing],
    catalogue: &Catalogue,
    (base, query, next): (&str, &str, Option<&str>),
    filter: &ListingFilter,
    language: Language,
) -> HtmlPage {
    let base = base.trim_end_matches('/');
    let mut of_kind = form_urlencoded::Serializer::new(String::new());
    of_kind.extend_pairs(form_urlencoded::parse(query.as_bytes()));
    if which == ListPage::Openings {
        of_kind.append_pair("kind", EventKind::VolunteerOpening.code());
    }
    let of_kind = of_kind.finish();
    let with = |path: &str, query: &str| match query {
        "" => format!("{base}{path}"),
        query => format!("{base}{path}?{query}"),
    };
    let others = [
        ("text/calendar", with("/v1/listings.ics", &of_kind)),
        ("application/atom+xml", with("/v1/listings.atom", &of_kind)),
        ("text/csv", with("/v1/listings.csv", &of_kind)),
    ];
    let title = which.title(language);
    let head = Head {
        title,
        description: choose(
            language,
            "これから開かれるイベント、講座、ボランティア募集の一覧です。",
            "Events, courses and openings for volunteers that are still to come.",
        ),
        url: &with(which.path(), query),
        others: &others,
        is_indexed: true,
    };
    let mut page = Markup::default();
    begin(&mut page, language, &head);
    page.raw("<main>\n<h1>").text(title).raw("</h1>\n");
    form(&mut page, which, filter, language);
    page.raw("<ul class=\"listings\">\n");
    for one in listings {
        page.raw("<li><h2>")
            .link(&one.links.page, &one.title)
            .raw("</h2>\n<p>");
        if let Some(cancelled) = cancelled(one, language) {
            page.raw("<strong>").text(cancelled).raw("</strong> ");
        } else if let Some(full) = wording::full(one, language) {
            page.raw("<strong>").text(&full).raw("</strong> ");
        }
        let mut facts = vec![kind_name(one.kind, language)];
        facts.extend(wording::times(one, language).into_iter().next());
        facts.extend(wording::place(one, language));
        facts.extend(wording::fee(one, language));
        let areas = wording::areas(&one.areas, catalogue, language);
        facts.extend((!areas.is_empty()).then(|| areas.join(choose(language, "、", ", "))));
        page.text(&facts.join(" · ")).raw("</p></li>\n");
    }
    page.raw("</ul>\n");
    if listings.is_empty() {
        let (nothing_ja, nothing_en) = match which {
            ListPage::Events => ("該当するイベントはありません。", "There is no such event."),
            ListPage::Openings => ("該当する募集はありません。", "There is no such opening."),
        };
        page.raw("<p>")
            .words(language, nothing_ja, nothing_en)
            .raw("</p>\n");
    }
    if let Some(next) = next {
        let mut further = form_urlencoded::Serializer::new(String::new());
        further.extend_pairs(form_urlencoded::parse(query.as_bytes()));
        let further = further.append_pair("cursor", next).finish();
        page.raw("<p>")
            .link(
                &format!("{}?{further}", which.path()),
                choose(language, "続きを見る", "Further events"),
            )
            .raw("</p>\n");
    }
    formats(&mut page, &others, language);
    end(&mut page);
    HtmlPage {
        text: page.0,
        data_hash: None,
    }
}

/// Writes the filters as a form, which needs no script.
fn form(page: &mut Markup, which: ListPage, filter: &ListingFilter, language: Language) {
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    page.raw("<form method=\"get\" role=\"search\">\n");
    let inputs = [
        (
            "q",
            "search",
            choose(language, "ことば", "Words"),
            filter.q.clone().unwrap_or_default(),
        ),
        (
            "from",
            "date",
            choose(language, "この日から", "From"),
            day(filter.from),
        ),
        ("to", "date", choose(language, "この日まで", "To"), day(filter.to)),
        (
            "area",
            "text",
            choose(language, "地域コード（131041）", "Code of the area (131041)"),
            filter.area.as_ref().map(ToString::to_string).unwrap_or_default(),
        ),
    ];
    for (name, kind, label, value) in inputs {
        page.raw("<label>")
            .text(label)
            .raw(" <input name=\"")
            .text(name)
            .raw("\" type=\"")
            .text(kind)
            .raw("\" value=\"")
            .text(&value)
            .raw("\"></label>\n");
    }
    if which == ListPage::Events {
        let chosen = filter.kind.as_ref().and_then(|kinds| match kinds.0.as_slice() {
            [one] => Some(*one),
            _ => None,
        });
        page.raw("<label>")
            .words(language, "種類", "Kind")
            .raw(" <select name=\"kind\"><option value=\"\">")
            .words(language, "すべて", "All")
            .raw("</option>");
        for kind in EventKind::VARIANTS {
            page.raw("<option value=\"").text(kind.code());
            page.raw(if chosen == Some(*kind) {
                "\" selected>"
            } else {
                "\">"
            });
            page.text(&kind_name(*kind, language)).raw("</option>");
        }
        page.raw("</select></label>\n");
    }
    for (name, label, is_set) in [
        ("free", choose(language, "無料", "Free of charge"), filter.free),
        (
            "online",
            choose(language, "オンライン可", "Online"),
            filter.online,
        ),
        (
            "wheelchair",
            choose(language, "車椅子可", "Accessible by wheelchair"),
            filter.wheelchair,
        ),
    ] {
        page.raw("<label><input type=\"checkbox\" value=\"true\" name=\"")
            .text(name);
        page.raw(if is_set { "\" checked> " } else { "\"> " });
        page.text(label).raw("</label>\n");
    }
    if let Some(lang) = filter.lang {
        page.raw("<input type=\"hidden\" name=\"lang\" value=\"")
            .text(lang.tag())
            .raw("\">\n");
    }
    page.raw("<button>")
        .words(language, "さがす", "Search")
        .raw("</button>\n</form>\n");
}

fn formats(page: &mut Markup, others: &[(&'static str, String)], language: Language) {
    page.raw("<p class=\"formats\">");
    for (media_type, url) in others {
        let name = match *media_type {
            "text/calendar" => choose(language, "カレンダー（iCalendar）", "Calendar (iCalendar)"),
            "application/atom+xml" => choose(language, "更新情報（Atom）", "News (Atom)"),
            "text/csv" => choose(language, "表計算（CSV）", "Spreadsheet (CSV)"),
            other => other,
        };
        page.link(url, name).raw(" ");
    }
    page.raw("</p>\n");
}

/// Writes the other sessions of a series, and which of them still have places.
fn write_siblings(page: &mut Markup, one: &Listing, siblings: &[Listing], language: Language) {
    if siblings.is_empty() {
        return;
    }
    page.raw("<h2>")
        .words(language, "同じシリーズのほかの回", "Other sessions of the series")
        .raw("</h2>\n");
    let takes_nobody = |other: &Listing| other.registration.is_full() || !other.registration.takes();
    if one.registration.is_full() && siblings.iter().all(takes_nobody) {
        page.raw("<p><strong>")
            .words(
                language,
                "ほかの回にも空席はありません。",
                "No other session has a free place.",
            )
            .raw("</strong></p>\n");
    }
    page.raw("<ul class=\"listings\">\n");
    for other in siblings {
        let name = match &other.number {
            Some(number) => format!("{} {number}", other.title),
            None => other.title.clone(),
        };
        let mut facts: Vec<String> = wording::times(other, language).into_iter().take(1).collect();
        let state: &str = other.registration.into();
        facts.push(match cancelled(other, language) {
            Some(cancelled) => cancelled.to_owned(),
            None => language
                .choose(&words::text("ListingRegistration", state))
                .to_owned(),
        });
        page.raw("<li>")
            .link(&other.links.page, &name)
            .raw(" ")
            .text(&facts.join(" · "))
            .raw("</li>\n");
    }
    page.raw("</ul>\n");
}

/// Writes one listing, with the other sessions of its series and the form for registering.
pub fn one(
    (one, siblings): (&Listing, &[Listing]),
    catalogue: &Catalogue,
    form: &Form,
    language: Language,
) -> HtmlPage {
    let when = wording::times(one, language);
    let place = wording::place(one, language);
    let facts = when
        .iter()
        .take(1)
        .chain(&place)
        .cloned()
        .collect::<Vec<_>>()
        .join(" · ");
    let description = match &one.description {
        Some(text) => wording::cut(&format!("{facts} {text}").replace('\n', " "), PREVIEW),
        None => facts,
    };
    let others = [
        ("text/calendar", one.links.calendar.clone()),
        ("application/ld+json", one.links.json_ld.clone()),
        ("application/json", one.links.json.clone()),
    ];
    let head = Head {
        title: &one.title,
        description: &description,
        url: &one.links.page,
        others: &others,
        is_indexed: !one.over,
    };
    let mut page = Markup::default();
    begin(&mut page, language, &head);
    let data_hash = page.data(&jsonld::one(one));
    page.raw("<main>\n<h1>").text(&one.title).raw("</h1>\n");
    form::write_refusal(&mut page, form, language);
    if let Some(cancelled) = cancelled(one, language) {
        page.raw("<p><strong>").text(cancelled).raw("</strong></p>\n");
    } else if one.over {
        page.raw("<p><strong>")
            .words(language, "終了しました", "This is over")
            .raw("</strong></p>\n");
    } else if let Some(full) = wording::full(one, language) {
        page.raw("<p><strong>").text(&full).raw("</strong></p>\n");
    }
    page.raw("<dl>\n");
    let own = |text: Option<&String>| text.cloned();
    let series = one.series.as_ref().map(|series| match &one.number {
        Some(number) => format!("{series} {number}"),
        None => series.clone(),
    });
    let contact = one.contact.as_ref().map(|contact| match &contact.phone {
        Some(phone) => format!("{} {phone}", contact.office),
        None => contact.office.clone(),
    });
    let wheelchair = one
        .place
        .as_ref()
        .and_then(|place| place.wheelchair)
        .map(|is| match is {
            true => choose(language, "利用できます", "accessible").to_owned(),
            false => choose(language, "利用できません", "not accessible").to_owned(),
        });
    let speakers: Vec<String> = one
        .speakers
        .iter()
        .map(|speaker| match &speaker.affiliation {
            Some(of) => format!("{}（{of}）", speaker.name),
            None => speaker.name.clone(),
        })
        .collect();
    let breakouts: Vec<String> = one
        .breakouts
        .iter()
        .map(|breakout| breakout.title.clone())
        .collect();
    let several = |texts: Vec<String>| Some(texts.join("\n")).filter(|text| !text.is_empty());
    let registration =
        one.links
            .register
            .as_ref()
            .map(|_| match one.registration_closes_at {
                Some(closes) => format!(
                    "{} {}",
                    wording::moment(closes, language),
                    choose(language, "まで", "at the latest")
                ),
                None => wording::full(one, language)
                    .unwrap_or_else(|| choose(language, "受付中", "open").to_owned()),
            });
    let yen = wording::fee(one, language);
    let capacity = one.capacity.map(|capacity| capacity.to_string());
    let rows = [
        (choose(language, "お知らせ", "Notice"), own(one.notice.as_ref())),
        (choose(language, "日時", "When"), several(when)),
        (choose(language, "場所", "Where"), place),
        (choose(language, "車椅子", "Wheelchairs"), wheelchair),
        (
            choose(language, "種類", "Kind"),
            Some(kind_name(one.kind, language)),
        ),
        (choose(language, "シリーズ", "Series"), series),
        (choose(language, "内容", "About"), own(one.description.as_ref())),
        (choose(language, "対象", "For"), own(one.audience.as_ref())),
        (choose(language, "費用", "Cost"), yen),
        (choose(language, "定員", "Places"), capacity),
        (choose(language, "講師", "Speakers"), several(speakers)),
        (choose(language, "分科会", "Breakouts"), several(breakouts)),
        (
            choose(language, "地域", "Areas"),
            several(wording::areas(&one.areas, catalogue, language)),
        ),
        (choose(language, "主催", "Hosts"), several(one.hosts.clone())),
        (choose(language, "申込み", "Registration"), registration),
        (choose(language, "問い合わせ", "Contact"), contact),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            page.row(name, &value);
        }
    }
    page.raw("</dl>\n<p>");
    if let Some(url) = &one.url {
        page.link(url, choose(language, "詳しいページ", "More about it"))
            .raw(" ");
    }
    page.link(
        &one.links.calendar,
        choose(language, "カレンダーに追加", "Add to a calendar"),
    )
    .raw(" ")
    .link(
        ListPage::Events.path(),
        choose(language, "イベントの一覧", "All events"),
    )
    .raw("</p>\n");
    write_siblings(&mut page, one, siblings, language);
    if one.links.register.is_some() {
        let waits = one.registration == ListingRegistration::WaitingList;
        form::write(&mut page, (one.id, one.capacity), form, waits, language);
    }
    if !one.over {
        form::write_cancellation(&mut page, one.id, form, language);
    }
    end(&mut page);
    HtmlPage {
        text: page.0,
        data_hash: Some(data_hash),
    }
}

/// Writes what is wrong with a request.
pub fn refused(error: &Error, language: Language) -> String {
    let detail = match error.fields().first() {
        Some(field) => &field.message,
        None => &error.detail(),
    };
    let title = Text::new("表示できません", "This can't be shown");
    let head = Head {
        title: language.choose(&title),
        description: language.choose(detail),
        url: ListPage::Events.path(),
        others: &[],
        is_indexed: false,
    };
    let mut page = Markup::default();
    begin(&mut page, language, &head);
    page.raw("<main>\n<h1>")
        .text(head.title)
        .raw("</h1>\n<p>")
        .text(head.description)
        .raw("</p>\n<p>")
        .link(
            ListPage::Events.path(),
            choose(language, "イベントの一覧", "All events"),
        )
        .raw("</p>\n");
    end(&mut page);
    page.0
}
