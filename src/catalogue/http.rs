//! The HTTP face of the catalogue. Everyone may read it, administrators write it.

use super::fixed::Fixed;
use super::rules::Rules;
use super::{
    Area, Catalogue, CatalogueEntry, Catalogues, DeliverableType, DeliverableTypeEntry, Names, RealDurations,
    Role, Shown, Skill, Theme, fixed, store,
};
use crate::auth::WriteCatalogue;
use crate::auth::http::{Caller, OpenReader};
use crate::db::{Db, Pool};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::disclosure::impersonal;
use crate::http::{
    Answer, Disclosure, Entity, IfMatch, Language, Page, Patch, Query, Submission, Submitter, compress,
    conditional, query::path_text,
};
use crate::values::words::AreaKind;
use crate::values::{AreaCode, Code};
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(AreaView, FamilyView, FormatView);

pub fn routes(cfg: &mut ServiceConfig) {
    types::routes(cfg);
    skills::routes(cfg);
    roles::routes(cfg);
    themes::routes(cfg);
    cfg.service(list_families)
        .service(list_formats)
        .service(list_areas);
}

/// Returns how long projects took, for kinds that show it.
fn durations<T: Shown>(db: &mut Db) -> Result<RealDurations> {
    match T::HAS_DURATIONS {
        true => store::durations(db),
        false => Ok(RealDurations::new()),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EntryFilter {
    /// Includes retired entries.
    #[serde(default)]
    include_retired: bool,
}

/// The lists that were asked for, ready to be sent.
#[derive(Default)]
pub struct CatalogueAnswers {
    lists: RwLock<HashMap<Asked, Arc<Rendered>>>,
}

/// The path, whether retired entries are included, and the language.
type Asked = (&'static str, bool, Language);

/// A list as bytes.
struct Rendered {
    /// The catalogue that it shows, or none if it never changes.
    of: Option<Arc<Catalogue>>,
    durations: RealDurations,
    plain: Bytes,
    gzip: Bytes,
    tag: HeaderValue,
}

impl CatalogueAnswers {
    /// Answers with a list, which is rendered once for each state of the catalogue.
    fn respond<T: Serialize>(
        &self,
        request: &HttpRequest,
        asked: Asked,
        of: Option<Arc<Catalogue>>,
        durations: RealDurations,
        items: impl FnOnce(&RealDurations) -> Vec<T>,
    ) -> Result<HttpResponse> {
        let is_current = |rendered: &&Arc<Rendered>| match (&rendered.of, &of) {
            (None, None) => true,
            (Some(shown), Some(current)) => Arc::ptr_eq(shown, current) && rendered.durations == durations,
            _ => false,
        };
        let known = self.lists.read().get(&asked).filter(is_current).cloned();
        let rendered = match known {
            Some(rendered) => rendered,
            None => {
                let page = Page::all(items(&durations));
                let rendered = Arc::new(Rendered::new(&page, of, durations)?);
                self.lists.write().insert(asked, Arc::clone(&rendered));
                rendered
            }
        };
        Ok(rendered.respond(request))
    }
}

impl Rendered {
    fn new<T: Serialize>(
        page: &Page<T>,
        of: Option<Arc<Catalogue>>,
        durations: RealDurations,
    ) -> Result<Rendered> {
        let failed = |e: &dyn std::fmt::Display| Error::Internal(format!("a list can't be written: {e}"));
        let plain = serde_json::to_vec(page).map_err(|e| failed(&e))?;
        Ok(Rendered {
            of,
            durations,
            tag: conditional::weak_tag(&plain),
            gzip: compress::gzip(&plain).map_err(|e| failed(&e))?.into(),
            plain: plain.into(),
        })
    }

    fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        answer
            .content_type("application/json")
            .insert_header((header::ETAG, self.tag.clone()));
        if !compress::accepts_gzip(request) {
            return Disclosure::nobody().attach(answer.body(self.plain.clone()));
        }
        let mut answer = answer.body(self.gzip.clone());
        compress::vary(answer.headers_mut());
        compress::mark_gzip(answer.headers_mut());
        Disclosure::nobody().attach(answer)
    }
}

async fn list<T: Shown>(
    pool: &Pool,
    request: &HttpRequest,
    answers: &CatalogueAnswers,
    catalogue: Arc<Catalogue>,
    filter: EntryFilter,
    language: Language,
    entries: fn(&Catalogue) -> &super::Entries<T>,
) -> Result<HttpResponse> {
    let asked = (T::KIND.path(), filter.include_retired, language);
    let durations = match T::HAS_DURATIONS {
        true => pool.lookup(durations::<T>).await?,
        false => RealDurations::new(),
    };
    answers.respond(
        request,
        asked,
        Some(Arc::clone(&catalogue)),
        durations,
        |durations| {
            let shown = entries(&catalogue)
                .iter()
                .filter(|e| filter.include_retired || !e.definition.retired());
            shown.cloned().map(|e| T::view(e, language, durations)).collect()
        },
    )
}

async fn show<T: Shown>(pool: &Pool, code: String, language: Language) -> Result<Entity<T::View>> {
    let found = pool.lookup(move |db| Ok((store::find::<T>(db, &code)?, durations::<T>(db)?)));
    let (entry, durations) = found.await?;
    Ok(Entity::composed(
        entry.version,
        T::view(entry, language, &durations),
    ))
}

async fn create<T: Rules + Shown>(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    by: Submitter,
    new: Submission<T>,
    language: Language,
) -> Result<HttpResponse> {
    let actor = by.actor.clone();
    let insert = move |db: &mut Db, new: T| {
        new.check(&*catalogues.current(db)?, None)?;
        let entry = store::insert(db, &actor, &new)?;
        let (location, version) = (format!("/v1/{}/{}", T::KIND.path(), new.code()), entry.version);
        Answer::created(
            location,
            new.code(),
            version,
            &T::view(entry, language, &durations::<T>(db)?),
        )
    };
    new.write(pool, by, insert).await
}

async fn update<T: Rules + Shown>(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    actor: String,
    code: String,
    if_match: IfMatch,
    patch: Patch<T>,
    language: Language,
) -> Result<Entity<T::View>> {
    let updated = patch.write(pool, move |db, patch| {
        let before = store::find_for_update::<T>(db, &code)?;
        if_match.check(before.version)?;
        let after = patch.apply(&before.definition)?;
        Error::together([
            after.check_change(&before.definition),
            after.check(&*catalogues.current(db)?, Some(&before.definition)),
        ])?;
        Ok((store::update(db, &actor, &before, &after)?, durations::<T>(db)?))
    });
    let (entry, durations) = updated.await?;
    Ok(Entity::composed(
        entry.version,
        T::view(entry, language, &durations),
    ))
}

/// Defines the four operations of one kind.
macro_rules! operations {
    ($module:ident, $type:ident, [$($view:tt)+], $path:tt, $path_of_one:tt, $tag:tt, $one:tt,
     $list:tt, $show:tt, $create:tt, $update:tt) => {
        mod $module {
            use super::*;

            type EntryPatch = Patch<$type>;

            pub fn routes(cfg: &mut ServiceConfig) {
                cfg.service(list).service(show).service(create).service(update);
            }

            #[utoipa::path(operation_id = $list, tag = $tag, params(EntryFilter),
                summary = concat!("List ", $one, "s"),
                description = "Returns all entries on one page. Retired entries are included with `include_retired=true`.",
                responses((status = 200, description = "All entries, in their order", body = Page<$($view)+>)))]
            #[get($path)]
            async fn list(
                _: OpenReader, request: HttpRequest, pool: Data<Pool>, catalogues: Data<Catalogues>,
                answers: Data<CatalogueAnswers>, filter: Query<EntryFilter>, language: Language,
            ) -> Result<HttpResponse> {
                let catalogue = catalogues.latest(&pool).await?;
                super::list(&pool, &request, &answers, catalogue, filter.0, language, |catalogue| &catalogue.$module).await
            }

            #[utoipa::path(operation_id = $show, tag = $tag, params(("code" = String, Path, description = "The entry's code")),
                summary = concat!("Show a ", $one), description = "Returns retired entries as well.",
                responses((status = 200, description = "The entry", body = $($view)+)))]
            #[get($path_of_one)]
            async fn show(
                _: OpenReader, request: HttpRequest, pool: Data<Pool>, language: Language,
            ) -> Result<Entity<$($view)+>> {
                super::show::<$type>(&pool, path_text(&request, "code", 200)?, language).await
            }

            #[utoipa::path(operation_id = $create, tag = $tag, security(("bearer" = ["catalogue:write"])),
                summary = concat!("Add a ", $one),
                description = "Every server can use the entry at once. Returns 409 `duplicate_code` if the code is in use.",
                request_body = $type,
                responses((status = 201, description = "Created", body = $($view)+),
                          (status = 409, description = "The code is already in use")))]
            #[post($path)]
            async fn create(
                caller: Caller<WriteCatalogue>, pool: Data<Pool>, catalogues: Data<Catalogues>,
                language: Language, new: Submission<$type>,
            ) -> Result<HttpResponse> {
                super::create(&pool, catalogues, caller.submitter(), new, language).await
            }

            #[utoipa::path(operation_id = $update, tag = $tag, security(("bearer" = ["catalogue:write"])),
                summary = concat!("Update or retire a ", $one),
                description = "Send `{\"retired\": true}` to retire the entry: new records can't use it, existing ones keep it. \
                               The code can't change.",
                params(("code" = String, Path, description = "The entry's code")),
                request_body(content = inline(EntryPatch), content_type = "application/merge-patch+json"),
                responses((status = 200, description = "Updated", body = $($view)+)))]
            #[patch($path_of_one)]
            async fn update(
                caller: Caller<WriteCatalogue>, request: HttpRequest, pool: Data<Pool>, catalogues: Data<Catalogues>,
                if_match: IfMatch, language: Language, patch: Patch<$type>,
            ) -> Result<Entity<$($view)+>> {
                let code = path_text(&request, "code", 200)?;
                super::update(&pool, catalogues, caller.actor(), code, if_match, patch, language).await
            }
        }
    };
}

