//! The HTTP face of the catalogue. Everyone may read it, administrators write it.

use super::rules::Rules;
use super::{
    Area, Catalogue, Catalogues, Definition, DeliverableType, Entry, Role, Skill, Theme, fixed, store,
};
use crate::auth::{WriteCatalogue, http::Caller};
use crate::db::Pool;
use crate::error::Result;
use crate::http::{
    Answer, Entity, IfMatch, Language, Page, Patch, Query, Submission, Submitter, query::path_text,
};
use crate::values::{AreaCode, Code};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    types::routes(cfg);
    skills::routes(cfg);
    roles::routes(cfg);
    themes::routes(cfg);
    cfg.service(list_families)
        .service(list_formats)
        .service(list_areas);
}

/// An entry of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogueEntry<T> {
    #[serde(flatten)]
    pub definition: T,
    /// The name in the language of `Accept-Language`.
    #[schema(example = "チラシ")]
    pub label: String,
    /// Grows with each change. Also the ETag.
    #[schema(minimum = 1, example = 1)]
    pub version: i64,
}

impl<T: Definition> CatalogueEntry<T> {
    fn of(entry: Entry<T>, language: Language) -> CatalogueEntry<T> {
        let label = entry.definition.names().in_language(language).to_owned();
        CatalogueEntry {
            label,
            version: entry.version,
            definition: entry.definition,
        }
    }
}

impl<T: Definition> CatalogueEntry<T> {
    fn tagged(entry: Entry<T>, language: Language) -> Entity<CatalogueEntry<T>> {
        let (version, language_tag) = (entry.version, Some(language));
        Entity {
            version,
            language: language_tag,
            body: CatalogueEntry::of(entry, language),
        }
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

async fn list<T: Definition>(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    filter: EntryFilter,
    language: Language,
    entries: fn(&Catalogue) -> &super::Entries<T>,
) -> Result<Page<CatalogueEntry<T>>> {
    let catalogue = pool.read(move |db| catalogues.current(db)).await?;
    let shown = entries(&catalogue)
        .iter()
        .filter(|e| filter.include_retired || !e.definition.retired());
    Ok(Page {
        items: shown.cloned().map(|e| CatalogueEntry::of(e, language)).collect(),
        next: None,
    })
}

async fn show<T: Definition>(
    pool: &Pool,
    code: String,
    language: Language,
) -> Result<Entity<CatalogueEntry<T>>> {
    let entry = pool.read(move |db| store::find::<T>(db, &code)).await?;
    Ok(CatalogueEntry::tagged(entry, language))
}

async fn create<T: Rules>(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    by: Submitter,
    new: Submission<T>,
    language: Language,
) -> Result<HttpResponse> {
    let actor = by.actor.clone();
    let insert = move |db: &mut crate::db::Db, new: T| {
        new.check(&*catalogues.current(db)?, None)?;
        let entry = store::insert(db, &actor, &new)?;
        let (location, version) = (format!("/v1/{}/{}", T::KIND.path(), new.code()), entry.version);
        Answer::created(
            location,
            new.code(),
            version,
            &CatalogueEntry::of(entry, language),
        )
    };
    new.write(pool, by, insert).await
}

async fn update<T: Rules>(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    actor: String,
    code: String,
    if_match: IfMatch,
    patch: Patch<T>,
    language: Language,
) -> Result<Entity<CatalogueEntry<T>>> {
    let updated = pool.write(move |db| {
        let before: Entry<T> = store::find_for_update(db, &code)?;
        if_match.check(before.version)?;
        let after = patch.apply(&before.definition)?;
        after.check_change(&before.definition)?;
        after.check(&*catalogues.current(db)?, Some(&before.definition))?;
        store::update(db, &actor, &before, &after)
    });
    let entry = updated.await?;
    Ok(CatalogueEntry::tagged(entry, language))
}

/// Defines the four operations of one kind.
macro_rules! operations {
    ($module:ident, $type:ident, $path:tt, $path_of_one:tt, $tag:tt, $one:tt,
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
                responses((status = 200, description = "All entries, in their order", body = Page<CatalogueEntry<$type>>)))]
            #[get($path)]
            async fn list(
                pool: Data<Pool>, catalogues: Data<Catalogues>, filter: Query<EntryFilter>, language: Language,
            ) -> Result<Page<CatalogueEntry<$type>>> {
                super::list(&pool, catalogues, filter.0, language, |catalogue| &catalogue.$module).await
            }

            #[utoipa::path(operation_id = $show, tag = $tag, params(("code" = String, Path, description = "The entry's code")),
                summary = concat!("Show a ", $one), description = "Returns retired entries as well.",
                responses((status = 200, description = "The entry", body = CatalogueEntry<$type>)))]
            #[get($path_of_one)]
            async fn show(
                request: HttpRequest, pool: Data<Pool>, language: Language,
            ) -> Result<Entity<CatalogueEntry<$type>>> {
                super::show(&pool, path_text(&request, "code", 200)?, language).await
            }

            #[utoipa::path(operation_id = $create, tag = $tag, security(("bearer" = ["catalogue:write"])),
                summary = concat!("Add a ", $one),
                description = "Every server can use the entry at once. Returns 409 `duplicate_code` if the code is in use.",
                request_body = $type,
                responses((status = 201, description = "Created", body = CatalogueEntry<$type>),
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
                responses((status = 200, description = "Updated", body = CatalogueEntry<$type>)))]
            #[patch($path_of_one)]
            async fn update(
                caller: Caller<WriteCatalogue>, request: HttpRequest, pool: Data<Pool>, catalogues: Data<Catalogues>,
                if_match: IfMatch, language: Language, patch: Patch<$type>,
            ) -> Result<Entity<CatalogueEntry<$type>>> {
                let code = path_text(&request, "code", 200)?;
                super::update(&pool, catalogues, caller.actor(), code, if_match, patch, language).await
            }
        }
    };
}

