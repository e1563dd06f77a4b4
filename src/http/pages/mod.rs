//! Pages for people, search engines and previews of links: how they are asked for, and answered. Nothing runs in them.
//!
//! `markup`: writing them. `form`: what somebody typed, and what is wrong with it.

pub mod form;
pub mod markup;

use super::{Disclosure, Language, body, conditional, edge};
use crate::db::Instant;
use crate::error::{Error, Result, Text};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use form::Form;
use markup::{Head, Markup, NamedLanguage, begin, end};
use std::time::Duration;

/// How long caches keep what everybody reads.
pub const MAX_AGE: Duration = Duration::from_secs(60);

const HTML: &str = "text/html; charset=utf-8";

/// What a browser sends of a form, and how much of it.
const FORM: &str = "application/x-www-form-urlencoded";
const LONGEST_FORM_BYTES: usize = 64 * 1024;

/// A page, and what its policy has to allow.
#[derive(Default)]
pub struct HtmlPage {
    pub text: String,
    /// The hash of the data for programs, if the page has some.
    pub data_hash: Option<String>,
    /// Whether it shows pictures, which are loaded by https.
    pub has_pictures: bool,
}

impl From<Markup> for HtmlPage {
    fn from(page: Markup) -> HtmlPage {
        HtmlPage {
            text: page.text,
            ..HtmlPage::default()
        }
    }
}

/// A page that everybody reads, and when what it shows changed last.
pub type Found = Result<(HtmlPage, Option<Instant>)>;

/// What a request for a page asks for.
pub struct Asked {
    pub language: Language,
    /// Whether the address names the language. Otherwise it is that of the reader's browser.
    is_named: bool,
    /// The query without fields that are empty, as a form sends them.
    pub query: String,
    /// Whether the page itself is asked for.
    is_read: bool,
}

impl Asked {
    pub fn of(request: &HttpRequest) -> Asked {
        let query = without(request.query_string(), &[]);
        let named = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "lang")
            .map(|(_, lang)| if lang == "en" { Language::En } else { Language::Ja });
        Asked {
            language: named.unwrap_or_else(|| Language::of(request)),
            is_named: named.is_some(),
            query,
            is_read: edge::is_read(request),
        }
    }

    /// Returns whether a page was found and read, which counts as a view.
    pub fn is_view(&self, found: &Found) -> bool {
        self.is_read && found.is_ok()
    }

    /// Returns an empty form of fields with these names, which is answered in the language of this page.
    pub fn form(&self, names: &'static [&'static str]) -> Form {
        Form::new(names, self.lang())
    }

    /// Returns the language if the address names it.
    pub fn lang(&self) -> NamedLanguage {
        NamedLanguage(self.is_named.then_some(self.language))
    }

    /// Reads the form that a browser sends.
    pub async fn read_form(
        &self,
        names: &'static [&'static str],
        request: &HttpRequest,
        payload: web::Payload,
    ) -> Result<Form> {
        let sent = body::read(request, &mut payload.into_inner(), FORM, LONGEST_FORM_BYTES).await?;
        Ok(self.form(names).read(&sent))
    }

    /// Answers with a page for everybody.
    pub fn answer(&self, found: Found) -> HttpResponse {
        let (page, changed_at) = match found {
            Ok(found) => found,
            Err(error) => return self.refuse(&error),
        };
        let mut answer = written(StatusCode::OK, page);
        if !self.is_named {
            let vary = HeaderValue::from_static("Accept-Language");
            answer.headers_mut().append(header::VARY, vary);
        }
        Disclosure::nobody().attach(conditional::publish(answer, MAX_AGE, changed_at))
    }

    /// Answers with a page for its reader, which no cache keeps.
    pub fn answer_privately(&self, page: HtmlPage) -> HttpResponse {
        keep_nowhere(written(StatusCode::OK, page))
    }

    /// Answers a form that was refused with the page on which it is.
    pub fn answer_refused(&self, error: &Error, page: HtmlPage) -> HttpResponse {
        refused(error, page)
    }

    /// Leads from the address that a form is sent to, where a browser is afterwards, to the page of the form.
    pub fn lead_to(&self, path: &str) -> HttpResponse {
        let address = self.lang().address(path);
        keep_nowhere(
            HttpResponse::SeeOther()
                .insert_header((header::LOCATION, address))
                .finish(),
        )
    }

    /// Answers with what is wrong with the request.
    pub fn refuse(&self, error: &Error) -> HttpResponse {
        if let Some(reason) = error.internal_reason() {
            tracing::error!(code = error.code(), reason, "a page failed");
        }
        refused(error, what_is_wrong(error, self).into())
    }
}

fn written(status: StatusCode, page: HtmlPage) -> HttpResponse {
    let mut answer = HttpResponse::build(status).content_type(HTML).body(page.text);
    // A page has a style, an icon, forms, perhaps pictures, and at most data for programs.
    let script = page
        .data_hash
        .map(|hash| format!(" script-src 'sha256-{hash}';"))
        .unwrap_or_default();
    let pictures = if page.has_pictures { " https:" } else { "" };
    let policy = format!(
        "default-src 'none'; style-src 'self';{script} img-src 'self'{pictures}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn keep_nowhere(mut answer: HttpResponse) -> HttpResponse {
    let control = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(header::CACHE_CONTROL, control);
    answer
}

fn refused(error: &Error, page: HtmlPage) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = keep_nowhere(written(status, page));
    if let Some(wait_s) = error.retry_after_s() {
        let wait = HeaderValue::from(wait_s);
        answer.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    answer
}

fn what_is_wrong(error: &Error, asked: &Asked) -> Markup {
    let language = asked.language;
    let detail = match error.fields().first() {
        Some(field) => &field.message,
        None => &error.detail(),
    };
    let title = Text::new("表示できません", "This can't be shown");
    let head = Head {
        title: language.choose(&title),
        description: language.choose(detail),
        url: "/events",
        is_indexed: false,
        lang: asked.lang(),
        ..Head::default()
    };
    let mut page = Markup::default();
    begin(&mut page, language, &head);
    page.raw("<main>\n<h1>")
        .text(head.title)
        .raw("</h1>\n<p>")
        .text(head.description)
        .raw("</p>\n");
    end(&mut page);
    page
}

/// What newsletters and social networks append to an address that they pass on. A link with it leads to the same page.
fn is_appended(name: &str) -> bool {
    const CLICKS: [&str; 7] = [
        "fbclid", "gclid", "yclid", "msclkid", "twclid", "igshid", "mc_eid",
    ];
    name.starts_with("utm_") || CLICKS.contains(&name)
}

/// Leaves out empty fields of a query, those with these names, and what others append to addresses.
pub fn without(query: &str, names: &[&str]) -> String {
    let is_kept = |name: &str| !names.contains(&name) && !is_appended(name);
    let kept =
        form_urlencoded::parse(query.as_bytes()).filter(|(name, value)| !value.is_empty() && is_kept(name));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .finish()
}