operations!(
    types,
    DeliverableType,
    [DeliverableTypeEntry],
    "/deliverable-types",
    "/deliverable-types/{code}",
    "Catalogue",
    "deliverable type",
    "list_deliverable_types",
    "show_deliverable_type",
    "create_deliverable_type",
    "update_deliverable_type"
);
operations!(
    skills,
    Skill,
    [CatalogueEntry<Skill>],
    "/skills",
    "/skills/{code}",
    "Catalogue",
    "skill",
    "list_skills",
    "show_skill",
    "create_skill",
    "update_skill"
);
operations!(
    roles,
    Role,
    [CatalogueEntry<Role>],
    "/roles",
    "/roles/{code}",
    "Catalogue",
    "role",
    "list_roles",
    "show_role",
    "create_role",
    "update_role"
);
operations!(
    themes,
    Theme,
    [CatalogueEntry<Theme>],
    "/themes",
    "/themes/{code}",
    "Catalogue",
    "theme",
    "list_themes",
    "show_theme",
    "create_theme",
    "update_theme"
);

/// A family of deliverable types.
#[derive(Debug, Serialize, ToSchema)]
struct FamilyView {
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,63}$", example = "print")]
    code: Code,
    /// The name in the language of `Accept-Language`.
    #[schema(example = "印刷物")]
    label: String,
    names: Names,
}