operations!(
    types,
    DeliverableType,
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
    #[schema(value_type = String, example = "print")]
    code: Code,
    /// The name in the language of `Accept-Language`.
    #[schema(example = "印刷物")]
    label: String,
    names: super::Names,
}

/// A format with its usual hours and weeks.
#[derive(Debug, Serialize, ToSchema)]
struct FormatView {
    #[schema(example = "one_day")]
    code: fixed::Format,
    /// The name in the language of `Accept-Language`.
    #[schema(example = "1日")]
    label: String,
    names: super::Names,
    /// Usual hours a week of each member of the team.
    #[schema(example = 8)]
    hours_per_week: u16,
    #[schema(example = 1)]
    weeks: u16,
}

/// A municipality.
#[derive(Debug, Serialize, ToSchema)]
struct AreaView {
    code: AreaCode,
    #[schema(example = "新宿区")]
    label: String,
    #[schema(example = "しんじゅくく")]
    kana: String,
    /// special_ward, city, town or village.
    #[schema(example = "special_ward")]
    kind: String,
    /// Of the town hall, degrees north (WGS 84).
    #[schema(example = 35.69384)]
    latitude: f64,
    /// Of the town hall, degrees east (WGS 84).
    #[schema(example = 139.70355)]
    longitude: f64,
    /// Whether only its residents can get there for a day.
    #[schema(example = false)]
    island: bool,
}

impl AreaView {
    fn of(area: &Area) -> AreaView {
        let Area {
            code,
            name,
            kana,
            kind,
            latitude,
            longitude,
            island,
        } = area.clone();
        AreaView {
            code,
            label: name,
            kana,
            kind,
            latitude,
            longitude,
            island,
        }
    }
}

/// List families
///
/// Every deliverable type belongs to a family. Families don't change.
#[utoipa::path(operation_id = "list_families", tag = "Catalogue",
    responses((status = 200, description = "All families", body = Page<FamilyView>)))]
#[get("/families")]
async fn list_families(
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
) -> Result<Page<FamilyView>> {
    let catalogue = pool.read(move |db| catalogues.current(db)).await?;
    let view = |f: &super::Family| FamilyView {
        code: f.code.clone(),
        label: f.names.in_language(language).to_owned(),
        names: f.names.clone(),
    };
    Ok(Page {
        items: catalogue.fixed.families.iter().map(view).collect(),
        next: None,
    })
}

/// List formats
///
/// Lists the ways in which a deliverable is done, with the usual hours and weeks.
#[utoipa::path(operation_id = "list_formats", tag = "Catalogue",
    responses((status = 200, description = "All formats", body = Page<FormatView>)))]
#[get("/formats")]
async fn list_formats(
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
) -> Result<Page<FormatView>> {
    let catalogue = pool.read(move |db| catalogues.current(db)).await?;
    let view = |f: &super::FormatDefaults| FormatView {
        code: f.code,
        label: f.names.in_language(language).to_owned(),
        names: f.names.clone(),
        hours_per_week: f.hours_per_week,
        weeks: f.weeks,
    };
    Ok(Page {
        items: catalogue.fixed.formats.iter().map(view).collect(),
        next: None,
    })
}

/// List areas
///
/// Lists Tokyo's 62 municipalities with the positions of their town halls.
#[utoipa::path(operation_id = "list_areas", tag = "Catalogue",
    responses((status = 200, description = "All areas", body = Page<AreaView>)))]
#[get("/areas")]
async fn list_areas(pool: Data<Pool>, catalogues: Data<Catalogues>) -> Result<Page<AreaView>> {
    let catalogue = pool.read(move |db| catalogues.current(db)).await?;
    Ok(Page {
        items: catalogue.fixed.areas.iter().map(AreaView::of).collect(),
        next: None,
    })
}