/// A format with its usual hours and weeks.
#[derive(Debug, Serialize, ToSchema)]
struct FormatView {
    #[schema(example = "one_day")]
    code: fixed::Format,
    /// The name in the language of `Accept-Language`.
    #[schema(example = "1日")]
    label: String,
    names: Names,
    /// Usual hours a week of each member of the team.
    #[schema(example = 8)]
    hours_per_week: u16,
    #[schema(example = 1)]
    weeks: u16,
}

/// A municipality, or a ward of a designated city.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"code": "131041", "label": "新宿区", "names": {"ja": "新宿区", "en": "Shinjuku-ku"},
    "full_name": "東京都新宿区", "kana": "しんじゅくく", "kind": "special_ward", "prefecture": "13", "prefecture_name": "東京都",
    "parent": null, "latitude": 35.69384, "longitude": 139.70355, "island": false, "island_name": null, "served": true}))]
struct AreaView {
    code: AreaCode,
    /// The name in the language of `Accept-Language`.
    #[schema(example = "新宿区")]
    label: String,
    names: Names,
    /// With the prefecture, and the county or the designated city; in the language of `Accept-Language`.
    #[schema(example = "東京都新宿区")]
    full_name: String,
    #[schema(example = "しんじゅくく")]
    kana: String,
    #[schema(example = "special_ward", value_type = AreaKind)]
    kind: String,
    /// The first two digits of the prefecture's codes.
    #[schema(example = "13")]
    prefecture: String,
    /// In the language of `Accept-Language`.
    #[schema(example = "東京都")]
    prefecture_name: String,
    /// The designated city of a ward.
    parent: Option<AreaCode>,
    /// Of the town hall, degrees north (WGS 84).
    #[schema(example = 35.69384)]
    latitude: f64,
    /// Of the town hall, degrees east (WGS 84).
    #[schema(example = 139.70355)]
    longitude: f64,
    /// Whether it lies on an island. In person, people come from the same island only.
    #[schema(example = false)]
    island: bool,
    island_name: Option<String>,
    /// Whether organizations, deliverables and users may be of this area. Workers may live anywhere.
    #[schema(example = true)]
    served: bool,
}

impl AreaView {
    fn of(fixed: &Fixed, area: &Area, language: Language) -> AreaView {
        let prefecture = fixed.areas.prefecture(&area.code);
        let names = Names {
            ja: area.name.clone(),
            en: area.english.clone(),
        };
        let (full_name, prefecture_name) = match language {
            Language::Ja => (fixed.areas.full_name(area), prefecture.map(|p| &p.name)),
            Language::En => (fixed.areas.full_english(area), prefecture.map(|p| &p.english)),
        };
        AreaView {
            code: area.code.clone(),
            label: names.in_language(language).to_owned(),
            names,
            full_name,
            kana: area.kana.clone(),
            kind: area.kind.clone(),
            prefecture: prefecture.map(|p| p.code.clone()).unwrap_or_default(),
            prefecture_name: prefecture_name.cloned().unwrap_or_default(),
            parent: area.parent.clone(),
            latitude: area.latitude,
            longitude: area.longitude,
            island: area.island.is_some(),
            island_name: area.island.clone(),
            served: fixed.is_served(&area.code),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AreaFilter {
    /// Includes areas that aren't served.
    #[serde(default)]
    include_unserved: bool,
    /// The first two digits of the prefecture's codes.
    #[param(pattern = "^[0-9]{2}$", example = "13")]
    prefecture: Option<String>,
    /// The designated city of wards.
    #[param(value_type = Option<String>, pattern = "^[0-9]{5,6}$", example = "011002")]
    parent: Option<AreaCode>,
    /// Parts of the full name, the reading or the English name, in any spelling; or a code, or the name of a former municipality.
    #[param(max_length = 200, example = "しんじゅく")]
    q: Option<String>,
}

/// A parameter that names what doesn't exist is 422.
fn unknown(parameter: &str, code: &'static str, rule: Text) -> Error {
    Error::Invalid(vec![FieldError::parameter(parameter, code, rule)])
}

impl AreaFilter {
    /// Checks the parameters, and completes the city's code.
    fn check(&mut self, fixed: &Fixed) -> Result<()> {
        if let Some(code) = &self.prefecture
            && !fixed
                .areas
                .prefectures
                .iter()
                .any(|prefecture| prefecture.code == *code)
        {
            let rule = Text::new(
                "都道府県コードは01〜47の2桁の数字で指定してください。",
                "A prefecture has two digits, 01 to 47.",
            );
            return Err(unknown("prefecture", "unknown_prefecture", rule));
        }
        if let Some(code) = &mut self.parent {
            match fixed.areas.find(code) {
                Some(city) => *code = city.code.clone(),
                None => {
                    let rule = Text::new("この区市町村は登録されていません。", "There is no such area.");
                    return Err(unknown("parent", "unknown_area", rule));
                }
            }
        }
        if self.q.as_ref().is_some_and(|q| q.chars().count() > 200) {
            let rule = Text::new("200文字以内で指定してください。", "Use at most 200 characters.");
            return Err(Error::parameter("q", "invalid_length", rule));
        }
        Ok(())
    }

    fn is_everything(&self) -> bool {
        self.prefecture.is_none() && self.parent.is_none() && self.q.is_none()
    }

    /// Lists the areas that pass, in the order of their codes.
    fn list(&self, fixed: &Fixed, language: Language) -> Vec<AreaView> {
        let within = |code: &str| {
            self.prefecture
                .as_ref()
                .is_none_or(|prefecture| code.starts_with(prefecture))
        };
        let wanted = self.q.as_ref().map(|q| fixed.areas.search(q));
        let all = (0..).zip(&fixed.areas.all).zip(&fixed.served);
        let passing = all.filter(|((i, area), served)| {
            (self.include_unserved || **served)
                && within(&area.code)
                && (self.parent.is_none() || area.parent == self.parent)
                && wanted.as_ref().is_none_or(|found| found.contains(i))
        });
        passing
            .map(|((_, area), _)| AreaView::of(fixed, area, language))
            .collect()
    }
}

/// List families
///
/// Every deliverable type belongs to a family. Families don't change.
#[utoipa::path(operation_id = "list_families", tag = "Catalogue",
    responses((status = 200, description = "All families", body = Page<FamilyView>)))]
#[get("/families")]
async fn list_families(
    _: OpenReader,
    request: HttpRequest,
    catalogues: Data<Catalogues>,
    answers: Data<CatalogueAnswers>,
    language: Language,
) -> Result<HttpResponse> {
    let view = |f: &super::Family| FamilyView {
        code: f.code.clone(),
        label: f.names.in_language(language).to_owned(),
        names: f.names.clone(),
    };
    let families = &catalogues.fixed().families;
    let asked = ("families", false, language);
    answers.respond(&request, asked, None, RealDurations::new(), |_| {
        families.iter().map(view).collect()
    })
}

/// List formats
///
/// Lists the ways in which a deliverable is done, with the usual hours and weeks.
#[utoipa::path(operation_id = "list_formats", tag = "Catalogue",
    responses((status = 200, description = "All formats", body = Page<FormatView>)))]
#[get("/formats")]
async fn list_formats(
    _: OpenReader,
    request: HttpRequest,
    catalogues: Data<Catalogues>,
    answers: Data<CatalogueAnswers>,
    language: Language,
) -> Result<HttpResponse> {
    let view = |f: &super::FormatDefaults| FormatView {
        code: f.code,
        label: f.names.in_language(language).to_owned(),
        names: f.names.clone(),
        hours_per_week: f.hours_per_week,
        weeks: f.weeks,
    };
    let formats = &catalogues.fixed().formats;
    let asked = ("formats", false, language);
    answers.respond(&request, asked, None, RealDurations::new(), |_| {
        formats.iter().map(view).collect()
    })
}

/// List areas
///
/// Lists the municipalities that are served, with the positions of their town halls; with `include_unserved=true` all of
/// Japan's, 1,912 with the wards of designated cities. They are on one page, in the order of their codes.
///
/// Where you show this data, show its sources: 「デジタル庁 アドレス・ベース・レジストリを加工」,
/// 「政府統計の総合窓口(e-Stat)を加工」,「国土数値情報（行政区域データ）（国土交通省）を加工して作成」.
#[utoipa::path(operation_id = "list_areas", tag = "Catalogue", params(AreaFilter),
    responses((status = 200, description = "The areas", body = Page<AreaView>)))]
#[get("/areas")]
async fn list_areas(
    _: OpenReader,
    request: HttpRequest,
    catalogues: Data<Catalogues>,
    answers: Data<CatalogueAnswers>,
    filter: Query<AreaFilter>,
    language: Language,
) -> Result<HttpResponse> {
    let (fixed, mut filter) = (catalogues.fixed(), filter.0);
    filter.check(fixed)?;
    if filter.is_everything() {
        let asked = ("areas", filter.include_unserved, language);
        return answers.respond(&request, asked, None, RealDurations::new(), |_| {
            filter.list(fixed, language)
        });
    }
    Ok(Rendered::new(
        &Page::all(filter.list(fixed, language)),
        None,
        RealDurations::new(),
    )?
    .respond(&request))
}
